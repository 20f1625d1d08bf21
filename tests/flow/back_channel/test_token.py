import asyncio
from base64 import b64encode, urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import quote_plus, urlencode

import pytest
import structlog

from tests.support.back_channel import Back, token_request
from tests.support.builders import (
    CLIENT_ID,
    CLIENT_SECRET,
    CODE,
    CODE_VERIFIER,
    REDIRECT_URI,
    SUB,
    make_client,
    make_outcome,
)
from tests.support.fakes import START
from tests.support.keys import ISSUER
from tests.support.relying_party import accepted_claims, verified_claims
from verifeye_oidc.ids import digest
from verifeye_oidc.oidc.discovery import INTROSPECTION_PATH, REVOCATION_PATH, TOKEN_PATH
from verifeye_oidc.verification.port import Event

NONCE = "nonce-of-the-relying-party"
OTHER_SECRET = "the-secret-of-another-client-0123456789abcdef"
OTHER_VERIFIER = "another-verifier-in-the-form-that-the-rfc-wants"


async def _keys(back: Back) -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = (await back.http.get("/v1/openid/jwks")).json()["keys"]
    return keys


def _assert_refused(response: Any, error: str, status: int = 400) -> None:
    assert (response.status_code, response.json()["error"]) == (status, error), response.text
    assert set(response.json()) == {"error", "error_description"}
    description = response.json()["error_description"]
    assert description.isascii()
    assert not set(description) & set("\"'\\")
    assert response.headers["cache-control"] == "no-store"
    assert ("www-authenticate" in response.headers) == (status == 401)


async def test_a_code_gives_tokens_that_a_relying_party_accepts(back: Back) -> None:
    await back.give_code()

    response = await back.redeem()

    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["pragma"] == "no-cache"
    tokens = response.json()
    assert set(tokens) == {"access_token", "expires_in", "scope", "id_token", "token_type"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 300)
    assert tokens["scope"] == "openid profile email verification"
    claims = accepted_claims(
        tokens, await _keys(back), issuer=ISSUER, client_id=CLIENT_ID, nonce=NONCE, now=START
    )
    assert {
        name: claims[name] for name in ("iss", "sub", "aud", "nonce", "auth_time", "iat", "exp", "amr")
    } == {
        "iss": ISSUER,
        "sub": SUB,
        "aud": CLIENT_ID,
        "nonce": NONCE,
        "auth_time": START,
        "iat": START,
        "exp": START + 300,
        "amr": ["face"],
    }
    assert len(claims["at_hash"]) == 22


async def test_without_a_nonce_there_is_no_nonce(back: Back) -> None:
    await back.give_code(nonce=None)

    tokens = (await back.redeem()).json()

    assert "nonce" not in verified_claims(tokens["id_token"], await _keys(back))


async def test_the_acr_asked_for_is_remembered_until_the_token_is_made(back: Back) -> None:
    await back.give_code(acr_values=("urn:verifeye-oidc:acr:face",))

    tokens = (await back.redeem()).json()

    claims = verified_claims(tokens["id_token"], await _keys(back))
    assert claims["acr"] == "urn:verifeye-oidc:acr:face"


async def test_life_times_are_the_clients_own(back: Back) -> None:
    brief = make_client(client_id="brief", id_token_seconds=60, access_token_seconds=30)
    await back.store.add_client(brief)
    await back.give_code(client_id="brief")

    tokens = (await back.redeem(client_id="brief")).json()

    assert tokens["expires_in"] == 30
    assert verified_claims(tokens["id_token"], await _keys(back))["exp"] == START + 60


@pytest.mark.parametrize(("age", "status"), [(0, 200), (59, 200), (60, 400), (61, 400)])
async def test_a_code_lives_for_sixty_seconds(back: Back, age: int, status: int) -> None:
    await back.give_code()
    back.clock.advance(age)

    assert (await back.redeem()).status_code == status


@pytest.mark.parametrize("later", [0, 30])
async def test_a_replayed_code_gives_nothing_and_revokes_what_it_gave(back: Back, later: int) -> None:
    await back.give_code()
    access_token = await back.access_token()
    assert (await back.userinfo(access_token)).status_code == 200

    back.clock.advance(later)
    _assert_refused(await back.redeem(), "invalid_grant")

    assert (await back.userinfo(access_token)).status_code == 401


async def test_a_replay_revokes_nothing_of_another_code(back: Back) -> None:
    await back.give_code(transaction="first")
    await back.give_code("second-code", transaction="second")
    await back.access_token()
    access_token = (await back.redeem(code="second-code")).json()["access_token"]

    await back.redeem()

    assert (await back.userinfo(access_token)).status_code == 200


