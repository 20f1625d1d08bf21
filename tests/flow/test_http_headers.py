"""The headers of every kind of answer: framing, scripts, caching, sniffing, referrers; and what breaks."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote, urlencode

import httpx2
import pytest
import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router

from tests.support.back_channel import token_request
from tests.support.fakes import FixedClock, SeededIds
from tests.support.negative import AUTHORIZE, TOKEN, USERINFO
from tests.support.provider_app import REQUEST
from tests.support.sandbox_app import SandboxApp, SandboxBrowser, running_sandbox, said
from verifeye_oidc.http.middleware import Shell
from verifeye_oidc.http.pages import Pages
from verifeye_oidc.http.routes import last_resort

HTML = {"accept": "text/html,application/xhtml+xml"}
KEPT_AN_HOUR = {"/.well-known/openid-configuration", "/v1/openid/jwks"}


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SandboxApp]:
    async with running_sandbox(tmp_path) as sandbox:
        yield sandbox


async def everything(browser: SandboxBrowser) -> dict[str, httpx2.Response]:
    """One answer of each kind, on the way of one sign-in."""
    http, answers = browser.http, {}
    answers["begun"] = await http.post(AUTHORIZE, data={**REQUEST, "login_hint": ""})
    answers["identifier page"] = page = await http.get(answers["begun"].headers["location"])
    handle = re.findall(r'name="transaction" value="([^"]+)"', page.text)[0]
    form = {"transaction": handle, "identifier": "ada@example.com"}
    answers["identifier refused"] = await http.post("/v1/openid/identify", data={**form, "identifier": "\t"})
    answers["identified"] = await http.post("/v1/openid/identify", data=form)
    answers["to the verification"] = await http.get(answers["identified"].headers["location"])
    answers["session claimed"] = await http.get(answers["to the verification"].headers["location"])
    session = answers["session claimed"].headers["location"]
    answers["sandbox page"] = await http.get(session)
    answers["outcome chosen"] = await http.post(f"{session}/outcome", data={"decision": "pass"})
    answers["returning page"] = await http.get(session)
    answers["to the result"] = await http.get(f"{session}/finish")
    answers["redirect with a code"] = await http.get(answers["to the result"].headers["location"])
    code = said(answers["redirect with a code"])["code"]
    answers["tokens"] = await http.post(TOKEN, data=token_request(code=code))
    bearer = {"authorization": f"Bearer {answers['tokens'].json()['access_token']}"}
    answers["userinfo"] = await http.get(USERINFO, headers=bearer)
    answers["code gone"] = await http.post(TOKEN, data=token_request(code=code))
    answers["return to the application"] = await http.get(answers["to the result"].headers["location"])
    answers["error page"] = await http.get(f"{AUTHORIZE}?client_id=nobody")
    answers["redirect with an error"] = await http.get(f"{AUTHORIZE}?{urlencode(REQUEST | {'scope': 'x'})}")
    posted = REQUEST | {"scope": "x", "response_mode": "form_post"}
    answers["error by form"] = await http.get(f"{AUTHORIZE}?{urlencode(posted)}")
    answers["nothing there"] = await http.get("/nowhere")
    answers["wrong method"] = await http.put(AUTHORIZE)
    answers["wrong method of a program"] = await http.put(TOKEN)
    answers["health"] = await http.get("/healthz")
    for path in KEPT_AN_HOUR:
        answers[path] = await http.get(path)
    return answers


async def test_every_answer_is_guarded(sandbox: SandboxApp) -> None:
    answers = await everything(sandbox.browser())
    assert len(answers) > 20
    for name, answer in answers.items():
        policy = directives(answer)
        assert policy["frame-ancestors"] == "'none'", name
        assert policy["default-src"] == "'none'", name
        assert "unsafe" not in answer.headers["content-security-policy"], name
        assert answer.headers["x-content-type-options"] == "nosniff", name
        assert answer.headers["referrer-policy"] == "no-referrer", name
        assert "camera=()" in answer.headers["permissions-policy"], name
        assert "strict-transport-security" not in answer.headers, name
        kept = "public, max-age=3600" if name in KEPT_AN_HOUR else "no-store"
        assert answer.headers["cache-control"] == kept, name
        assert "server" not in answer.headers, name


async def test_every_post_of_a_browser_is_answered_by_a_303_or_a_page(sandbox: SandboxApp) -> None:
    for name, answer in (await everything(sandbox.browser())).items():
        if 300 <= answer.status_code < 400:
            assert answer.status_code == 303, name
            assert answer.content == b"", name


async def test_a_form_leads_to_us_and_only_an_answer_by_form_anywhere(sandbox: SandboxApp) -> None:
    for name, answer in (await everything(sandbox.browser())).items():
        if "<form" in answer.text:
            wanted = None if name == "error by form" else "'self'"
            assert directives(answer).get("form-action") == wanted, name
            [action] = re.findall(r'<form[^>]* action="([^"]+)"', answer.text)
            ours = action.startswith(("http://localhost:8080/", "/"))
            assert ours == (name != "error by form"), name


async def test_no_page_has_code_or_style_of_its_own(sandbox: SandboxApp) -> None:
    for name, answer in (await everything(sandbox.browser())).items():
        if answer.headers.get("content-type", "").startswith("text/html"):
            assert not re.search(r"<script(?![^>]* src=)|<style|\son[a-z]+=|\sstyle=", answer.text), name
            assert not re.search(r"(?:src|href)=\"(?:https?:)?//", answer.text), name


async def test_static_files_are_kept_for_ever_and_what_is_missing_is_not(sandbox: SandboxApp) -> None:
    http = sandbox.browser().http
    page = await http.get("/nowhere")
    [style] = re.findall(r'href="(/static/[^"]+verifeye\.css)"', page.text)
    kept = await http.get(style)
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert kept.headers["x-content-type-options"] == "nosniff"
    for path in (style + "x", style.replace("/static/", "/static/0"), style.rpartition("/")[0] + "/"):
        missing = await http.get(path)
        assert (missing.status_code, missing.headers["cache-control"]) == (404, "no-store")


async def test_each_page_of_an_error_names_its_code_and_a_reference_that_is_in_the_log(
    sandbox: SandboxApp,
) -> None:
    http = sandbox.browser().http
    for url, code in (
        (f"{AUTHORIZE}?client_id=nobody", "invalid_client"),
        (f"{AUTHORIZE}?client_id=acme", "invalid_request"),
        ("/v1/openid/continue?transaction=x", "invalid_request"),
        ("/v1/openid/invitation?token=x", "invalid_request"),
        ("/verification/face-check", "invalid_request"),
        ("/verification/sessions/x", "other_browser"),
        ("/nowhere", "not_found"),
    ):
        with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as logged:
            page = await http.get(url)
        assert f'id="error">{code}<' in page.text
        [reference] = re.findall(r'id="reference">([^<]+)<', page.text)
        assert reference == page.headers["x-correlation-id"]
        assert {line["correlation_id"] for line in logged} == {reference}
        assert code == "not_found" or "refused" in [line["event"] for line in logged]


def directives(answer: httpx2.Response) -> dict[str, str]:
    policy = answer.headers["content-security-policy"]
    return {name: value for name, _, value in (part.strip().partition(" ") for part in policy.split(";"))}


async def _breaks(request: Request) -> Response:
    raise RuntimeError("an inner secret")


async def _works(request: Request) -> Response:
    return PlainTextResponse("fine")


def shell(*, https: bool) -> httpx2.AsyncClient:
    inner = Router(routes=[Route("/", _works), Route("/breaks", _breaks)])
    app = Shell(inner, ids=SeededIds(), clock=FixedClock(), https=https, last_resort=last_resort(Pages()))
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url="https://login.example")


async def test_behind_https_browsers_are_told_to_stay_there() -> None:
    async with shell(https=True) as http:
        response = await http.get("/")
    assert response.headers["strict-transport-security"] == "max-age=63072000"


@pytest.mark.parametrize("headers", [HTML, {}])
async def test_what_breaks_says_nothing_about_us(headers: dict[str, str]) -> None:
    async with shell(https=False) as http:
        response = await http.get("/breaks", headers=headers)
    assert response.status_code == 500
    assert "inner secret" not in response.text
    assert "server_error" in response.text
    assert response.headers["content-type"].startswith("text/html" if headers else "application/json")
    assert response.headers["x-correlation-id"]
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/a\nb", "/\x1b[31m", "/" + "x" * 5000, "/caf\u00e9"])
async def test_a_path_stays_on_its_line(path: str) -> None:
    async with shell(https=False) as http:
        with structlog.testing.capture_logs() as logged:
            await http.get(quote(path))
    [line] = [line for line in logged if line["event"] == "request"]
    assert line["path"].isascii()
    assert line["path"].isprintable()
    assert len(line["path"]) <= 200
