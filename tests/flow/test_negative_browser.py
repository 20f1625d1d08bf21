"""What a browser may not do with somebody's sign-in: one line each, on the whole application."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import cast
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest
import pytest_asyncio

from tests.support.negative import AUTHORIZE, Negative, Scene, assert_all_is_well, negative_scene, refusal
from tests.support.provider_app import REQUEST
from tests.support.sandbox_app import ISSUER, SandboxBrowser, said

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONTINUE = "/v1/openid/continue"
IDENTIFY = "/v1/openid/identify"
RESULT = "/v1/openid/verify-result"
BAD = "invalid_request"
LONG = "x" * 9000
PREFETCH = {"sec-purpose": "prefetch;prerender"}


async def fetch(browser: SandboxBrowser, url: str, **headers: str) -> httpx2.Response:
    return await browser.http.get(url, headers=headers)


async def begun(browser: SandboxBrowser, **changes: str) -> str:
    """The handle of a transaction that waits for its identifier."""
    form = {**REQUEST, "login_hint": "", **changes}
    response = await browser.http.post(AUTHORIZE, data=form)
    return str(response.headers["location"]).rpartition("=")[2]


async def verifying(browser: SandboxBrowser) -> str:
    """The signed URL of a verification that nobody opened."""
    return str((await fetch(browser, f"{AUTHORIZE}?{urlencode(REQUEST)}")).headers["location"])


async def verified(browser: SandboxBrowser) -> str:
    """The URL of a result that nobody opened."""
    return str((await fetch(browser, await verifying(browser))).headers["location"])


def handle_of(url: str) -> str:
    return dict(parse_qsl(urlsplit(url).query))["transaction"]


def changed(name: str, change: Callable[[str], str]) -> Negative:
    """The genuine result, brought by the genuine browser, with its query changed."""

    def send(scene: Scene) -> Awaitable[httpx2.Response]:
        path, _, query = scene.result.partition("?")
        assert change(query) != query
        return fetch(scene.genuine, f"{path}?{change(query)}")

    return Negative(f"result: {name}", 400, BAD, send)


def elsewhere(name: str, cookie: str | None) -> Negative:
    """The genuine result in another browser."""

    async def send(scene: Scene) -> httpx2.Response:
        browser = scene.sandbox.browser()
        if cookie == "another transaction's":
            await begun(browser)
        elif cookie is not None:
            browser.http.cookies.set(
                f"verifeye-tx-{handle_of(scene.result)}", cookie, domain="localhost.local"
            )
        return await fetch(browser, scene.result)

    return Negative(f"result: {name}", 400, BAD, send)


async def _result_for_another_transaction(scene: Scene) -> httpx2.Response:
    """Fixation: my own result, moved to a transaction that waits in the same browser."""
    browser = scene.sandbox.browser()
    mine, theirs = await verified(browser), await verifying(browser)
    return await fetch(browser, mine.replace(handle_of(mine), handle_of(theirs)))


async def _verification_url_as_a_result(scene: Scene) -> httpx2.Response:
    browser = scene.sandbox.browser()
    return await fetch(browser, f"{RESULT}?{urlsplit(await verifying(browser)).query}")


async def _result_as_a_verification_url(scene: Scene) -> httpx2.Response:
    return await scene.get(f"/verification/face-check?{urlsplit(scene.result).query}")


async def _result_before_there_is_one(scene: Scene) -> httpx2.Response:
    browser = scene.sandbox.browser()
    return await fetch(browser, f"{RESULT}?transaction={await begun(browser)}")


async def _continue_in_another_browser(scene: Scene) -> httpx2.Response:
    return await scene.get(f"{CONTINUE}?transaction={handle_of(scene.result)}")


async def _first_of_nine(scene: Scene) -> httpx2.Response:
    browser = scene.sandbox.browser()
    first, *rest = [await begun(browser) for _ in range(9)]
    for handle in rest:
        assert (await fetch(browser, f"{CONTINUE}?transaction={handle}")).status_code == 200
    return await fetch(browser, f"{CONTINUE}?transaction={first}")


def identify(name: str, **form: str) -> Negative:
    """CSRF: a form that another site sends, for a handle that it knows, without the transaction's cookie."""

    def send(scene: Scene) -> Awaitable[httpx2.Response]:
        wanted = {"transaction": handle_of(scene.result), **form}
        return scene.post(IDENTIFY, wanted, origin="https://attacker.example")

    return Negative(f"identify: {name}", 400, BAD, send)


async def _another_identifier(scene: Scene) -> httpx2.Response:
    browser = scene.sandbox.browser()
    form = {"transaction": await begun(browser), "identifier": "ada@example.com"}
    assert (await browser.http.post(IDENTIFY, data=form)).status_code == 303
    return await browser.http.post(IDENTIFY, data={**form, "identifier": "eve@example.com"})


async def _an_identifier_that_is_none(scene: Scene) -> httpx2.Response:
    browser = scene.sandbox.browser()
    return await browser.http.post(
        IDENTIFY, data={"transaction": await begun(browser), "identifier": "\u202e"}
    )


