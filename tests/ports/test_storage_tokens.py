"""The storage port: codes are taken once, tokens read their grant."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.builders import (
    ACCESS_TOKEN,
    CLIENT_ID,
    CODE,
    FAMILY,
    HANDLE,
    make_access_token,
    make_binding,
    make_grant,
    make_refresh_token,
)
from tests.support.fakes import START
from tests.support.stores import grant_of_token, make_granted, make_refreshable
from verifeye_oidc.ids import digest
from verifeye_oidc.storage.port import CodeBinding, CodeRefusal, Store

CODE_HASH = digest(CODE)
TOKEN_HASH = digest(ACCESS_TOKEN)
FAMILY_HASH = digest(FAMILY)
NEXT = digest("the next secret")
SECOND = digest("second")


async def test_a_code_is_taken_once_and_gives_a_token(store: Store) -> None:
    await make_granted(store)
    taken = await store.take_code(CODE_HASH, make_binding(), make_access_token(), START)
    assert taken == make_grant()
    assert await grant_of_token(store, TOKEN_HASH, START) == make_grant()
    assert await store.unredeemed_grant(HANDLE, START) is None


async def test_a_replayed_code_gives_nothing_and_revokes_what_it_gave(store: Store) -> None:
    await make_granted(store)
    assert await store.take_code(CODE_HASH, make_binding(), make_access_token(), START) == make_grant()
    second = make_access_token(token_hash=digest("second"))
    assert await store.take_code(CODE_HASH, make_binding(), second, START + 1) is CodeRefusal.REPLAYED
    assert await grant_of_token(store, TOKEN_HASH, START) is None
    assert await grant_of_token(store, digest("second"), START) is None


async def test_a_replay_after_the_code_s_time_revokes_too(store: Store) -> None:
    await make_granted(store)
    assert await store.take_code(CODE_HASH, make_binding(), make_access_token(), START) == make_grant()
    second = make_access_token(token_hash=digest("second"))
    assert await store.take_code(CODE_HASH, make_binding(), second, START + 61) is CodeRefusal.REPLAYED
    assert await grant_of_token(store, TOKEN_HASH, START + 61) is None


async def test_another_client_s_replay_revokes_nothing(store: Store) -> None:
    await make_granted(store)
    assert await store.take_code(CODE_HASH, make_binding(), make_access_token(), START) == make_grant()
    theirs = make_access_token(client_id="eve", token_hash=digest("theirs"))
    assert (
        await store.take_code(CODE_HASH, make_binding(client_id="eve"), theirs, START) is CodeRefusal.UNKNOWN
    )
    assert await grant_of_token(store, TOKEN_HASH, START) == make_grant()


@pytest.mark.parametrize(
    "binding",
    [
        make_binding(redirect_uri="https://acme.example/callback/"),
        make_binding(redirect_uri=""),
        make_binding(code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cN"),
        make_binding(code_challenge=None),
        make_binding(code_challenge=""),
    ],
    ids=["redirect_uri", "no redirect_uri", "verifier", "no verifier", "empty verifier"],
)
async def test_a_code_is_left_as_it_was_for_whoever_is_not_bound_to_it(
    store: Store, binding: CodeBinding
) -> None:
    await make_granted(store)
    assert await store.take_code(CODE_HASH, binding, make_access_token(), START) is CodeRefusal.NOT_BOUND
    assert await grant_of_token(store, TOKEN_HASH, START) is None
    assert await store.take_code(CODE_HASH, make_binding(), make_access_token(), START) == make_grant()


async def test_another_client_s_attempt_leaves_the_code(store: Store) -> None:
    await make_granted(store)
    theirs = make_access_token(client_id="eve")
    assert (
        await store.take_code(CODE_HASH, make_binding(client_id="eve"), theirs, START) is CodeRefusal.UNKNOWN
    )
    assert await store.take_code(CODE_HASH, make_binding(), make_access_token(), START) == make_grant()


async def test_a_verifier_for_a_code_without_a_challenge_is_refused(store: Store) -> None:
    grant = await make_granted(store, code_challenge=None)
    assert (
        await store.take_code(CODE_HASH, make_binding(), make_access_token(), START) is CodeRefusal.NOT_BOUND
    )
    unbound = make_binding(code_challenge=None)
    assert await store.take_code(CODE_HASH, unbound, make_access_token(), START) == grant


async def test_an_expired_code_gives_nothing(store: Store) -> None:
    await make_granted(store)
    assert (
        await store.take_code(CODE_HASH, make_binding(), make_access_token(), START + 60)
        is CodeRefusal.EXPIRED
    )
    assert await store.take_code(CODE_HASH, make_binding(), make_access_token(), START + 59) == make_grant()


async def test_an_unknown_code_gives_nothing(store: Store) -> None:
    unknown = digest("unknown")
    token = make_access_token(code_hash=unknown)
    assert await store.take_code(unknown, make_binding(), token, START) is CodeRefusal.UNKNOWN
    assert await grant_of_token(store, TOKEN_HASH, START) is None


@pytest.mark.parametrize("change", [{"code_hash": digest("another")}, {"client_id": "eve"}])
async def test_a_token_for_another_code_or_client_is_a_mistake(store: Store, change: dict[str, Any]) -> None:
    await make_granted(store)
    access, refresh = make_access_token(**change), make_refresh_token(**change)
    with pytest.raises(ValueError, match="token"):
        await store.take_code(CODE_HASH, make_binding(), access, START)
    with pytest.raises(ValueError, match="token"):
        await store.take_code(CODE_HASH, make_binding(), make_access_token(), START, refresh)
    with pytest.raises(ValueError, match="token"):
        await store.rotate(make_refresh_token(), NEXT, access, START)


async def test_a_reload_gets_the_grant_only_while_the_code_lives(store: Store) -> None:
    await make_granted(store)
    assert await store.unredeemed_grant(HANDLE, START + 59) == make_grant()
    assert await store.unredeemed_grant(HANDLE, START + 60) is None
    assert await store.unredeemed_grant("another", START) is None


async def test_an_access_token_lives_until_it_expires(store: Store) -> None:
    await make_granted(store)
    assert await store.take_code(CODE_HASH, make_binding(), make_access_token(), START) == make_grant()
    assert await grant_of_token(store, TOKEN_HASH, START + 299) == make_grant()
    assert await grant_of_token(store, TOKEN_HASH, START + 300) is None
    assert await grant_of_token(store, digest("another"), START) is None


async def test_one_access_token_is_revoked_by_its_client_alone(store: Store) -> None:
    await make_refreshable(store)
    assert not await store.revoke_access_token(TOKEN_HASH, "eve")
    assert not await store.revoke_access_token(SECOND, CLIENT_ID)
    assert await grant_of_token(store, TOKEN_HASH, START)
    assert await store.revoke_access_token(TOKEN_HASH, CLIENT_ID)
    assert await grant_of_token(store, TOKEN_HASH, START) is None
    assert not await store.revoke_access_token(TOKEN_HASH, CLIENT_ID)
    assert await store.refresh_token(FAMILY_HASH, CLIENT_ID, START)


# Refresh tokens


async def test_what_a_code_stands_for_never_changes(store: Store) -> None:
    grant = await make_granted(store)
    assert await store.grant_of_code(CODE_HASH) == grant
    assert await store.take_code(CODE_HASH, make_binding(), make_access_token(), START) == grant
    assert await store.grant_of_code(CODE_HASH) == grant
    assert await store.grant_of_code(digest("another")) is None


async def test_a_code_gives_a_family_when_it_is_taken(store: Store) -> None:
    grant = await make_refreshable(store)
    assert await store.refresh_token(FAMILY_HASH, CLIENT_ID, START) == (make_refresh_token(), grant)


async def test_a_refused_code_gives_no_family(store: Store) -> None:
    await make_granted(store)
    wrong = make_binding(redirect_uri="")
    await store.take_code(CODE_HASH, wrong, make_access_token(), START, make_refresh_token())
    assert await store.refresh_token(FAMILY_HASH, CLIENT_ID, START) is None


async def test_a_family_is_its_client_s_until_it_expires(store: Store) -> None:
    await make_refreshable(store, expires_at=START + 100)
    assert await store.refresh_token(FAMILY_HASH, CLIENT_ID, START + 99)
    assert await store.refresh_token(FAMILY_HASH, CLIENT_ID, START + 100) is None
    assert await store.refresh_token(FAMILY_HASH, "eve", START) is None
    assert await store.refresh_token(digest("another"), CLIENT_ID, START) is None


async def test_rotation_puts_a_new_secret_and_gives_a_token(store: Store) -> None:
    grant = await make_refreshable(store)
    token = make_access_token(token_hash=SECOND, expires_at=START + 400, scope=("openid",))
    assert await store.rotate(make_refresh_token(), NEXT, token, START + 100)
    successor = make_refresh_token(secret_hash=NEXT)
    assert await store.refresh_token(FAMILY_HASH, CLIENT_ID, START) == (successor, grant)
    assert await store.access_token(SECOND, START + 399) == (token, replace(grant, scope=("openid",)))
    assert await store.access_token(SECOND, START + 400) is None
    assert await grant_of_token(store, TOKEN_HASH, START) == grant
    assert await store.rotate(successor, digest("third"), make_access_token(token_hash=digest("3")), START)


async def test_a_replay_ends_the_family(store: Store) -> None:
    await make_refreshable(store)
    assert await store.rotate(make_refresh_token(), NEXT, make_access_token(token_hash=SECOND), START)
    replayed = make_access_token(token_hash=digest("replayed"))
    assert not await store.rotate(make_refresh_token(), digest("thief"), replayed, START)
    assert await store.refresh_token(FAMILY_HASH, CLIENT_ID, START) is None
    for token_hash in (TOKEN_HASH, SECOND, digest("replayed")):
        assert await store.access_token(token_hash, START) is None
    successor = make_refresh_token(secret_hash=NEXT)
    assert not await store.rotate(successor, digest("third"), replayed, START)


async def test_a_replayed_code_ends_the_family_after_rotations_too(store: Store) -> None:
    await make_refreshable(store)
    assert await store.rotate(make_refresh_token(), NEXT, make_access_token(token_hash=SECOND), START + 1000)
    again = await store.take_code(CODE_HASH, make_binding(), make_access_token(), START + 1001)
    assert again is CodeRefusal.REPLAYED
    assert await store.refresh_token(FAMILY_HASH, CLIENT_ID, START) is None
    assert await store.access_token(SECOND, START) is None


@pytest.mark.parametrize(
    ("change", "now"),
    [({"client_id": "eve"}, START), ({"family_hash": digest("another")}, START), ({}, START + 86_400)],
    ids=["another client's", "unknown", "expired"],
)
async def test_nothing_is_rotated_for_anybody_else(store: Store, change: dict[str, Any], now: int) -> None:
    await make_refreshable(store)
    presented = make_refresh_token(**change)
    token = make_access_token(token_hash=SECOND, client_id=presented.client_id)
    assert not await store.rotate(presented, NEXT, token, now)
    assert await store.access_token(SECOND, START) is None
    assert await store.refresh_token(FAMILY_HASH, CLIENT_ID, START)
    assert await store.access_token(TOKEN_HASH, START)


async def test_a_family_ends_with_all_its_tokens_and_no_others(store: Store) -> None:
    await make_refreshable(store)
    await make_refreshable(store, handle="other", code="other code", family_hash=digest("other"))
    await store.end_family(CODE_HASH)
    assert await store.refresh_token(FAMILY_HASH, CLIENT_ID, START) is None
    assert await store.access_token(TOKEN_HASH, START) is None
    assert await store.refresh_token(digest("other"), CLIENT_ID, START)
    assert await store.access_token(digest("token of other code"), START)
    await store.end_family(CODE_HASH)
