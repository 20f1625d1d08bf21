"""Logout that a relying party asks for: the person decides, and the session is over on our side."""

from urllib.parse import urlencode

import httpx2
import pytest

from tests.flow.conftest import MakeProvider
from tests.support.builders import CLIENT_ID, make_client
from tests.support.keys import signer
from tests.support.provider_app import ISSUER, Browser, Provider, answer, authorize_url
from verifeye_oidc.ids import digest

LOGOUT = "/v1/openid/logout"
CONFIRM = LOGOUT + "/confirm"
COOKIE = "__Host-verifeye-session"
AFTERWARDS = "https://acme.example/bye?from=us"


@pytest.fixture
async def provider(make_provider: MakeProvider) -> Provider:
    provider = await make_provider(make_client(session_seconds=3600, post_logout_redirect_uris=(AFTERWARDS,)))
    await provider.store.add_client(make_client(client_id="other"))
    return provider


@pytest.fixture
async def browser(provider: Provider) -> Browser:
    """Signed in, with a session."""
    browser = provider.browser()
    assert "code" in answer(await browser.sign_in())
    return browser


async def id_token(sub: str = "whoever", aud: object = CLIENT_ID, iss: str = ISSUER) -> str:
    """Long expired, as hints usually are."""
    return await signer().sign({"iss": iss, "aud": aud, "sub": sub, "exp": 1}, "RS256")


def logout_url(**parameters: str) -> str:
    return f"{LOGOUT}?{urlencode(parameters)}"


async def is_signed_in(browser: Browser) -> bool:
    return "code" in answer(await browser.get(authorize_url(prompt="none")))


def assert_says_so(response: httpx2.Response, location: str | None) -> None:
    assert response.status_code == 200
    assert 'id="logged-out"' in response.text
    if location is None:
        assert 'http-equiv="refresh"' not in response.text
    else:
        assert f'content="0;url={location}"' in response.text


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_person_is_asked_and_goes_back(browser: Browser, method: str) -> None:
    asked = {"id_token_hint": await id_token(), "post_logout_redirect_uri": AFTERWARDS, "state": "a&b"}
    page = await (browser.get(logout_url(**asked)) if method == "GET" else browser.post(LOGOUT, **asked))
    assert (page.status_code, "Acme asks" in page.text) == (200, True)
    assert await is_signed_in(browser)
    done = await browser.submit(page, decision="logout")
    assert_says_so(done, "https://acme.example/bye?from=us&amp;state=a%26b")
    assert not await is_signed_in(browser)


async def test_the_session_is_over_on_our_side(provider: Provider, browser: Browser) -> None:
    secret = browser.http.cookies[COOKIE]
    await browser.submit(await browser.get(LOGOUT), decision="logout")
    assert COOKIE not in browser.http.cookies
    assert await provider.store.login(digest(secret), provider.clock.now()) is None
    browser.http.cookies.set(COOKIE, secret, domain="login.example", path="/")
    assert not await is_signed_in(browser)


async def test_whoever_stays_is_sent_nowhere(browser: Browser) -> None:
    page = await browser.get(logout_url(client_id=CLIENT_ID, post_logout_redirect_uri=AFTERWARDS))
    stayed = await browser.submit(page, decision="stay")
    assert (stayed.status_code, "You stay signed in" in stayed.text) == (200, True)
    assert AFTERWARDS not in stayed.text
    assert await is_signed_in(browser)


async def test_without_anything_the_person_is_told_and_goes_nowhere(browser: Browser) -> None:
    page = await browser.get(LOGOUT)
    assert_says_so(await browser.submit(page, decision="logout"), None)
    assert not await is_signed_in(browser)


async def test_without_a_session_it_ends_the_same_way(provider: Provider) -> None:
    stranger = provider.browser()
    page = await stranger.get(logout_url(client_id=CLIENT_ID, post_logout_redirect_uri=AFTERWARDS))
    assert_says_so(await stranger.submit(page, decision="logout"), AFTERWARDS)


async def test_a_client_id_that_agrees_with_the_hint(browser: Browser) -> None:
    asked = {"id_token_hint": await id_token(), "client_id": CLIENT_ID}
    assert (await browser.get(logout_url(**asked))).status_code == 200