def link(name: str, change: Callable[[str], str], status: int = 400, error: str = BAD) -> Negative:
    """A verification's signed URL, changed, in the browser that it is for."""

    async def send(scene: Scene) -> httpx2.Response:
        browser = scene.sandbox.browser()
        url = await verifying(browser)
        assert change(url) != url
        return await fetch(browser, change(url))

    return Negative(f"verification: {name}", status, error, send)


async def _link_in_a_second_browser(scene: Scene) -> httpx2.Response:
    first, second = scene.sandbox.browser(), scene.sandbox.browser()
    url = await verifying(first)
    assert (await fetch(first, url)).status_code == 303
    return await fetch(second, url)


def session(name: str, verb: str, step: str) -> Negative:
    """A verification session of somebody else."""

    async def send(scene: Scene) -> httpx2.Response:
        ident = dict(parse_qsl(urlsplit(scene.result).query))["reVerificationSessionId"]
        path = f"/verification/sessions/{ident}{step}"
        http = scene.sandbox.browser().http
        return await http.request(verb, path, data={"decision": "pass"} if verb == "POST" else None)

    return Negative(f"session: {name}", 403, "other_browser", send)


def looked(name: str, path: str, **headers: str) -> Negative:
    return Negative(f"page: {name}", 404, "not_found", lambda scene: scene.get(path, **headers))


# fmt: off
TABLE = [
    elsewhere("in a browser without its cookie", None),
    elsewhere("with a guessed cookie", "guessed"),
    elsewhere("with the handle as cookie", "AAAAAAAAAAAAAAAAAAAAAA"),
    elsewhere("with the cookie of another transaction", "another transaction's"),
    changed("without its signature", lambda query: query.rpartition("&")[0]),
    changed("with an empty signature", lambda query: query.rpartition("=")[0] + "="),
    changed("with a signature in capitals", lambda query: query[:-64] + "A" * 64),
    changed("with one digit changed", lambda query: query[:-1] + ("0" if query[-1] != "0" else "1")),
    changed("with the signature twice", lambda query: f"{query}&reSignature={query[-64:]}"),
    changed("with a parameter before it", lambda query: "x=1&" + query),
    changed("with a parameter after it", lambda query: query + "&x=1"),
    changed("in another order", lambda query: "&".join([*query.split("&")[-2::-1], query.split("&")[-1]])),
    changed("with another encoding", lambda query: query.replace("passed", "%70assed")),
    changed("with another outcome", lambda query: query.replace("passed", "failed")),
    changed("with another session", lambda query: query.replace("SessionId=", "SessionId=0")),
    changed("reduced to the handle", lambda query: query.partition("&")[0]),
    Negative("result: nothing", 400, BAD, lambda scene: scene.get(RESULT)),
    Negative("result: of another transaction", 400, BAD, _result_for_another_transaction),
    Negative("result: the verification's URL", 400, BAD, _verification_url_as_a_result),
    Negative("result: before there is one", 400, BAD, _result_before_there_is_one),
    Negative("result: by POST", 405, BAD, lambda scene: scene.post(scene.result, b"")),

    Negative("continue: in another browser", 400, BAD, _continue_in_another_browser),
    Negative("continue: nothing", 400, BAD, lambda scene: scene.get(CONTINUE)),
    Negative("continue: unknown", 400, BAD, lambda scene: scene.get(f"{CONTINUE}?transaction=unknown")),
    Negative("continue: two", 400, BAD, lambda scene: scene.get(f"{CONTINUE}?transaction=a&transaction=b")),
    Negative("continue: a header", 400, BAD,
             lambda scene: scene.get(f"{CONTINUE}?transaction=%0d%0aSet-Cookie:%20a=b")),
    Negative("continue: HTML", 400, BAD, lambda scene: scene.get(f"{CONTINUE}?transaction=<script>")),
    Negative("continue: very long", 400, BAD, lambda scene: scene.get(f"{CONTINUE}?transaction={LONG}")),
    Negative("continue: the first of nine", 400, BAD, _first_of_nine),

    identify("from another site", identifier="eve@example.com"),
    identify("cancelled from another site", decision="cancel"),
    identify("without an identifier from another site"),
    Negative("identify: nothing", 400, BAD, lambda scene: scene.post(IDENTIFY, b"")),
    Negative("identify: somebody else", 409, BAD, _another_identifier),
    Negative("identify: nobody", 400, None, _an_identifier_that_is_none),
    Negative("identify: by GET", 405, BAD, lambda scene: scene.get(IDENTIFY)),
    Negative("identify: JSON", 400, BAD,
             lambda scene: scene.post(IDENTIFY, b"{}", **{"content-type": "application/json"})),

    link("without its signature", lambda url: url.partition("&reSignature=")[0]),
    link("for somebody else", lambda url: url.replace("reExternalId=", "reExternalId=0")),
    link("invited to enrol", lambda url: url.replace("reEnrollment=first_use", "reEnrollment=invite")),
    link("of another configuration", lambda url: url.replace("/face-check?", "/another?")),
    link("with a parameter after it", lambda url: url + "&x=1"),
    link("with a NUL", lambda url: url + "%00"),
    link("with no query", lambda url: url.partition("?")[0]),
    link("that lives longer", lambda url: url.replace("reExpiration=", "reExpiration=9")),
    Negative("verification: opened in a second browser", 410, "link_gone", _link_in_a_second_browser),
    Negative("verification: a result", 400, BAD, _result_as_a_verification_url),
    session("seen by another browser", "GET", ""),
    session("decided by another browser", "POST", "/outcome"),
    session("finished by another browser", "GET", "/finish"),

    Negative("invitation: nothing", 400, BAD, lambda scene: scene.get("/v1/openid/invitation")),
    Negative("invitation: unknown", 410, BAD, lambda scene: scene.get("/v1/openid/invitation?token=x")),
    Negative("invitation: accepted, unknown", 410, BAD,
             lambda scene: scene.post("/v1/openid/invitation", {"token": "x"})),

    looked("unknown", "/unknown"),
    looked("a file of ours", "/static/../../app.py"),
    looked("an encoded climb", "/static/%2e%2e/%2e%2e/app.py"),
    looked("a slash too many", "/v1/openid/authorize/"),
    looked("in capitals", "/V1/OPENID/AUTHORIZE"),
    looked("another host's", "//attacker.example/%2e%2e"),
]
# fmt: on


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    folder: Path = tmp_path_factory.mktemp("negative")
    async with negative_scene(folder) as scene:
        yield scene


