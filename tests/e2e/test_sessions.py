"""Sessions in a real browser, with a relying party on another site: which cookies come along, and when."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from tests.e2e.browser import STEP_TIMEOUT_MS, camera_playing
from tests.e2e.test_form_chain import listening
from tests.interop.installation import SANDBOX, free_port, installed, somebody
from tests.interop.served import served
from tests.support.builders import CODE_CHALLENGE

AUTHORIZE, LOGOUT, CONFIRM = (f"/v1/openid/{path}" for path in ("authorize", "logout", "logout/confirm"))


@dataclass(frozen=True, slots=True)
class Party:
    """A relying party on a site of its own, and what it asks for."""

    issuer: str
    origin: str
    client_id: str

    def post(self, page: Page, path: str, **fields: str) -> None:
        """Send a form from the relying party's site, as a button there does."""
        page.goto(self.origin)
        page.evaluate("([to, fields]) => post(to, fields)", [self.issuer + path, fields])

    def ask(self, page: Page, **changes: str) -> None:
        request = {
            "client_id": self.client_id,
            "redirect_uri": f"{self.origin}/callback",
            "response_type": "code",
            "scope": "openid",
            "code_challenge": CODE_CHALLENGE,
            "code_challenge_method": "S256",
        }
        self.post(page, AUTHORIZE, **request | changes)


HOME = """<!doctype html><title>A relying party</title><script>
function post(to, fields) {
  const form = Object.assign(document.createElement("form"), { method: "post", action: to });
  for (const [name, value] of Object.entries(fields)) {
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  }
  document.body.append(form);
  form.submit();
}
</script><body></body>"""


async def home(_: Request) -> Response:
    return HTMLResponse(HOME)


async def hears(request: Request) -> Response:
    said = {**request.query_params, **(await request.form())}
    return HTMLResponse(f"<p id=heard>{escape(json.dumps(said))}</p>")


@pytest.fixture(scope="module")
def party(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Party]:
    folder: Path = tmp_path_factory.mktemp("sessions")
    port, (bound, origin) = free_port(), listening()
    app = Starlette(
        routes=[
            Route("/", home),
            Route("/callback", hears, methods=["GET", "POST"]),
            Route("/bye", hears, methods=["GET"]),
        ]
    )
    with (
        bound,
        served(app, bound),
        installed(folder, f"http://localhost:{port}", port, **SANDBOX) as provider,
    ):
        policy = ("--session-seconds", "3600", "--post-logout-redirect-uri", f"{origin}/bye")
        client = provider.register(f"{origin}/callback", *policy)
        yield Party(provider.issuer, origin, client.client_id)


@pytest.fixture
def page(playwright: Playwright) -> Iterator[Page]:
    with camera_playing(playwright, None) as browser:
        context = browser.new_context()
        context.set_default_timeout(STEP_TIMEOUT_MS)
        yield context.new_page()


@pytest.fixture
def person(page: Page, party: Party) -> str:
    """Signed in, with a session."""
    identifier = somebody()
    party.ask(page, login_hint=identifier)
    assert "code" in heard(page)
    return identifier


def heard(page: Page) -> dict[str, str]:
    page.locator("#heard").wait_for()
    said: dict[str, str] = json.loads(page.locator("#heard").inner_text())
    return said


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_a_session_answers_a_post_from_another_site(page: Page, party: Party, person: str, mode: str) -> None:
    party.ask(page, prompt="none", response_mode=mode, state="a b")
    said = heard(page)
    assert ("code" in said, said["state"], said["iss"]) == (True, "a b", party.issuer)


def test_no_other_browser_has_the_session(
    playwright: Playwright, party: Party, person: str, page: Page
) -> None:
    assert page.context.browser is not None
    other = page.context.browser.new_context().new_page()
    party.ask(other, prompt="none", login_hint=person)
    assert heard(other)["error"] == "login_required"


def test_no_script_reads_the_session(page: Page, party: Party, person: str) -> None:
    assert "verifeye-session" in {cookie.get("name") for cookie in page.context.cookies()}
    page.goto(party.issuer + LOGOUT)
    assert page.evaluate("document.cookie") == ""


def test_a_logout_by_post_is_asked_about_and_comes_back(page: Page, party: Party, person: str) -> None:
    party.post(
        page, LOGOUT, client_id=party.client_id, post_logout_redirect_uri=f"{party.origin}/bye", state="s"
    )
    page.click("#logout")
    assert heard(page) == {"state": "s"}
    party.ask(page, prompt="none")
    assert heard(page)["error"] == "login_required"


def test_another_site_cannot_answer_in_the_persons_name(page: Page, party: Party, person: str) -> None:
    party.post(page, CONFIRM, decision="logout")
    expect(page.locator("#error")).to_have_text("invalid_request")
    party.ask(page, prompt="none")
    assert "code" in heard(page)
