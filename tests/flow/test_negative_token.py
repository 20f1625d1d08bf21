"""Token and userinfo requests that are refused: one line each, on the whole application."""

from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from urllib.parse import urlencode

import httpx2
import pytest
import pytest_asyncio

from tests.support.back_channel import token_request
from tests.support.builders import CLIENT_ID, CLIENT_SECRET, CODE_CHALLENGE, CODE_VERIFIER, REDIRECT_URI
from tests.support.negative import (
    FORM,
    OTHER_SECRET,
    TOKEN,
    USERINFO,
    Negative,
    Scene,
    assert_all_is_well,
    basic,
    negative_scene,
    refusal,
    token,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

BAD, GRANT, CLIENT = "invalid_request", "invalid_grant", "invalid_client"
NOBODY: dict[str, str | None] = {"client_id": None, "client_secret": None}
SPA: dict[str, str | None] = {"client_id": "spa", "client_secret": None}
OTHER = {"client_id": "other", "client_secret": OTHER_SECRET}


def raw(name: str, status: int, error: str, tail: str, **headers: str) -> Negative:
    """The genuine token request with something after it."""

    def send(scene: Scene) -> Awaitable[httpx2.Response]:
        return scene.post(
            TOKEN, urlencode(token_request(code=scene.code)).encode() + tail.encode(), **headers
        )

    return Negative(name, status, error, send)


def method(verb: str, path: str, status: int) -> Negative:
    return Negative(
        f"{verb} {path}", status, BAD, lambda scene: scene.sandbox.browser().http.request(verb, path)
    )


def bearer(name: str, status: int, error: str | None, authorization: str | bytes, **form: str) -> Negative:
    """A userinfo request; with a form it is posted."""

    def send(scene: Scene) -> Awaitable[httpx2.Response]:
        http = scene.sandbox.browser().http
        header = authorization if isinstance(authorization, bytes) else authorization.encode("latin-1")
        headers = {b"authorization": header} if header else {}
        return (
            http.post(USERINFO, headers=headers, data=form) if form else http.get(USERINFO, headers=headers)
        )

    return Negative(name, status, error, send)


async def _token_in_the_query(scene: Scene) -> httpx2.Response:
    return await scene.get(f"{USERINFO}?access_token={(await scene.tokens())['access_token']}")


async def _token_twice(scene: Scene) -> httpx2.Response:
    access_token = (await scene.tokens())["access_token"]
    return await scene.post(USERINFO, {"access_token": access_token}, authorization=f"Bearer {access_token}")


async def _two_headers(scene: Scene) -> httpx2.Response:
    access_token = (await scene.tokens())["access_token"]
    headers = [("authorization", f"Bearer {access_token}")] * 2
    return await scene.sandbox.browser().http.get(USERINFO, headers=headers)


async def _id_token_as_access_token(scene: Scene) -> httpx2.Response:
    return await scene.get(USERINFO, authorization=f"Bearer {(await scene.tokens())['id_token']}")


async def _code_as_access_token(scene: Scene) -> httpx2.Response:
    return await scene.get(USERINFO, authorization=f"Bearer {scene.code}")


async def _revoked_by_a_replay(scene: Scene) -> httpx2.Response:
    code = await scene.new_code()
    tokens = (await scene.post(TOKEN, token_request(code=code))).json()
    await scene.post(TOKEN, token_request(code=code))
    return await scene.get(USERINFO, authorization=f"Bearer {tokens['access_token']}")


async def _replay(scene: Scene) -> httpx2.Response:
    code = await scene.new_code()
    assert (await scene.post(TOKEN, token_request(code=code))).status_code == 200
    return await scene.post(TOKEN, token_request(code=code))


async def _public_without_a_verifier(scene: Scene) -> httpx2.Response:
    return await scene.post(TOKEN, token_request(code=scene.code, code_verifier=None, **SPA))


async def _downgraded(scene: Scene) -> httpx2.Response:
    """Somebody took the challenge out of the authorization request (RFC 9700, 4.8.2)."""
    request = {"client_id": "no-pkce", "code_challenge": "", "code_challenge_method": ""}
    code = await scene.new_code(**request)
    return await scene.post(TOKEN, token_request(code=code, client_id="no-pkce"))


async def _two_authorization_headers(scene: Scene) -> httpx2.Response:
    content = urlencode(token_request(code=scene.code, **NOBODY))
    headers = [*FORM.items(), ("authorization", basic()), ("authorization", basic())]
    return await scene.sandbox.browser().http.post(TOKEN, content=content, headers=headers)


# fmt: off
TABLE = [
    token("code: unknown", 400, GRANT, code="no-such-code"),
    token("code: none", 400, BAD, code=None),
    token("code: in capitals", 400, GRANT, code="A" * 43),
    token("code: very long", 400, GRANT, code="a" * 9000),
    token("code: not ASCII", 400, GRANT, code="caf\u00e9"),
    Negative("code: replayed", 400, GRANT, _replay),
    token("code: of another client", 400, GRANT, **OTHER),
    token("code: of another client, by Basic", 400, GRANT, basic("other", OTHER_SECRET), **NOBODY),
    token("code: of a confidential client, by a public one", 400, GRANT, **SPA),
    token("redirect_uri: none", 400, BAD, redirect_uri=None),
    token("redirect_uri: another", 400, GRANT, redirect_uri="https://attacker.example/callback"),
    token("redirect_uri: a trailing slash", 400, GRANT, redirect_uri=REDIRECT_URI + "/"),
    token("redirect_uri: in capitals", 400, GRANT, redirect_uri=REDIRECT_URI.upper()),
    token("redirect_uri: encoded twice", 400, GRANT, redirect_uri="https%3A%2F%2Facme.example%2Fcallback"),
    token("PKCE: no verifier", 400, GRANT, code_verifier=None),
    token("PKCE: another verifier", 400, GRANT, code_verifier="another-verifier" * 3),
    token("PKCE: the challenge itself", 400, GRANT, code_verifier=CODE_CHALLENGE),
    token("PKCE: a short verifier", 400, GRANT, code_verifier=CODE_VERIFIER[:-1]),
    token("PKCE: a long verifier", 400, GRANT, code_verifier="a" * 129),
    token("PKCE: letters that no verifier has", 400, GRANT, code_verifier=CODE_VERIFIER[:-1] + "!"),
    token("PKCE: a space after it", 400, GRANT, code_verifier=CODE_VERIFIER + " "),
    Negative("PKCE: a verifier for a code without a challenge", 400, GRANT, _downgraded),
    Negative("PKCE: a public client without a verifier", 400, BAD, _public_without_a_verifier),
    token("grant_type: none", 400, BAD, grant_type=None),
    token("grant_type: password", 400, "unsupported_grant_type", grant_type="password"),
    token("grant_type: client_credentials", 400, "unsupported_grant_type", grant_type="client_credentials"),
    token("grant_type: implicit", 400, "unsupported_grant_type", grant_type="implicit"),
    token("grant_type: in capitals", 400, "unsupported_grant_type", grant_type="AUTHORIZATION_CODE"),
    token("grant_type: not this client's", 400, "unauthorized_client", grant_type="refresh_token",
          refresh_token="x"),

    token("client: nobody", 401, CLIENT, **NOBODY),
    token("client: unknown", 401, CLIENT, client_id="nobody"),
    token("client: a wrong secret", 401, CLIENT, client_secret="wrong"),
    token("client: another client's secret", 401, CLIENT, client_secret=OTHER_SECRET),
    token("client: an empty secret", 401, CLIENT, client_secret=""),
    token("client: the secret with a space", 401, CLIENT, client_secret=CLIENT_SECRET + " "),
    token("client: a confidential one that says only its name", 401, CLIENT, client_secret=None),
    token("client: a public one with a secret", 401, CLIENT, client_id="spa", client_secret="x"),
    token("client: a public one by Basic", 401, CLIENT, basic("spa", ""), **NOBODY),
    token("client: in the header and in the body", 400, BAD, basic()),
    token("client: two names", 400, BAD, basic(), client_id="other", client_secret=None),
    token("client: by body, registered for Basic", 401, CLIENT, client_id="basic"),
    token("client: by Basic, registered for body", 401, CLIENT, basic("post"), **NOBODY),
    token("client: a wrong secret by Basic", 401, CLIENT, basic(secret="wrong"), **NOBODY),
    token("client: Basic of nothing", 401, CLIENT, "Basic", **NOBODY),
    token("client: Basic without a colon", 401, CLIENT, "Basic " + b64encode(b"acme").decode(), **NOBODY),
    token("client: Basic that is not base64", 401, CLIENT, "Basic !!!", **NOBODY),
    token("client: Basic, not UTF-8", 401, CLIENT, "Basic " + b64encode(b"%ff:%fe").decode(), **NOBODY),
    token("client: Basic with a NUL", 401, CLIENT, "Basic " + b64encode(b"acme%00:x").decode(), **NOBODY),
    token("client: Basic in base64url", 401, CLIENT, "Basic YWNtZTpf_w-_", **NOBODY),
    token("client: a Bearer token", 401, CLIENT, "Bearer " + "x" * 43, **NOBODY),
    token("client: Digest", 401, CLIENT, 'Digest username="acme"', **NOBODY),
    Negative("client: two headers", 400, BAD, _two_authorization_headers),
    raw("client: the secret doubled", 400, BAD, "&client_secret=again"),
    raw("client: the name doubled", 400, BAD, f"&client_id={CLIENT_ID}"),
    Negative("client: in the query", 400, BAD, lambda scene: scene.post(
        f"{TOKEN}?client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}",
        token_request(code=scene.code, **NOBODY))),
    Negative("code in the query", 400, BAD, lambda scene: scene.post(
        f"{TOKEN}?code={scene.code}", token_request(code=None))),
    token("client: an assertion", 401, CLIENT, client_secret=None, client_assertion="e30.e30.",
          client_assertion_type="urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),

    raw("body: a doubled code", 400, BAD, "&code=another"),
    raw("body: a NUL", 400, BAD, "&x=%00"),
    raw("body: not UTF-8", 400, BAD, "&x=%ff"),
    raw("body: a flood of parameters", 400, BAD, "&" + "&".join(f"p{n}=1" for n in range(70))),
    raw("body: a flood of bytes", 400, BAD, "&x=" + "x" * 17_000),
    raw("body: larger than any request", 413, BAD, "&x=" + "x" * 70_000),
    raw("body: JSON", 400, BAD, "", **{"content-type": "application/json"}),
    raw("body: plain text", 400, BAD, "", **{"content-type": "text/plain"}),
    raw("body: multipart", 400, BAD, "", **{"content-type": "multipart/form-data; boundary=x"}),
    method("GET", TOKEN, 405),
    method("PUT", TOKEN, 405),
    method("DELETE", USERINFO, 405),

    bearer("bearer: none", 401, None, ""),
    bearer("bearer: Basic", 401, None, basic()),
    bearer("bearer: empty", 400, BAD, "Bearer "),
    bearer("bearer: the word alone", 400, BAD, "Bearer"),
    bearer("bearer: unknown", 401, "invalid_token", "Bearer unknown"),
    bearer("bearer: very long", 401, "invalid_token", "Bearer " + "x" * 5000),
    bearer("bearer: not ASCII", 401, "invalid_token", "Bearer caf\u00e9"),
    bearer("bearer: three words", 401, "invalid_token", "Bearer a b c"),
    bearer("bearer: an empty field", 401, None, "", access_token=""),
    bearer("bearer: an unknown one in the body", 401, "invalid_token", "", access_token="unknown"),
    Negative("bearer: in the query", 400, BAD, _token_in_the_query),
    Negative("bearer: in the header and in the body", 400, BAD, _token_twice),
    Negative("bearer: two headers", 400, BAD, _two_headers),
    Negative("bearer: an ID token", 401, "invalid_token", _id_token_as_access_token),
    Negative("bearer: a code", 401, "invalid_token", _code_as_access_token),
    Negative("bearer: of a code that was replayed", 401, "invalid_token", _revoked_by_a_replay),
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
    assert found.channel == "json"
    challenged = found.status == 401 or (response.url.path == USERINFO and found.status == 400)
    assert ("www-authenticate" in response.headers) == challenged


async def test_after_the_table_all_is_well(scene: Scene) -> None:
    assert len({case.name for case in TABLE}) == len(TABLE)
    await assert_all_is_well(scene)
