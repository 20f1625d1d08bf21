"""The verification service over a real SQLite file, with people enrolled the way the provider enrols them."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.support.builders import (
    make_configuration,
    make_grant,
    make_outcome,
    make_session,
    make_subject,
    make_template,
    make_transaction,
)
from tests.support.fakes import START, FixedClock, SeededIds
from tests.support.scripted_engine import template
from verifeye_oidc.faces import Engine
from verifeye_oidc.keys.vault import MasterKey, MasterKeys, Vault
from verifeye_oidc.storage.port import Store
from verifeye_oidc.storage.sqlite.store import open_sqlite
from verifeye_oidc.verifier.model import StoredTemplate
from verifeye_oidc.verifier.service import VerificationService


def open_store(folder: Path) -> Store:
    key = MasterKey("test", bytes(range(32)))
    return open_sqlite(folder / "provider.db", Vault(MasterKeys((key,), key)), mode="embedded", region="test")


async def enrol(store: Store, enrolled: StoredTemplate) -> None:
    """Write a template as pending and let a grant make it active."""
    handle, identifier = f"enrolment-of-{enrolled.external_id}", f"{enrolled.external_id}@example.com"
    pending = replace(enrolled, session_id=f"session-{handle}", pending_until=START + 600)
    assert await store.enrol_pending(pending, 0, lambda _: True)
    await store.add_transaction(
        make_transaction(handle=handle, identifier=identifier, configuration_id=enrolled.configuration_id)
    )
    assert await store.begin_verification(handle, enrolled.external_id, enrolled.provenance)
    assert await store.lease(handle, START, START + 10)
    subject = make_subject(
        external_id=enrolled.external_id,
        configuration_id=enrolled.configuration_id,
        identifier=identifier,
        sub=f"sub-{handle}",
    )
    outcome = make_outcome(sub=subject.sub, identifier=identifier, session_id=pending.session_id)
    grant = make_grant(code_hash=handle.encode().ljust(32, b"0")[:32], transaction=handle, outcome=outcome)
    assert await store.grant(grant, subject, pending.session_id, START)


@dataclass
class Room:
    """A service, and the session of Ada in capture."""

    store: Store
    service: VerificationService
    clock: FixedClock

    async def enrolled(self, *, face: int, **changes: Any) -> None:
        """Give a person (Ada unless said otherwise) an active template of this face."""
        await enrol(self.store, make_template(vector=template(face).to_bytes(), **changes))


async def furnish(store: Store, engine: Engine, clock: FixedClock) -> Room:
    service = VerificationService(store=store, engine=engine, clock=clock, ids=SeededIds())
    await store.add_configuration(make_configuration())
    await store.open_session(make_session())
    return Room(store, service, clock)
