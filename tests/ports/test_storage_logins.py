"""OP sessions in the storage port: begun with a grant, answered from, and ended for good."""

from pathlib import Path

import pytest

from tests.support.builders import (
    CODE,
    CONFIGURATION_ID,
    EXTERNAL_ID,
    HANDLE,
    IDENTIFIER,
    LOGIN_SECRET,
    SESSION_ID,
    make_grant,
    make_invitation_transaction,
    make_login,
    make_subject,
    make_transaction,
)
from tests.support.fakes import START
from tests.support.stores import bring_to_decision, make_known
from verifeye_oidc.ids import digest
from verifeye_oidc.oidc.model import Grant, TransactionState
from verifeye_oidc.storage.port import Store

HOUR = 3600
LOGIN = digest(LOGIN_SECRET)
OLDER = digest("an-older-session")


async def granted(store: Store, handle: str = HANDLE, login: str = LOGIN_SECRET, **more: bytes) -> bool:
    """A verification of Ada that begins a session."""
    if await store.subject(CONFIGURATION_ID, IDENTIFIER) is None:
        await make_known(store)
    await bring_to_decision(store, make_transaction(handle=handle), enrolment=None)
    grant = make_grant(transaction=handle, code_hash=digest(handle))
    begins = make_login(login_hash=digest(login))
    return await store.grant(grant, make_subject(), SESSION_ID, START, begins, more.get("held"))


async def by_login(store: Store, handle: str = "next", now: int = START) -> bool:
    grant = make_grant(transaction=handle, code_hash=digest(f"code of {handle}"))
    return await store.grant_by_login(grant, make_login(), now)


async def test_a_session_begins_with_its_grant_and_is_read_back_whole(store: Store) -> None:
    assert await store.login(LOGIN, START) is None
    assert await granted(store)
    assert await store.login(LOGIN, START) == make_login()
    assert await store.login(OLDER, START) is None


async def test_a_session_expires(store: Store) -> None:
    await granted(store)
    expires_at = make_login().expires_at
    assert await store.login(LOGIN, expires_at - 1)
    assert await store.login(LOGIN, expires_at) is None


async def test_a_verification_ends_the_session_from_before(store: Store) -> None:
    await granted(store, "before", "an-older-session")
    await granted(store, "other browser", "of another browser")
    assert await granted(store, held=OLDER)
    assert await store.login(OLDER, START) is None
    assert await store.login(LOGIN, START)
    assert await store.login(digest("of another browser"), START)


@pytest.mark.parametrize(("identifier", "lives"), [(IDENTIFIER, True), ("bob@example.com", False)])
async def test_a_verification_that_begins_no_session_ends_that_of_somebody_else(
    store: Store, identifier: str, lives: bool
) -> None:
    await granted(store)
    ada = identifier == IDENTIFIER
    subject = make_subject() if ada else make_subject(identifier=identifier, external_id="bob", sub="bob")
    await bring_to_decision(
        store,
        make_transaction(handle="next", identifier=identifier),
        external_id=subject.external_id,
        enrolment=None,
    )
    grant = make_grant(transaction="next", code_hash=digest("next"))
    assert await store.grant(grant, subject, SESSION_ID, START, held=LOGIN)
    assert (await store.login(LOGIN, START) is not None) is lives


async def test_a_grant_that_is_refused_leaves_the_sessions_as_they_were(store: Store) -> None:
    await granted(store, "before", "an-older-session")
    assert await store.grant(make_grant(), make_subject(), SESSION_ID, START, make_login(), OLDER) is False
    assert await store.login(LOGIN, START) is None
    assert await store.login(OLDER, START)


async def test_a_session_grants_once(store: Store) -> None:
    await granted(store)
    await store.add_transaction(make_transaction(handle="next", identifier=None))
    assert await by_login(store)
    transaction = await store.transaction("next")
    assert transaction
    assert (transaction.state, transaction.external_id) == (TransactionState.GRANTED, EXTERNAL_ID)
    assert isinstance(await store.unredeemed_grant("next", START), Grant)
    assert await by_login(store) is False


@pytest.mark.parametrize(
    "transaction",
    [
        make_transaction(handle="next", configuration_id="another"),
        make_invitation_transaction(handle="next"),
    ],
)
async def test_a_session_grants_no_other_kind_of_transaction(store: Store, transaction: object) -> None:
    await granted(store)
    await store.add_transaction(transaction)  # type: ignore[arg-type]
    assert await by_login(store) is False
    assert await store.unredeemed_grant("next", START) is None


async def test_a_session_grants_nothing_after_its_end(store: Store) -> None:
    await granted(store)
    await store.add_transaction(make_transaction(handle="next"))
    assert await by_login(store, now=make_login().expires_at) is False
    assert await store.end_login(LOGIN)
    assert await store.end_login(LOGIN) is False
    assert await by_login(store) is False
    transaction = await store.transaction("next")
    assert transaction
    assert transaction.state is TransactionState.CREATED


async def test_a_session_grants_nothing_that_is_being_verified(store: Store) -> None:
    await granted(store)
    await bring_to_decision(store, make_transaction(handle="next"), enrolment=None)
    assert await by_login(store) is False


async def test_sessions_are_purged(store: Store) -> None:
    await granted(store)
    expires_at = make_login().expires_at
    await store.purge(expires_at + HOUR - 1)
    assert await store.end_login(LOGIN)
    await granted(store, "again")
    await store.purge(expires_at + HOUR)
    assert await store.end_login(LOGIN) is False


async def test_who_is_in_a_session_is_sealed(store: Store, database: Path) -> None:
    await granted(store)
    at_rest = b"".join(file.read_bytes() for file in database.parent.iterdir())
    for secret in (IDENTIFIER, make_subject().sub + '"', LOGIN_SECRET, CODE):
        assert secret.encode() not in at_rest
