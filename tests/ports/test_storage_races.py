"""Two processes at once: of everything that may happen once, exactly one does."""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.support.builders import (
    CLIENT_ID,
    CONFIGURATION_ID,
    IDENTIFIER,
    INVITATION,
    SESSION_ID,
    face_vector,
    make_access_token,
    make_binding,
    make_grant,
    make_invitation,
    make_invitation_transaction,
    make_key,
    make_login,
    make_outcome,
    make_refresh_token,
    make_session,
    make_subject,
    make_template,
    make_transaction,
)
from tests.support.fakes import START
from tests.support.racers import Racers, two_racers
from tests.support.stores import bring_to_decision, enrol, grant_enrolled, grant_of_token, make_refreshable
from verifeye_oidc.ids import digest
from verifeye_oidc.oidc.model import Grant, Subject
from verifeye_oidc.storage.port import Store
from verifeye_oidc.verification.port import Event, Provenance
from verifeye_oidc.verifier.model import StoredTemplate, TemplateChange

ROUNDS = 12
ONE_EACH = [1] * ROUNDS


@pytest.fixture(scope="module")
def racers() -> Iterator[Racers]:
    with two_racers() as pair:
        yield pair


def _person(number: int, side: int) -> Subject:
    """Of each round, one identifier; on each side, a person of its own."""
    return make_subject(
        external_id=f"{number}-{side}", identifier=f"{number}@example.com", sub=f"sub-{number}-{side}"
    )


def _template(number: int, side: int, *, external_id: str, seed: int) -> StoredTemplate:
    name = f"{number}-{side}"
    return make_template(template_id=name, session_id=name, external_id=external_id, vector=face_vector(seed))


def _grant(number: int, side: int) -> Grant:
    name = f"{number}-{side}"
    outcome = make_outcome(event=Event.ENROLLED)
    return make_grant(transaction=name, code_hash=digest(name), outcome=outcome)


async def take_code(store: Store, side: int, number: int) -> bool:
    code = digest(f"code {number}")
    token = make_access_token(token_hash=digest(f"token {number} {side}"), code_hash=code)
    return isinstance(await store.take_code(code, make_binding(), token, START), Grant)


async def test_a_code_is_taken_by_one(store: Store, database: Path, racers: Racers) -> None:
    for number in range(ROUNDS):
        name = f"transaction {number}"
        await bring_to_decision(store, make_transaction(handle=name), enrolment=None)
        grant = make_grant(transaction=name, code_hash=digest(f"code {number}"))
        assert await store.grant(grant, make_subject(), "session", START)
    assert racers.race("sqlite", database, take_code, ROUNDS) == ONE_EACH
    for number in range(ROUNDS):  # the loser replayed, which revoked what the winner got
        for side in range(2):
            assert await grant_of_token(store, digest(f"token {number} {side}"), START) is None


async def rotate(store: Store, side: int, number: int) -> bool:
    presented = make_refresh_token(family_hash=digest(f"family {number}"), code_hash=digest(f"code {number}"))
    token = make_access_token(token_hash=digest(f"refreshed {number} {side}"), code_hash=presented.code_hash)
    return await store.rotate(presented, digest(f"successor {number} {side}"), token, START)


async def test_a_refresh_token_is_rotated_by_one(store: Store, database: Path, racers: Racers) -> None:
    for number in range(ROUNDS):
        await make_refreshable(
            store,
            handle=f"transaction {number}",
            code=f"code {number}",
            family_hash=digest(f"family {number}"),
        )
    assert racers.race("sqlite", database, rotate, ROUNDS) == ONE_EACH
    for number in range(ROUNDS):  # the loser replayed, which ended the family
        assert await store.refresh_token(digest(f"family {number}"), CLIENT_ID, START) is None
        for side in range(2):
            assert await grant_of_token(store, digest(f"refreshed {number} {side}"), START) is None


async def answer_by_session(store: Store, side: int, number: int) -> bool:
    """Two tabs of one browser, that hold its session."""
    grant = make_grant(transaction=str(number), code_hash=digest(f"{number}-{side}"))
    return await store.grant_by_login(grant, make_login(), START)


async def test_a_session_grants_a_transaction_once(store: Store, database: Path, racers: Racers) -> None:
    await bring_to_decision(store)
    assert await enrol(store)
    enrolled = make_grant(outcome=make_outcome(event=Event.ENROLLED))
    assert await store.grant(enrolled, make_subject(), SESSION_ID, START, make_login())
    for number in range(ROUNDS):
        await store.add_transaction(make_transaction(handle=str(number)))
    assert racers.race("sqlite", database, answer_by_session, ROUNDS) == ONE_EACH


async def lease(store: Store, side: int, number: int) -> bool:
    return await store.lease(str(number), START, START + 10)


