"""A client that can keep no secret: ``none``, and PKCE always (RFC 6749, 2.1; RFC 9700, 2.1.1)."""

import httpx2
import pytest

from tests.support.back_channel import BOTH_GRANTS, OFFLINE_SCOPE, Back
from tests.support.builders import CLIENT_SECRET, make_client
from tests.support.stores import make_known
from verifeye_oidc.oidc.discovery import INTROSPECTION_PATH, REVOCATION_PATH

PUBLIC = "public"


@pytest.fixture
async def public(back: Back) -> Back:
    """With `public` registered, whom nobody told to require PKCE."""
    client = make_client(
        client_id=PUBLIC,
        secret_hashes=(),
        token_endpoint_auth_methods=("none",),
        require_pkce=False,
        grant_types=BOTH_GRANTS,
    )
    await back.store.add_client(client)
    await make_known(back.store)
    return back


async def _redeem(back: Back, **changes: str | None) -> httpx2.Response:
    return await back.redeem(**({"client_id": PUBLIC, "client_secret": None} | changes))


def _error(response: httpx2.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]


async def test_the_verifier_is_what_a_public_client_proves_itself_by(public: Back) -> None:
    await public.give_code(client_id=PUBLIC)

    assert _error(await _redeem(public, code_verifier="a" * 43)) == (400, "invalid_grant")
    response = await _redeem(public)

    assert response.status_code == 200
    assert (await public.userinfo(response.json()["access_token"])).status_code == 200


async def test_without_a_verifier_it_gets_nothing_whatever_its_policy_says(public: Back) -> None:
    await public.give_code(client_id=PUBLIC, code_challenge=None)

    assert _error(await _redeem(public, code_verifier=None)) == (400, "invalid_request")


@pytest.mark.parametrize("secret", [CLIENT_SECRET, "x"])
async def test_a_secret_is_not_its_way(public: Back, secret: str) -> None:
    await public.give_code(client_id=PUBLIC)

    assert _error(await _redeem(public, client_secret=secret)) == (401, "invalid_client")
    assert (await _redeem(public)).status_code == 200


async def test_a_client_with_a_secret_cannot_leave_it_out(public: Back) -> None:
    await public.give_code()

    assert _error(await public.redeem(client_secret=None)) == (401, "invalid_client")
    assert _error(await public.redeem(client_secret="")) == (401, "invalid_client")
    assert (await public.redeem()).status_code == 200


async def test_its_refresh_tokens_rotate(public: Back) -> None:
    await public.give_code(client_id=PUBLIC, scope=OFFLINE_SCOPE)
    first = (await _redeem(public)).json()["refresh_token"]

    second = await public.refresh(first, client_id=PUBLIC, client_secret=None)

    assert second.status_code == 200
    replay = await public.refresh(first, client_id=PUBLIC, client_secret=None)
    assert _error(replay) == (400, "invalid_grant")
    successor = second.json()["refresh_token"]
    assert _error(await public.refresh(successor, client_id=PUBLIC, client_secret=None)) == (
        400,
        "invalid_grant",
    )


async def test_it_may_give_its_tokens_back_but_not_ask_about_them(public: Back) -> None:
    """RFC 7009, 2.1; RFC 7662, 2.1."""
    await public.give_code(client_id=PUBLIC)
    token = (await _redeem(public)).json()["access_token"]
    request = {"client_id": PUBLIC, "token": token}

    assert _error(await public.http.post(INTROSPECTION_PATH, data=request)) == (401, "invalid_client")
    assert (await public.http.post(REVOCATION_PATH, data=request)).status_code == 200
    assert (await public.userinfo(token)).status_code == 401