async def test_a_code_taken_by_many_at_once_is_given_once(back: Back) -> None:
    await back.give_code()

    responses = await asyncio.gather(*[back.redeem() for _ in range(8)])

    assert sorted(response.status_code for response in responses) == [200] + [400] * 7


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "other", "client_secret": OTHER_SECRET},
        {"redirect_uri": REDIRECT_URI + "/"},
        {"redirect_uri": REDIRECT_URI.upper()},
        {"code_verifier": OTHER_VERIFIER},
        {"code_verifier": None},
        {"code_verifier": CODE_VERIFIER[:-1]},
        {"code_verifier": CODE_VERIFIER[:-1] + "!"},
        {"code_verifier": CODE_VERIFIER + "a" * 100},
        {"code": "no-such-code"},
        {"code": CODE.upper()},
    ],
)
async def test_a_wrong_caller_learns_nothing_and_spoils_nothing(
    back: Back, wrong: dict[str, str | None]
) -> None:
    await back.store.add_client(make_client(client_id="other", secret_hashes=(digest(OTHER_SECRET),)))
    await back.give_code()

    response = await back.redeem(**wrong)

    _assert_refused(response, "invalid_grant")
    assert response.json()["error_description"] == "the authorization code is not valid for this request"
    assert (await back.redeem()).status_code == 200


async def test_the_log_tells_a_replay_from_an_unknown_code(back: Back) -> None:
    await back.give_code()
    await back.access_token()

    with structlog.testing.capture_logs() as logged:
        answers = [await back.redeem(), await back.redeem(code="no-such-code")]

    assert [entry["detail"] for entry in logged] == [
        "code replayed for client acme",
        "code unknown for client acme",
    ]
    assert answers[0].content == answers[1].content


async def test_another_clients_replay_revokes_nothing(back: Back) -> None:
    await back.store.add_client(make_client(client_id="other", secret_hashes=(digest(OTHER_SECRET),)))
    await back.give_code()
    access_token = await back.access_token()

    _assert_refused(await back.redeem(client_id="other", client_secret=OTHER_SECRET), "invalid_grant")

    assert (await back.userinfo(access_token)).status_code == 200


async def test_a_verifier_for_a_code_without_challenge_is_a_downgrade(back: Back) -> None:
    """RFC 9700, 4.8.2: somebody took the challenge out of the authorization request."""
    await back.give_code(code_challenge=None)

    _assert_refused(await back.redeem(), "invalid_grant")

    assert (await back.redeem(code_verifier=None)).status_code == 200


@pytest.mark.parametrize("verifier", ["short", "a" * 129, "a" * 42 + "+", "a" * 42 + "\u00e9"])
async def test_a_malformed_verifier_fails_even_where_the_challenge_was_made_from_it(
    back: Back, verifier: str
) -> None:
    challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    await back.give_code(code_challenge=challenge)

    _assert_refused(await back.redeem(code_verifier=verifier), "invalid_grant")


@pytest.mark.parametrize("name", ["code", "redirect_uri", "grant_type"])
async def test_a_missing_parameter_is_named(back: Back, name: str) -> None:
    await back.give_code()

    for value in (None, ""):
        response = await back.redeem(**{name: value})
        _assert_refused(response, "invalid_request")
        assert name in response.json()["error_description"]
    assert (await back.redeem()).status_code == 200


@pytest.mark.parametrize(
    "grant_type", ["password", "client_credentials", "REFRESH_TOKEN", "AUTHORIZATION_CODE"]
)
async def test_another_grant_type_is_not_supported(back: Back, grant_type: str) -> None:
    _assert_refused(await back.redeem(grant_type=grant_type), "unsupported_grant_type")


async def test_basic_and_post_both_authenticate(back: Back) -> None:
    await back.give_code(transaction="first")
    await back.give_code("second-code", transaction="second")

    by_post = await back.redeem()
    by_basic = await back.http.post(
        TOKEN_PATH,
        data=token_request(code="second-code", client_id=None, client_secret=None),
        headers={"Authorization": _basic(CLIENT_ID, CLIENT_SECRET)},
    )

    assert (by_post.status_code, by_basic.status_code) == (200, 200)


