"""The storage port: decisions become grants, and invitations enrol."""

import pytest

from tests.support.builders import (
    CONFIGURATION_ID,
    EXTERNAL_ID,
    HANDLE,
    IDENTIFIER,
    INVITATION,
    SESSION_ID,
    make_grant,
    make_invitation,
    make_invitation_transaction,
    make_outcome,
    make_subject,
    make_template,
    make_transaction,
)
from tests.support.fakes import START
from tests.support.stores import bring_to_decision, enrol, grant_enrolled, known_provenance, make_known
from verifeye_oidc.ids import digest
from verifeye_oidc.oidc.model import TransactionState
from verifeye_oidc.storage.port import Store
from verifeye_oidc.verification.port import Event, FailureReason, Provenance


async def _state(store: Store) -> TransactionState:
    transaction = await store.transaction(HANDLE)
    assert transaction is not None
    return transaction.state


async def _is_untouched(store: Store) -> bool:
    """A refused grant wrote nothing."""
    return (
        await _state(store) is TransactionState.DECIDING
        and await store.unredeemed_grant(HANDLE, START) is None
        and await store.active_template(CONFIGURATION_ID, EXTERNAL_ID) is None
    )


async def _granted(store: Store) -> None:
    await make_known(store)
    await bring_to_decision(store, enrolment=None)
    assert await store.grant(make_grant(), make_subject(), SESSION_ID, START)


# The grant


async def test_a_first_capture_becomes_person_template_and_grant(store: Store) -> None:
    await bring_to_decision(store)
    assert await enrol(store)
    assert await store.subject(CONFIGURATION_ID, IDENTIFIER) is None
    assert await grant_enrolled(store)
    assert await _state(store) is TransactionState.GRANTED
    assert await store.subject(CONFIGURATION_ID, IDENTIFIER) == make_subject(enrolled=Provenance.FIRST_USE)
    assert await store.active_template(CONFIGURATION_ID, EXTERNAL_ID) == make_template(pending_until=None)
    expected = make_grant(outcome=make_outcome(event=Event.ENROLLED))
    assert await store.unredeemed_grant(HANDLE, START) == expected


async def test_a_match_becomes_a_grant_and_leaves_the_person_as_they_are(store: Store) -> None:
    await make_known(store)
    before = await store.template_changes(CONFIGURATION_ID, 0)
    await bring_to_decision(store, enrolment=None)
    assert await store.grant(make_grant(), make_subject(created_at=START + 99), SESSION_ID, START)
    assert await store.subject(CONFIGURATION_ID, IDENTIFIER) == make_subject(enrolled=Provenance.FIRST_USE)
    assert await store.template_changes(CONFIGURATION_ID, 0) == before


async def test_a_decision_is_granted_once(store: Store) -> None:
    await _granted(store)
    again = make_grant(code_hash=digest("another code"))
    assert not await store.grant(again, make_subject(), SESSION_ID, START)
    assert await store.unredeemed_grant(HANDLE, START) == make_grant()


async def test_a_lost_lease_grants_nothing(store: Store) -> None:
    await bring_to_decision(store)
    assert await enrol(store)
    await store.release(HANDLE)
    assert not await grant_enrolled(store)
    assert await store.refuse(HANDLE, FailureReason.CANCELLED)
    assert not await grant_enrolled(store)
    assert await store.subject(CONFIGURATION_ID, IDENTIFIER) is None


async def test_a_decision_is_about_the_person_whose_verification_began(store: Store) -> None:
    await bring_to_decision(store, external_id="somebody-else")
    assert await enrol(store)
    assert not await grant_enrolled(store)
    assert await _is_untouched(store)


async def test_an_enrolment_without_a_template_grants_nothing(store: Store) -> None:
    await bring_to_decision(store)
    assert not await grant_enrolled(store)
    assert await _is_untouched(store)


@pytest.mark.parametrize(
    "template",
    [
        make_template(session_id="another-session"),
        make_template(external_id="another-person"),
        make_template(configuration_id="another-collection"),
        make_template(pending_until=START),
        make_template(provenance=Provenance.INVITE),
    ],
    ids=["session", "person", "collection", "lapsed", "provenance"],
)
async def test_only_the_template_of_this_very_verification_is_committed(
    store: Store, template: object
) -> None:
    assert isinstance(template, type(make_template()))
    await bring_to_decision(store)
    assert await enrol(store, template)
    assert not await grant_enrolled(store)
    assert await _is_untouched(store)


async def test_an_identifier_that_somebody_took_meanwhile_grants_nothing(store: Store) -> None:
    await make_known(store)
    late = make_transaction()
    await bring_to_decision(store, late, external_id="late")
    assert await enrol(store, make_template(template_id="late", external_id="late"))
    assert not await grant_enrolled(store, subject=make_subject(external_id="late", sub="sub-late"))
    assert await _state(store) is TransactionState.DECIDING
    assert await store.subject(CONFIGURATION_ID, IDENTIFIER) == make_subject(enrolled=Provenance.FIRST_USE)
    assert await store.active_template(CONFIGURATION_ID, "late") is None