REFUSED: list[tuple[dict[str, str], str]] = [
    ({"post_logout_redirect_uri": AFTERWARDS}, "invalid_request"),
    ({"post_logout_redirect_uri": AFTERWARDS, "client_id": "other"}, "invalid_request"),
    ({"post_logout_redirect_uri": AFTERWARDS, "client_id": "nobody"}, "invalid_client"),
    ({"client_id": "nobody"}, "invalid_client"),
    ({"post_logout_redirect_uri": "https://acme.example/bye", "client_id": CLIENT_ID}, "invalid_request"),
    ({"post_logout_redirect_uri": AFTERWARDS + "#x", "client_id": CLIENT_ID}, "invalid_request"),
    ({"post_logout_redirect_uri": AFTERWARDS + "&x=1", "client_id": CLIENT_ID}, "invalid_request"),
    ({"post_logout_redirect_uri": AFTERWARDS.upper(), "client_id": CLIENT_ID}, "invalid_request"),
    ({"post_logout_redirect_uri": "https://attacker.example/", "client_id": CLIENT_ID}, "invalid_request"),
    ({"post_logout_redirect_uri": "javascript:alert(1)", "client_id": CLIENT_ID}, "invalid_request"),
    (
        {"post_logout_redirect_uri": AFTERWARDS, "client_id": CLIENT_ID, "state": "a\r\nX: y"},
        "invalid_request",
    ),
    ({"id_token_hint": "x"}, "invalid_request"),
    ({"id_token_hint": "e30.e30."}, "invalid_request"),
]


@pytest.mark.parametrize(("asked", "error"), REFUSED)
async def test_what_is_wrong_is_shown_and_nobody_is_sent_anywhere(
    browser: Browser, asked: dict[str, str], error: str
) -> None:
    for response in (
        await browser.get(logout_url(**asked)),
        await browser.post(LOGOUT, **asked),
        await browser.post(CONFIRM, **asked, decision="logout"),
    ):
        assert (response.status_code, "location" in response.headers) == (400, False)
        assert f'id="error">{error}<' in response.text
        assert "http-equiv" not in response.text
    assert await is_signed_in(browser)


async def test_a_hint_must_be_ours_for_this_client(browser: Browser) -> None:
    genuine = await id_token()
    for hint in (
        genuine[:-8] + "AAAAAAAA",
        await id_token(iss="https://attacker.example"),
        await id_token(aud=[CLIENT_ID, "other"]),
        await id_token(aud="other"),
    ):
        refused = await browser.get(logout_url(id_token_hint=hint, client_id=CLIENT_ID))
        assert (refused.status_code, 'id="error">invalid_request<' in refused.text) == (400, True)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "nonsense"])
async def test_another_page_cannot_sign_anybody_out(browser: Browser, site: str) -> None:
    forged = await browser.http.post(CONFIRM, data={"decision": "logout"}, headers={"sec-fetch-site": site})
    assert forged.status_code == 400
    assert await is_signed_in(browser)
    own = {"sec-fetch-site": "same-origin"}
    assert_says_so(await browser.http.post(CONFIRM, data={"decision": "logout"}, headers=own), None)


async def test_the_cookie_stays_behind_on_a_cross_site_post(provider: Provider) -> None:
    response = await provider.browser().sign_in()
    [cookie] = [text for text in response.headers.get_list("set-cookie") if text.startswith(COOKIE)]
    attributes = {part.strip().lower() for part in cookie.split(";")}
    assert attributes >= {"httponly", "secure", "samesite=lax", "path=/"}


@pytest.mark.parametrize("answers", [{}, {"decision": "yes"}, {"decision": "LOGOUT"}])
async def test_only_the_button_signs_out(browser: Browser, answers: dict[str, str]) -> None:
    done = await browser.post(CONFIRM, **answers)
    assert 'id="logged-out"' not in done.text
    assert await is_signed_in(browser)


async def test_getting_and_prefetching_end_nothing(browser: Browser) -> None:
    assert (await browser.get(CONFIRM)).status_code == 405
    assert (await browser.get(LOGOUT, **{"sec-purpose": "prefetch"})).status_code == 403
    await browser.get(LOGOUT)
    assert await is_signed_in(browser)
