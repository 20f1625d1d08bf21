"""The storage port: codes are taken once, tokens read their grant."""

import pytest

from tests.support.builders import (
    ACCESS_TOKEN,
    CODE,
    HANDLE,
    SESSION_ID,
    make_access_token,
    make_binding,
    make_grant,
    make_subject,
)
from tests.support.fakes import START
from tests.support.stores import bring_to_decision, make_known
from verifeye_oidc.ids import digest
from verifeye_oidc.oidc.model import AccessToken
from verifeye_oidc.storage.port import CodeBinding, CodeRefusal, Store

CODE_HASH = digest(CODE)
TOKEN_HASH = digest(ACCESS_TOKEN)


async def _granted(store: Store) -> None:
    await make_known(store)
    await bring_to_decision(store, enrolment=None)
    assert await store.grant(make_grant(), make_subject(), SESSION_ID, START)


async def test_a_code_is_taken_once_and_gives_a_token(store: Store) -> None:
    await _granted(store)
    taken = await store.take_code(CODE_HASH, make_binding(), make_access_token(), START)
    assert taken == make_grant()
    assert await store.grant_of_token(TOKEN_HASH, START) == make_grant()
    assert await store.unredeemed_grant(HANDLE, START) is None


async def test_a_replayed_code_gives_nothing_and_revokes_what_it_gave(store: Store) -> None:
    await _granted(store)
    assert await store.take_code(CODE_HASH, make_binding(), make_access_token(), START) == make_grant()
    second = make_access_token(token_hash=digest("second"))
    assert await store.take_code(CODE_HASH, make_binding(), second, START + 1) is CodeRefusal.REPLAYED
    assert await store.grant_of_token(TOKEN_HASH, START) is None
    assert await store.grant_of_token(digest("second"), START) is None


async def test_a_replay_after_the_code_s_time_revokes_too(store: Store) -> None:
    await _granted(store)
    assert await store.take_code(CODE_HASH, make_binding(), make_access_token(), START) == make_grant()
    second = make_access_token(token_hash=digest("second"))
    assert await store.take_code(CODE_HASH, make_binding(), second, START + 61) is CodeRefusal.REPLAYED
    assert await store.grant_of_token(TOKEN_HASH, START + 61) is None


async def test_another_client_s_replay_revokes_nothing(store: Store) -> None:
    await _granted(store)
    assert await store.take_code(CODE_HASH, make_binding(), make_access_token(), START) == make_grant()
    theirs = make_access_token(client_id="eve", token_hash=digest("theirs"))
    assert (
        await store.take_code(CODE_HASH, make_binding(client_id="eve"), theirs, START) is CodeRefusal.UNKNOWN
    )
    assert await store.grant_of_token(TOKEN_HASH, START) == make_grant()


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
    await _granted(store)
    assert await store.take_code(CODE_HASH, binding, make_access_token(), START) is CodeRefusal.NOT_BOUND
    assert await store.grant_of_token(TOKEN_HASH, START) is None
    assert await store.take_code(CODE_HASH, make_binding(), make_access_token(), START) == make_grant()


async def test_another_client_s_attempt_leaves_the_code(store: Store) -> None:
    await _granted(store)
    theirs = make_access_token(client_id="eve")
    assert (
        await store.take_code(CODE_HASH, make_binding(client_id="eve"), theirs, START) is CodeRefusal.UNKNOWN
    )
    assert await store.take_code(CODE_HASH, make_binding(), make_access_token(), START) == make_grant()


async def test_a_verifier_for_a_code_without_a_challenge_is_refused(store: Store) -> None:
    await make_known(store)
    await bring_to_decision(store, enrolment=None)
    grant = make_grant(code_challenge=None)
    assert await store.grant(grant, make_subject(), SESSION_ID, START)
    assert (
        await store.take_code(CODE_HASH, make_binding(), make_access_token(), START) is CodeRefusal.NOT_BOUND
    )
    unbound = make_binding(code_challenge=None)
    assert await store.take_code(CODE_HASH, unbound, make_access_token(), START) == grant


async def test_an_expired_code_gives_nothing(store: Store) -> None:
    await _granted(store)
    assert (
        await store.take_code(CODE_HASH, make_binding(), make_access_token(), START + 60)
        is CodeRefusal.EXPIRED
    )
    assert await store.take_code(CODE_HASH, make_binding(), make_access_token(), START + 59) == make_grant()


async def test_an_unknown_code_gives_nothing(store: Store) -> None:
    unknown = digest("unknown")
    token = make_access_token(code_hash=unknown)
    assert await store.take_code(unknown, make_binding(), token, START) is CodeRefusal.UNKNOWN
    assert await store.grant_of_token(TOKEN_HASH, START) is None


@pytest.mark.parametrize(
    "token", [make_access_token(code_hash=digest("another")), make_access_token(client_id="eve")]
)
async def test_a_token_for_another_code_or_client_is_a_mistake(store: Store, token: AccessToken) -> None:
    await _granted(store)
    with pytest.raises(ValueError, match="access token"):
        await store.take_code(CODE_HASH, make_binding(), token, START)


async def test_a_reload_gets_the_grant_only_while_the_code_lives(store: Store) -> None:
    await _granted(store)
    assert await store.unredeemed_grant(HANDLE, START + 59) == make_grant()
    assert await store.unredeemed_grant(HANDLE, START + 60) is None
    assert await store.unredeemed_grant("another", START) is None


async def test_an_access_token_lives_until_it_expires(store: Store) -> None:
    await _granted(store)
    assert await store.take_code(CODE_HASH, make_binding(), make_access_token(), START) == make_grant()
    assert await store.grant_of_token(TOKEN_HASH, START + 299) == make_grant()
    assert await store.grant_of_token(TOKEN_HASH, START + 300) is None
    assert await store.grant_of_token(digest("another"), START) is None
