"""How answers travel, and what an ID token in the front channel says."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.flow.conftest import MakeProvider
from tests.support.builders import CLIENT_ID, IDENTIFIER, REDIRECT_URI, make_client
from tests.support.fakes import START
from tests.support.keys import signer
from tests.support.provider_app import ISSUER, Form, Provider, answer, authorize_url
from verifeye_oidc.ids import digest
from verifeye_oidc.oidc.acr import ACR_FACE_LIVE
from verifeye_oidc.oidc.model import AccessToken
from verifeye_oidc.storage.port import CodeBinding

IMPLICIT: Any = {"response_type": "id_token", "code_challenge": None, "code_challenge_method": None}
EVERYTHING = "openid profile email phone address verification"


@pytest.fixture
async def provider(make_provider: MakeProvider) -> Provider:
    provider = await make_provider(make_client(session_seconds=3600, response_types=("code", "id_token")))
    await provider.store.add_client(make_client(client_id="code-only"))
    assert "code" in answer(await provider.browser().sign_in())
    return provider


def posted(page: httpx2.Response, redirect_uri: str = REDIRECT_URI) -> dict[str, str]:
    """What the page's form says at the redirect URI."""
    form = Form(page.text)
    assert (page.status_code, "location" in page.headers, form.action) == (200, False, redirect_uri)
    assert 'id="continue"' in page.text
    assert "form-post.js" in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "form-action" not in policy
    return form.fields


def claims_of(id_token: str) -> dict[str, object]:
    published: Any = {"keys": list(signer().public_keys())}
    return dict(jwt.decode(id_token, KeySet.import_key_set(published), algorithms=["RS256"]).claims)


async def test_a_code_by_form_post(provider: Provider) -> None:
    browser = provider.browser()
    result = await browser.result(response_mode="form_post")
    page = await browser.get(result)
    said = posted(page)
    assert (said["state"], said["iss"], set(said)) == ("state-of-acme", ISSUER, {"code", "state", "iss"})
    assert posted(await browser.get(result)) == said


async def test_a_code_by_fragment(provider: Provider) -> None:
    location = (await provider.browser().sign_in(response_mode="fragment")).headers["location"]
    assert location.startswith(REDIRECT_URI + "#code=")
    assert urlsplit(location).query == ""


@pytest.mark.parametrize("change", [{"scope": "x"}, {"prompt": "none"}, {"max_age": "x"}, {"state": "\n"}])
async def test_errors_travel_by_the_same_mode(provider: Provider, change: dict[str, str]) -> None:
    browser = provider.browser()
    by_form = posted(await _end(browser.http, authorize_url(**change, response_mode="form_post")))
    fragment = await browser.get(authorize_url(**change, response_mode="fragment"))
    assert fragment.headers["location"].startswith(REDIRECT_URI + "#error=")
    assert answer(fragment) == by_form
    assert {"error", "error_description", "iss"} <= set(by_form)


async def _end(http: httpx2.AsyncClient, url: str) -> httpx2.Response:
    response = await http.get(url)
    while response.headers.get("location", "").startswith(ISSUER):
        response = await http.get(response.headers["location"])
    return response


async def test_a_failed_verification_is_told_by_form_post(provider: Provider) -> None:
    said = posted(await provider.browser().sign_in(face=2, response_mode="form_post"))
    assert (said["error"], said["state"]) == ("access_denied", "state-of-acme")


async def test_a_session_answers_by_form_post_after_our_own_get(provider: Provider) -> None:
    """So that a reload of the page asks for the same answer, and not for another one."""
    browser = provider.browser()
    await browser.sign_in()
    begun = await browser.get(authorize_url(prompt="none", response_mode="form_post"))
    assert begun.headers["location"].startswith(f"{ISSUER}/v1/openid/continue?")
    first = posted(await browser.get(begun.headers["location"]))
    assert posted(await browser.get(begun.headers["location"])) == first


async def test_a_state_cannot_write_on_the_page(provider: Provider) -> None:
    hostile = '"><script>alert(1)</script>'
    page = await provider.browser().get(authorize_url(state=hostile, scope="x", response_mode="form_post"))
    assert "<script>alert" not in page.text
    assert posted(page)["state"] == hostile


async def test_an_id_token_in_the_front_channel(provider: Provider) -> None:
    browser = provider.browser()
    result = await browser.result(**IMPLICIT, scope="openid")
    location = (await browser.get(result)).headers["location"]
    assert location.startswith(REDIRECT_URI + "#id_token=")
    said = dict(parse_qsl(urlsplit(location).fragment))
    assert set(said) == {"id_token", "state", "iss"}
    claims = claims_of(said["id_token"])
    sub = claims.pop("sub")
    assert claims == {
        "iss": ISSUER,
        "aud": CLIENT_ID,
        "iat": START,
        "exp": START + 300,
        "auth_time": START,
        "nonce": "nonce-of-acme",
        "amr": ["face"],
        "acr": ACR_FACE_LIVE,
    }
    again = claims_of(answer(await browser.get(result))["id_token"])
    assert (again["sub"], again["auth_time"]) == (sub, START)
    provider.clock.advance(60)
    assert "Go back to Acme" in (await browser.get(result)).text


async def test_without_userinfo_the_scopes_claims_are_in_the_id_token(provider: Provider) -> None:
    said = posted(await provider.browser().sign_in(**IMPLICIT, scope=EVERYTHING, response_mode="form_post"))
    claims = claims_of(said["id_token"])
    assert (claims["email"], claims["email_verified"]) == (IDENTIFIER, False)
    assert claims["preferred_username"] == IDENTIFIER
    assert "verification" in claims
    assert not {"address", "phone_number"} & set(claims)


async def test_nobody_gets_a_code_for_an_id_token(provider: Provider) -> None:
    said = answer(await provider.browser().sign_in(**IMPLICIT))
    token = AccessToken(digest("t"), digest(said["id_token"]), CLIENT_ID, START + 60)
    binding = CodeBinding(CLIENT_ID, REDIRECT_URI, None)
    taken = await provider.store.take_code(digest(said["id_token"]), binding, token, START)
    assert taken == "unknown"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"nonce": None}, "invalid_request"),
        ({"response_mode": "query"}, "invalid_request"),
        ({"client_id": "code-only"}, "unauthorized_client"),
        ({"response_type": "id_token token"}, "unsupported_response_type"),
        ({"prompt": "none"}, "login_required"),
    ],
)
async def test_what_is_wrong_with_a_request_for_an_id_token_is_in_the_fragment(
    provider: Provider, changes: dict[str, str | None], error: str
) -> None:
    response = await provider.browser().get(authorize_url(**{**IMPLICIT, **changes}))
    assert response.headers["location"].startswith(f"{REDIRECT_URI}#error={error}&")