async def test_a_lease_is_taken_by_one(store: Store, database: Path, racers: Racers) -> None:
    for number in range(ROUNDS):
        await store.add_transaction(make_transaction(handle=str(number)))
        assert await store.begin_verification(str(number), "person", None)
    assert racers.race("sqlite", database, lease, ROUNDS) == ONE_EACH


async def open_session(store: Store, side: int, number: int) -> bool:
    return await store.open_session(make_session(session_id=f"{number}-{side}", nonce=str(number)))


async def test_a_nonce_opens_a_session_for_one(store: Store, database: Path, racers: Racers) -> None:
    assert racers.race("sqlite", database, open_session, ROUNDS) == ONE_EACH


async def enrol_the_same_face(store: Store, side: int, number: int) -> bool:
    template = _template(number, side, external_id=f"{number}-{side}", seed=number)
    new = np.frombuffer(template.vector, "<f4")

    def is_new_face(changes: Sequence[TemplateChange]) -> bool:
        known = [change.template.vector for change in changes if change.template]
        return all(np.frombuffer(vector, "<f4") @ new < 0.9 for vector in known)

    return await store.enrol_pending(template, 0, is_new_face)


async def test_a_face_enrols_under_one_name(store: Store, database: Path, racers: Racers) -> None:
    assert racers.race("sqlite", database, enrol_the_same_face, ROUNDS) == ONE_EACH


async def enrol_the_same_person(store: Store, side: int, number: int) -> bool:
    """Two browsers of one known person without a template: both may capture, one is committed."""
    person = dataclasses.replace(_person(number, 0), created_at=START)
    template = _template(number, side, external_id=person.external_id, seed=side)
    await enrol(store, template)
    return await grant_enrolled(
        store, grant=_grant(number, side), subject=person, session_id=template.session_id
    )


async def test_a_person_gets_one_template(store: Store, database: Path, racers: Racers) -> None:
    for number in range(ROUNDS):
        for side in range(2):
            transaction = make_transaction(handle=f"{number}-{side}")
            await bring_to_decision(store, transaction, external_id=f"{number}-0")
    assert racers.race("sqlite", database, enrol_the_same_person, ROUNDS) == ONE_EACH
    changes = await store.template_changes(CONFIGURATION_ID, 0)
    active = [change.template for change in changes if change.template and not change.template.pending_until]
    assert len(active) == ROUNDS


async def grant_the_same_identifier(store: Store, side: int, number: int) -> bool:
    """Two browsers enrol under one identifier that nobody has yet."""
    person, name = _person(number, side), f"{number}-{side}"
    return await grant_enrolled(store, grant=_grant(number, side), subject=person, session_id=name)


async def test_an_identifier_becomes_one_person_s(store: Store, database: Path, racers: Racers) -> None:
    for number in range(ROUNDS):
        for side in range(2):
            name = f"{number}-{side}"
            await bring_to_decision(store, make_transaction(handle=name), external_id=name)
            assert await enrol(store, _template(number, side, external_id=name, seed=side))
    assert racers.race("sqlite", database, grant_the_same_identifier, ROUNDS) == ONE_EACH


async def use_the_invitation(store: Store, side: int, number: int) -> bool:
    subject = make_subject(external_id=f"{number}-{side}", sub=f"sub-{number}-{side}")
    return await store.enrol_invited(f"{number}-{side}", subject, f"{number}-{side}", START)


async def test_an_invitation_enrols_one(store: Store, database: Path, racers: Racers) -> None:
    await store.add_invitation(make_invitation())
    for side in range(2):
        name = f"0-{side}"
        await bring_to_decision(
            store,
            make_invitation_transaction(handle=name),
            external_id=name,
            enrolment=Provenance.INVITE,
        )
        template = _template(0, side, external_id=name, seed=side)
        assert await enrol(store, dataclasses.replace(template, provenance=Provenance.INVITE))
    assert racers.race("sqlite", database, use_the_invitation, 1) == [1]
    used = await store.invitation(digest(INVITATION))
    assert used is not None
    assert used.used_at == START
    assert await store.subject(CONFIGURATION_ID, IDENTIFIER) is not None


async def add_first_key(store: Store, side: int, number: int) -> bool:
    return await store.add_first_signing_key(make_key(kid=f"{number}-{side}", alg=f"ALG{number}"))


async def test_the_first_signing_key_is_one_s(store: Store, database: Path, racers: Racers) -> None:
    assert racers.race("sqlite", database, add_first_key, ROUNDS) == ONE_EACH
    assert len(await store.signing_keys()) == ROUNDS


async def test_two_processes_make_one_database(tmp_path: Path, racers: Racers) -> None:
    for number in range(20):
        path = tmp_path / f"new-{number}.db"
        assert racers.race("sqlite", path, add_first_key, 1) == [1]
