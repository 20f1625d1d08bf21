"""What a client is told about a token: everything about its own live ones, nothing else (RFC 7662)."""

import httpx2
import pytest

from tests.support.back_channel import OFFLINE, OFFLINE_SCOPE, Back, credentials
from tests.support.builders import CLIENT_ID, CLIENT_SECRET, CODE, SUB
from tests.support.fakes import START
from tests.support.keys import ISSUER
from verifeye_oidc.oidc.discovery import INTROSPECTION_PATH

INACTIVE = {"active": False}
SCOPE = " ".join(OFFLINE_SCOPE)


async def test_an_access_token_is_explained_to_its_client(back: Back) -> None:
    tokens = await back.offline_tokens()

    response = await back.introspect(tokens["access_token"])

    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    assert response.json() == {
        "active": True,
        "iss": ISSUER,
        "client_id": OFFLINE,
        "sub": SUB,
        "scope": SCOPE,
        "exp": START + 300,
        "token_type": "Bearer",
    }


async def test_a_refresh_token_is_explained_and_is_no_bearer_token(back: Back) -> None:
    tokens = await back.offline_tokens()

    state = (await back.introspect(tokens["refresh_token"])).json()

    assert state == {
        "active": True,
        "iss": ISSUER,
        "client_id": OFFLINE,
        "sub": SUB,
        "scope": SCOPE,
        "exp": START + 86_400,
    }


async def test_the_scope_is_the_token_s_own(back: Back) -> None:
    tokens = await back.offline_tokens()
    narrowed = (await back.refresh(tokens["refresh_token"], scope="openid")).json()

    assert (await back.introspect(narrowed["access_token"])).json()["scope"] == "openid"
    assert (await back.introspect(tokens["access_token"])).json()["scope"] == SCOPE
    assert (await back.introspect(narrowed["refresh_token"])).json()["scope"] == SCOPE


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "id_token", "nonsense"])
async def test_a_wrong_hint_changes_nothing(back: Back, hint: str) -> None:
    tokens = await back.offline_tokens()

    for name in ("access_token", "refresh_token"):
        state = (await back.introspect(tokens[name], token_type_hint=hint)).json()
        assert state["active"] is True


async def test_another_client_is_told_what_is_told_about_nothing(back: Back) -> None:
    tokens = await back.offline_tokens()

    unknown = await back.introspect("no-such-token", CLIENT_ID)
    for name in ("access_token", "refresh_token"):
        response = await back.introspect(tokens[name], CLIENT_ID)
        assert (response.status_code, response.json()) == (200, INACTIVE)
        assert (response.content, response.headers) == (unknown.content, unknown.headers)


async def test_what_is_over_is_not_active(back: Back) -> None:
    first = await back.offline_tokens()
    second = (await back.refresh(first["refresh_token"])).json()

    assert (await back.introspect(first["refresh_token"])).json() == INACTIVE
    assert (await back.introspect(first["access_token"])).json()["active"] is True
    back.clock.advance(300)
    assert (await back.introspect(second["access_token"])).json() == INACTIVE
    assert (await back.introspect(second["refresh_token"])).json()["active"] is True
    back.clock.advance(86_400 - 300)
    assert (await back.introspect(second["refresh_token"])).json() == INACTIVE


async def test_asking_about_a_rotated_token_is_no_replay(back: Back) -> None:
    first = await back.offline_tokens()
    second = (await back.refresh(first["refresh_token"])).json()

    await back.introspect(first["refresh_token"])

    assert (await back.refresh(second["refresh_token"])).status_code == 200


@pytest.mark.parametrize("token", ["x", ".", "a.b", "x" * 5000, "é", CODE, " "])
async def test_what_is_no_token_is_not_active(back: Back, token: str) -> None:
    await back.offline_tokens()

    assert (await back.introspect(token)).json() == INACTIVE


async def test_neither_an_id_token_nor_a_changed_token_is_active(back: Back) -> None:
    tokens = await back.offline_tokens()

    for token in (tokens["id_token"], tokens["access_token"] + "A", tokens["refresh_token"] + "A"):
        assert (await back.introspect(token)).json() == INACTIVE
    family, _, secret = tokens["refresh_token"].partition(".")
    for token in (family, secret, f"{family}.", f".{secret}", f"{secret}.{family}"):
        assert (await back.introspect(token)).json() == INACTIVE


@pytest.mark.parametrize(
    ("data", "error", "status"),
    [
        ({"token": "x"}, "invalid_client", 401),
        ({"client_id": OFFLINE, "token": "x"}, "invalid_client", 401),
        ({"client_id": OFFLINE, "client_secret": "wrong", "token": "x"}, "invalid_client", 401),
        ({"client_id": "nobody", "client_secret": CLIENT_SECRET, "token": "x"}, "invalid_client", 401),
        (credentials(OFFLINE), "invalid_request", 400),
        (credentials(OFFLINE) | {"token": ""}, "invalid_request", 400),
    ],
)
async def test_nobody_else_is_told_anything(
    back: Back, data: dict[str, str], error: str, status: int
) -> None:
    response = await back.http.post(INTROSPECTION_PATH, data=data)

    _assert_refused(response, error, status)


async def test_a_bearer_token_does_not_authenticate_a_client(back: Back) -> None:
    tokens = await back.offline_tokens()
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}

    response = await back.http.post(
        INTROSPECTION_PATH, data={"token": tokens["access_token"]}, headers=bearer
    )

    _assert_refused(response, "invalid_client", 401)


async def test_nothing_is_taken_from_the_query(back: Back) -> None:
    tokens = await back.offline_tokens()

    genuine = credentials(OFFLINE) | {"token": tokens["access_token"]}

    response = await back.http.post(f"{INTROSPECTION_PATH}?token=another", data=genuine)

    _assert_refused(response, "invalid_request", 400)


def _assert_refused(response: httpx2.Response, error: str, status: int) -> None:
    assert (response.status_code, response.json()["error"]) == (status, error)
    assert set(response.json()) == {"error", "error_description"}
    assert response.headers["cache-control"] == "no-store"
    assert response.headers.get("www-authenticate", "").startswith("Basic") == (status == 401)
