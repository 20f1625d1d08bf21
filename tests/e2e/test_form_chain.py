"""Forms whose redirects end beyond the relying party: browsers apply a form's policy to all of them.

An identity broker's callback sends the browser on to the application, on an origin that we never heard of.
"""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, Playwright, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.e2e.browser import STEP_TIMEOUT_MS, camera_playing
from tests.interop.installation import SANDBOX, SITE, free_port, installed
from tests.interop.served import served
from tests.support.builders import CODE_CHALLENGE


@dataclass(frozen=True, slots=True)
class Brokered:
    """Where a sign-in begins, through a broker whose callback leads on to another origin."""

    url: str
    application: str


def application(beyond: str = "") -> Starlette:
    """An application; with ``beyond`` a broker, that hears the answer and sends the browser there."""

    async def hears(request: Request) -> Response:
        said = {**request.query_params, **(await request.form())}
        word = "code" if "code" in said else str(said.get("error"))
        if beyond:
            return RedirectResponse(f"{beyond}/callback?{urlencode({word: 'x', 'error': word})}", 303)
        return HTMLResponse(f"<p id=heard>{word}</p>")

    return Starlette(routes=[Route("/callback", hears, methods=["GET", "POST"])])


def listening() -> tuple[socket.socket, str]:
    bound = socket.create_server((SITE, 0))
    return bound, f"http://{SITE}:{bound.getsockname()[1]}"


@pytest.fixture(scope="module")
def brokered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brokered]:
    folder: Path = tmp_path_factory.mktemp("broker")
    port = free_port()
    (broker_socket, broker), (app_socket, beyond) = listening(), listening()
    settings = SANDBOX | {"sandbox_outcome": ""}
    with (
        broker_socket,
        app_socket,
        served(application(), app_socket),
        served(application(beyond), broker_socket),
        installed(folder, f"http://localhost:{port}", port, **settings) as installation,
    ):
        client = installation.register(f"{broker}/callback")
        request = {
            "client_id": client.client_id,
            "redirect_uri": client.redirect_uri,
            "response_type": "code",
            "scope": "openid",
            "code_challenge": CODE_CHALLENGE,
            "code_challenge_method": "S256",
        }
        yield Brokered(f"{installation.issuer}/v1/openid/authorize?{urlencode(request)}", beyond)


@pytest.fixture(params=[True, False], ids=["scripts", "no scripts"])
def scripts(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def page(playwright: Playwright, scripts: bool) -> Iterator[Page]:
    with camera_playing(playwright, None) as browser:
        context = browser.new_context(java_script_enabled=scripts)
        context.set_default_timeout(STEP_TIMEOUT_MS)
        yield context.new_page()


@pytest.mark.parametrize("mode", ["query", "fragment", "form_post"])
def test_who_cancels_reaches_the_application_behind_the_broker(
    page: Page, brokered: Brokered, scripts: bool, mode: str
) -> None:
    page.goto(f"{brokered.url}&response_mode={mode}")
    page.get_by_role("button", name="Cancel").click()
    if mode == "form_post" and not scripts:
        page.locator("#answer #continue").click()
    expect(page.locator("#heard")).to_have_text("access_denied" if mode != "fragment" else "None")
    assert page.url.startswith(brokered.application)


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_who_passes_reaches_the_application_behind_the_broker(
    page: Page, brokered: Brokered, scripts: bool, mode: str
) -> None:
    page.goto(f"{brokered.url}&response_mode={mode}")
    page.fill("#identifier", "ada@example.com")
    page.click("#continue")
    page.click("#pass")
    if mode == "form_post" and not scripts:
        page.locator("#answer #continue").click()
    expect(page.locator("#heard")).to_have_text("code")
    assert page.url.startswith(brokered.application)