async def test_a_second_template_of_a_person_grants_nothing(store: Store) -> None:
    await bring_to_decision(store)
    assert await enrol(store)
    await make_known_beside_pending(store)
    assert not await grant_enrolled(store)
    assert await _state(store) is TransactionState.DECIDING
    active = await store.active_template(CONFIGURATION_ID, EXTERNAL_ID)
    assert active is not None
    assert active.session_id == "first"


async def make_known_beside_pending(store: Store) -> None:
    await bring_to_decision(store, make_transaction(handle="first"))
    assert await enrol(store, make_template(template_id="first", session_id="first"))
    outcome = make_outcome(event=Event.ENROLLED)
    grant = make_grant(transaction="first", code_hash=bytes(32), outcome=outcome)
    assert await grant_enrolled(store, grant=grant, session_id="first")


@pytest.mark.parametrize("change", [{"sub": "another-sub"}, {"identifier": "eve@example.com"}])
async def test_an_external_id_never_changes_its_person(store: Store, change: dict[str, str]) -> None:
    await make_known(store)
    await bring_to_decision(store, enrolment=None)
    assert not await store.grant(make_grant(), make_subject(**change), SESSION_ID, START)
    assert await _state(store) is TransactionState.DECIDING


async def test_the_same_identifier_in_two_collections_is_two_people(store: Store) -> None:
    await make_known(store)
    elsewhere = make_transaction(configuration_id="elsewhere")
    await bring_to_decision(store, elsewhere, external_id="twin")
    person = {"configuration_id": "elsewhere", "external_id": "twin"}
    assert await enrol(store, make_template(template_id="twin", **person))
    twin = make_subject(sub="sub-of-twin", **person)
    assert await grant_enrolled(store, subject=twin)
    found = await store.subject("elsewhere", IDENTIFIER)
    assert found is not None
    assert found.sub == "sub-of-twin"
    assert (await store.subject(CONFIGURATION_ID, IDENTIFIER)) == make_subject(enrolled=Provenance.FIRST_USE)


@pytest.mark.parametrize("identifier", ["", "ADA@example.com", "ada@example.co", "bob"])
async def test_no_person_answers_to_another_identifier(store: Store, identifier: str) -> None:
    await make_known(store)
    assert await known_provenance(store, identifier) is None
    assert await store.subject("another", IDENTIFIER) is None


async def test_a_pending_template_says_nothing_about_the_person_yet(store: Store) -> None:
    await bring_to_decision(store, enrolment=None)
    assert await store.grant(make_grant(), make_subject(), SESSION_ID, START)
    assert await enrol(store)
    assert await store.subject(CONFIGURATION_ID, IDENTIFIER) == make_subject(enrolled=None)


# Invitations


async def _invited(store: Store, **changes: object) -> None:
    await store.add_invitation(make_invitation(**changes))
    await bring_to_decision(store, make_invitation_transaction(), enrolment=Provenance.INVITE)
    assert await enrol(store, make_template(provenance=Provenance.INVITE))


async def test_an_invitation_enrols_and_is_used_up(store: Store) -> None:
    await _invited(store)
    assert await store.enrol_invited(HANDLE, make_subject(), SESSION_ID, START + 1)
    assert await known_provenance(store, IDENTIFIER) is Provenance.INVITE
    assert await store.invitation(digest(INVITATION)) == make_invitation(used_at=START + 1)
    assert await _state(store) is TransactionState.GRANTED
    assert await store.unredeemed_grant(HANDLE, START) is None
    assert not await store.enrol_invited(HANDLE, make_subject(), SESSION_ID, START + 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"used_at": START},
        {"expires_at": START},
        {"identifier": "eve@example.com"},
        {"configuration_id": "another"},
        {"invitation_hash": digest("another")},
    ],
    ids=["used", "expired", "identifier", "collection", "unknown"],
)
async def test_an_invitation_that_does_not_hold_enrols_nobody(
    store: Store, changes: dict[str, object]
) -> None:
    await _invited(store, **changes)
    assert not await store.enrol_invited(HANDLE, make_subject(), SESSION_ID, START)
    assert await _is_untouched(store)
    assert await store.subject(CONFIGURATION_ID, IDENTIFIER) is None


async def test_an_invitation_without_a_template_enrols_nobody(store: Store) -> None:
    await store.add_invitation(make_invitation())
    await bring_to_decision(store, make_invitation_transaction(), enrolment=Provenance.INVITE)
    assert not await store.enrol_invited(HANDLE, make_subject(), SESSION_ID, START)
    assert await store.invitation(digest(INVITATION)) == make_invitation()


async def test_invitations_and_requests_end_differently(store: Store) -> None:
    await _invited(store)
    assert not await grant_enrolled(store)
    assert await _is_untouched(store)
    await bring_to_decision(store, make_transaction(handle="a-request"))
    assert not await store.enrol_invited("a-request", make_subject(), SESSION_ID, START)
