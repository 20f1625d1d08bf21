"""Stores for tests, and the ways of a transaction through one."""

from pathlib import Path
from typing import Any

from tests.support.builders import (
    ACCESS_TOKEN,
    CODE,
    CONFIGURATION_ID,
    EXTERNAL_ID,
    HANDLE,
    IDENTIFIER,
    SESSION_ID,
    make_access_token,
    make_binding,
    make_grant,
    make_outcome,
    make_refresh_token,
    make_subject,
    make_template,
    make_transaction,
)
from tests.support.fakes import START
from verifeye_oidc.ids import digest
from verifeye_oidc.keys.vault import MasterKey, MasterKeys, Vault
from verifeye_oidc.oidc.model import Grant, Subject, Transaction
from verifeye_oidc.storage.port import Store
from verifeye_oidc.storage.port_people import Erasure, ErasureScope
from verifeye_oidc.storage.sqlite import open_sqlite
from verifeye_oidc.verification.port import Event, Provenance
from verifeye_oidc.verifier.model import StoredTemplate

TEST_KEY = MasterKey("test", bytes(range(32)))
TEST_VAULT = Vault(MasterKeys((TEST_KEY,), TEST_KEY))


def open_store(adapter: str, path: Path, mode: str = "embedded", region: str = "eu") -> Store:
    """Open a store of the named adapter under the tests' master key."""
    assert adapter == "sqlite"
    return open_sqlite(path, TEST_VAULT, mode=mode, region=region)


async def bring_to_decision(
    store: Store,
    transaction: Transaction | None = None,
    *,
    external_id: str = EXTERNAL_ID,
    enrolment: Provenance | None = Provenance.FIRST_USE,
) -> Transaction:
    """Write a transaction and take it to `deciding`, leased for ten seconds."""
    transaction = transaction or make_transaction()
    await store.add_transaction(transaction)
    assert await store.begin_verification(transaction.handle, external_id, enrolment)
    assert await store.lease(transaction.handle, START, START + 10)
    return transaction


async def enrol(store: Store, template: StoredTemplate | None = None) -> bool:
    """Write a template as pending, whoever else is there."""
    return await store.enrol_pending(template or make_template(), 0, lambda _: True)


async def grant_enrolled(
    store: Store,
    *,
    handle: str = HANDLE,
    grant: Grant | None = None,
    subject: Subject | None = None,
    session_id: str = SESSION_ID,
    now: int = START,
) -> bool:
    """Grant what a first capture earned."""
    grant = grant or make_grant(transaction=handle, outcome=make_outcome(event=Event.ENROLLED))
    return await store.grant(grant, subject or make_subject(), session_id, now)


async def make_known(store: Store) -> None:
    """Ada, enrolled on first use by a transaction of her own."""
    await bring_to_decision(store, make_transaction(handle="first"))
    assert await enrol(store, make_template(session_id="first"))
    grant = make_grant(transaction="first", code_hash=bytes(32), outcome=make_outcome(event=Event.ENROLLED))
    assert await grant_enrolled(store, grant=grant, session_id="first")


async def make_granted(store: Store, handle: str = HANDLE, code: str = CODE, **changes: Any) -> Grant:
    """Ada, matched for `acme`: her code waits to be taken."""
    if await store.subject(CONFIGURATION_ID, IDENTIFIER) is None:
        await make_known(store)
    await bring_to_decision(store, make_transaction(handle=handle), enrolment=None)
    grant = make_grant(transaction=handle, code_hash=digest(code), **changes)
    assert await store.grant(grant, make_subject(), SESSION_ID, START)
    return grant


async def make_refreshable(store: Store, handle: str = HANDLE, code: str = CODE, **changes: Any) -> Grant:
    """As `make_granted`, and her code was taken; the changes are those of her refresh token."""
    grant = await make_granted(store, handle, code)
    token_hash = digest(ACCESS_TOKEN if code == CODE else f"token of {code}")
    access = make_access_token(token_hash=token_hash, code_hash=grant.code_hash)
    refresh = make_refresh_token(code_hash=grant.code_hash, **changes)
    assert await store.take_code(grant.code_hash, make_binding(), access, START, refresh) == grant
    return grant


async def grant_of_token(store: Store, token_hash: bytes, now: int) -> Grant | None:
    """The grant that a live access token reads."""
    found = await store.access_token(token_hash, now)
    return None if found is None else found[1]


async def make_unknown(store: Store) -> None:
    """Ada, erased."""
    erasure = Erasure("receipt", ErasureScope.PERSON, through=START, mark=bytes(32))
    assert await store.erase(erasure, CONFIGURATION_ID, EXTERNAL_ID, START)


async def known_provenance(store: Store, identifier: str) -> Provenance | None:
    subject = await store.subject(CONFIGURATION_ID, identifier)
    return None if subject is None else subject.enrolled
