"""The verification service over a real SQLite file, with people enrolled the way the provider enrols them."""

from dataclasses import dataclass, replace
from typing import Any

from tests.support.builders import (
    make_configuration,
    make_grant,
    make_session,
    make_subject,
    make_template,
    make_transaction,
)
from tests.support.fakes import FixedClock, SeededIds
from tests.support.scripted_engine import template as face_template
from tests.support.stores import bring_to_decision, grant_enrolled
from verifeye_oidc.faces import Engine
from verifeye_oidc.ids import digest
from verifeye_oidc.storage.port import Store
from verifeye_oidc.verifier.model import StoredTemplate
from verifeye_oidc.verifier.service import VerificationService


async def enrol(store: Store, template: StoredTemplate) -> None:
    """Write a template as pending and let a grant make it active."""
    handle, identifier = f"enrolment-of-{template.external_id}", f"{template.external_id}@example.com"
    configuration_id, external_id = template.configuration_id, template.external_id
    session_id = f"session-{handle}"
    assert await store.enrol_pending(replace(template, session_id=session_id), 0, lambda _: True)
    await bring_to_decision(
        store,
        make_transaction(handle=handle, identifier=identifier, configuration_id=configuration_id),
        external_id=external_id,
        enrolment=template.provenance,
    )
    assert await grant_enrolled(
        store,
        grant=make_grant(transaction=handle, code_hash=digest(handle)),
        subject=make_subject(
            external_id=external_id,
            configuration_id=configuration_id,
            identifier=identifier,
            sub=f"sub-of-{external_id}",
        ),
        session_id=session_id,
    )


@dataclass
class Room:
    """A service, and the session of Ada in capture."""

    store: Store
    service: VerificationService
    clock: FixedClock

    async def enrolled(self, *, face: int, **changes: Any) -> None:
        """Give a person (Ada unless said otherwise) an active template of this face."""
        await enrol(self.store, make_template(vector=face_template(face).to_bytes(), **changes))


async def furnish(store: Store, engine: Engine, clock: FixedClock) -> Room:
    service = VerificationService(store=store, engine=engine, clock=clock, ids=SeededIds())
    await store.add_configuration(make_configuration())
    await store.open_session(make_session())
    return Room(store, service, clock)