async def test_each_live_secret_of_a_client_is_good(back: Back) -> None:
    hashes = (digest("the-old-secret"), digest("the-new-secret"))
    await back.store.add_client(make_client(client_id="rotating", secret_hashes=hashes))

    answers = [
        (await back.redeem(client_id="rotating", client_secret=secret)).json()["error"]
        for secret in ("the-old-secret", "the-new-secret", "the-retired-secret")
    ]

    assert answers == ["invalid_grant", "invalid_grant", "invalid_client"]


async def test_a_client_without_any_secret_cannot_authenticate(back: Back) -> None:
    await back.store.add_client(make_client(client_id="bare", secret_hashes=()))

    for secret in ("", "\x01", "x"):
        response = await back.http.post(
            TOKEN_PATH,
            data=token_request(client_id=None, client_secret=None),
            headers={"Authorization": _basic("bare", secret)},
        )
        _assert_refused(response, "invalid_client", 401)


async def test_nobody_learns_which_clients_exist(back: Back) -> None:
    await back.store.add_client(
        make_client(client_id="basic-only", token_endpoint_auth_methods=("client_secret_basic",))
    )

    wrong_secret = await back.redeem(client_secret="wrong")
    unknown_client = await back.redeem(client_id="nobody")
    wrong_method = await back.redeem(client_id="basic-only")
    nothing = await back.redeem(client_id=None, client_secret=None)
    no_secret = await back.redeem(client_secret=None)
    nobody_s_name = await back.redeem(client_id="nobody", client_secret=None)

    for response in (wrong_secret, unknown_client, wrong_method, nothing, no_secret, nobody_s_name):
        _assert_refused(response, "invalid_client", 401)
        assert (response.content, response.headers) == (wrong_secret.content, wrong_secret.headers)
    assert wrong_secret.headers["www-authenticate"].startswith('Basic realm="')


async def test_a_refused_client_leaves_the_code_usable(back: Back) -> None:
    await back.give_code()

    _assert_refused(await back.redeem(client_secret="wrong"), "invalid_client", 401)

    assert (await back.redeem()).status_code == 200


GENUINE = urlencode(token_request()).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        GENUINE + b"&code=" + CODE.encode(),
        GENUINE + b"&client_secret=again",
        GENUINE.replace(b"code_verifier=", b"code_verifier=%00"),
        GENUINE + b"&x=%ff",
        GENUINE + b"&x=" + b"x" * 17_000,
        GENUINE + b"&" + b"&".join(b"p%d=1" % number for number in range(100)),
        b'{"grant_type": "authorization_code"}',
        bytes(range(256)),
    ],
)
async def test_a_hostile_body_is_a_plain_refusal_and_spoils_nothing(back: Back, body: bytes) -> None:
    await back.give_code()
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    response = await back.http.post(TOKEN_PATH, content=body, headers=form)

    assert response.status_code in (400, 401)
    assert response.json()["error"] in ("invalid_request", "invalid_client")
    assert (await back.redeem()).status_code == 200


@pytest.mark.parametrize(
    "content_type", [None, "application/json", "multipart/form-data; boundary=x", "text/plain"]
)
async def test_only_a_form_is_read(back: Back, content_type: str | None) -> None:
    await back.give_code()
    headers = {} if content_type is None else {"Content-Type": content_type}

    _assert_refused(await back.http.post(TOKEN_PATH, content=GENUINE, headers=headers), "invalid_request")


async def test_the_charset_of_a_form_does_not_matter(back: Back) -> None:
    await back.give_code()
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}

    assert (await back.http.post(TOKEN_PATH, content=GENUINE, headers=headers)).status_code == 200


async def test_nothing_is_taken_from_the_query(back: Back) -> None:
    await back.give_code()

    response = await back.http.post(f"{TOKEN_PATH}?client_secret={CLIENT_SECRET}", data=token_request())

    _assert_refused(response, "invalid_request")
    assert (await back.redeem()).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
@pytest.mark.parametrize("path", [TOKEN_PATH, INTROSPECTION_PATH, REVOCATION_PATH])
async def test_only_post_is_answered(back: Back, path: str, method: str) -> None:
    response = await back.http.request(method, path)

    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    if method != "HEAD":
        assert response.json()["error"] == "invalid_request"


async def test_who_was_enrolled_just_now_has_proved_nothing(back: Back) -> None:
    await back.give_code(outcome=make_outcome(event=Event.ENROLLED))

    tokens = (await back.redeem()).json()

    claims = verified_claims(tokens["id_token"], await _keys(back))
    assert not {"amr", "acr", "email", "preferred_username"} & set(claims)
    assert claims["verification"]["event"] == "enrolled"


def _basic(client_id: str, secret: str) -> str:
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return f"Basic {b64encode(pair.encode()).decode()}"