@pytest.mark.parametrize("case", TABLE, ids=[case.name for case in TABLE])
async def test_it_is_refused(scene: Scene, case: Negative) -> None:
    response = await case.send(scene)
    found = refusal(response)
    assert (found.status, found.error) == (case.status, case.error), response.text
    assert found.channel == "page"
    assert "set-cookie" not in response.headers


# fmt: off
HOSTS = [
    {"host": "attacker.example"},
    {"host": "["},
    {"host": "localhost:1"},
    {"host": "a b"},
    {"host": ""},
    {"x-forwarded-host": "attacker.example"},
    {"x-forwarded-proto": "https"},
    {"x-forwarded-for": "203.0.113.9"},
    {"x-forwarded-prefix": "/attacker"},
    {"forwarded": "for=203.0.113.9;host=attacker.example;proto=https"},
    {"x-original-url": "/v1/openid/userinfo"},
    {"x-rewrite-url": "/v1/openid/userinfo"},
    {"x-http-method-override": "POST"},
]
# fmt: on


@pytest.mark.parametrize("headers", HOSTS, ids=str)
async def test_no_header_says_who_we_are(scene: Scene, headers: dict[str, str]) -> None:
    begun = await scene.get(f"{AUTHORIZE}?{urlencode(REQUEST)}", **headers)
    assert begun.headers["location"].startswith(f"{ISSUER}/verification/face-check?")
    assert "secure" not in begun.headers["set-cookie"].lower()
    metadata = await scene.get("/.well-known/openid-configuration", **headers)
    assert metadata.json()["issuer"] == ISSUER
    assert "attacker" not in metadata.text
    shown = await scene.get(f"{CONTINUE}?transaction=x", **headers)
    assert (shown.status_code, "attacker" in shown.text) == (400, False)
    refused = await scene.post("/v1/openid/token", b"", **headers)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("where", ["authorize", "verification", "result"])
async def test_nobody_looking_advances_nothing(scene: Scene, where: str) -> None:
    browser = scene.sandbox.browser()
    start = {"authorize": _authorize_url, "verification": verifying, "result": verified}[where]
    url = await cast("Callable[[SandboxBrowser], Awaitable[str]]", start)(browser)
    for response, status in (
        (await browser.http.head(url), 204),
        (await fetch(browser, url, **PREFETCH), 403),
        (await fetch(browser, url, purpose="prefetch"), 403),
    ):
        assert (response.status_code, response.content) == (status, b"")
        assert not {"set-cookie", "location"} & set(response.headers)
    assert "code" in said(await browser.follow(await fetch(browser, url)))


async def _authorize_url(_: SandboxBrowser) -> str:
    return f"{AUTHORIZE}?{urlencode(REQUEST)}"


async def test_two_tabs_keep_to_themselves_and_a_reload_gives_the_same(scene: Scene) -> None:
    browser = scene.sandbox.browser()
    first, second = await verified(browser), await verified(browser)
    codes = [said(await fetch(browser, url))["code"] for url in (second, first, second, first)]
    assert (codes[0], codes[1]) == (codes[2], codes[3])
    assert codes[0] != codes[1]


async def test_after_the_table_all_is_well(scene: Scene) -> None:
    assert len({case.name for case in TABLE}) == len(TABLE)
    await assert_all_is_well(scene)
