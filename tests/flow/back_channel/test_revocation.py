"""Giving tokens back: 200 whatever they were, and another client's are left alone (RFC 7009)."""

import httpx2
import pytest

from tests.support.back_channel import OFFLINE, Back, credentials
from tests.support.builders import CLIENT_ID, CODE
from verifeye_oidc.oidc.discovery import REVOCATION_PATH


async def _live(back: Back, *tokens: str) -> list[bool]:
    return [(await back.introspect(token)).json()["active"] for token in tokens]


def _assert_done(response: httpx2.Response) -> None:
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["cache-control"] == "no-store"


async def test_an_access_token_goes_alone(back: Back) -> None:
    first = await back.offline_tokens()
    second = (await back.refresh(first["refresh_token"])).json()

    _assert_done(await back.revoke(first["access_token"]))

    assert (await back.userinfo(first["access_token"])).status_code == 401
    assert await _live(back, second["access_token"], second["refresh_token"]) == [True, True]


async def test_a_refresh_token_takes_its_family_with_it(back: Back) -> None:
    first = await back.offline_tokens()
    other = await back.offline_tokens(code="another-code")
    second = (await back.refresh(first["refresh_token"])).json()

    _assert_done(await back.revoke(second["refresh_token"]))

    for token in (first["access_token"], second["access_token"]):
        assert (await back.userinfo(token)).status_code == 401
    assert (await back.refresh(second["refresh_token"])).json()["error"] == "invalid_grant"
    assert await _live(back, other["access_token"], other["refresh_token"]) == [True, True]


async def test_a_rotated_refresh_token_takes_its_family_with_it(back: Back) -> None:
    first = await back.offline_tokens()
    second = (await back.refresh(first["refresh_token"])).json()

    _assert_done(await back.revoke(first["refresh_token"]))

    assert await _live(back, second["access_token"], second["refresh_token"]) == [False, False]


async def test_revoking_twice_is_revoking_once(back: Back) -> None:
    tokens = await back.offline_tokens()

    for name in ("access_token", "refresh_token"):
        _assert_done(await back.revoke(tokens[name]))
        _assert_done(await back.revoke(tokens[name]))


async def test_another_client_s_tokens_are_left_alone_without_a_word(back: Back) -> None:
    tokens = await back.offline_tokens()

    for name in ("access_token", "refresh_token"):
        _assert_done(await back.revoke(tokens[name], CLIENT_ID))

    assert await _live(back, tokens["access_token"], tokens["refresh_token"]) == [True, True]


@pytest.mark.parametrize("token", ["unknown", ".", "a.b", "x" * 5000, "é", CODE])
async def test_an_unknown_token_is_200(back: Back, token: str) -> None:
    tokens = await back.offline_tokens()

    _assert_done(await back.revoke(token))

    assert await _live(back, tokens["access_token"], tokens["refresh_token"]) == [True, True]


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "nonsense"])
@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
async def test_a_wrong_hint_changes_nothing(back: Back, name: str, hint: str) -> None:
    tokens = await back.offline_tokens()

    _assert_done(await back.revoke(tokens[name], token_type_hint=hint))

    assert await _live(back, tokens[name]) == [False]


@pytest.mark.parametrize(
    ("data", "error", "status"),
    [
        ({"token": "x"}, "invalid_client", 401),
        ({"client_id": OFFLINE, "token": "x"}, "invalid_client", 401),
        ({"client_id": OFFLINE, "client_secret": "wrong", "token": "x"}, "invalid_client", 401),
        (credentials(OFFLINE), "invalid_request", 400),
    ],
)
async def test_who_is_nobody_revokes_nothing(
    back: Back, data: dict[str, str], error: str, status: int
) -> None:
    tokens = await back.offline_tokens()
    if "token" in data:
        data = data | {"token": tokens["refresh_token"]}

    response = await back.http.post(REVOCATION_PATH, data=data)

    assert (response.status_code, response.json()["error"]) == (status, error)
    assert await _live(back, tokens["access_token"], tokens["refresh_token"]) == [True, True]
