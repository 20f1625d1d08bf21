"""Every rule of who may be verified, and of what a result is worth: one row each."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.builders import (
    CONFIGURATION_ID,
    EXTERNAL_ID,
    HANDLE,
    PASSED,
    SESSION_ID,
    make_client,
    make_configuration,
    make_subject,
)
from tests.support.fakes import START
from verifeye_oidc.oidc.decide import Admission, admit, judge
from verifeye_oidc.oidc.model import Client, Subject
from verifeye_oidc.verification.port import (
    Collection,
    EnrolmentPolicy,
    Event,
    Expired,
    FaceMode,
    Failed,
    FailureReason,
    LivenessMode,
    Order,
    Passed,
    Provenance,
    Verifier,
    VerifierResult,
)

FIRST_USE, VOUCHED, INVITE, NEVER = EnrolmentPolicy
NOT_ENROLLED, MISSING = FailureReason.NOT_ENROLLED, FailureReason.VERIFIER_MISSING
CONFLICT = FailureReason.ENROLMENT_CONFLICT
NEW = "a-new-external-id"
INVITATION = "invitation"
UNKNOWN = None
ERASED = make_subject()


def known(provenance: Provenance = Provenance.FIRST_USE) -> Subject:
    return make_subject(enrolled=provenance)


def collection(policy: EnrolmentPolicy = FIRST_USE, **changes: Any) -> Collection:
    return replace(make_configuration(enrolment_policy=policy).collection, **changes)


def client(policy: EnrolmentPolicy | str | None) -> Client | None:
    return None if policy == INVITATION else make_client(enrolment_policy=policy)


@pytest.mark.parametrize(
    ("configuration", "tightened", "subject", "expected"),
    [
        (FIRST_USE, None, UNKNOWN, Admission(NEW, Provenance.FIRST_USE)),
        (FIRST_USE, None, ERASED, Admission(EXTERNAL_ID, Provenance.FIRST_USE)),
        (FIRST_USE, None, known(), Admission(EXTERNAL_ID, None)),
        (VOUCHED, None, UNKNOWN, NOT_ENROLLED),
        (VOUCHED, None, known(), NOT_ENROLLED),
        (VOUCHED, None, known(Provenance.VOUCHED), Admission(EXTERNAL_ID, None)),
        (INVITE, None, UNKNOWN, NOT_ENROLLED),
        (INVITE, None, ERASED, NOT_ENROLLED),
        (INVITE, None, known(Provenance.VOUCHED), NOT_ENROLLED),
        (INVITE, None, known(Provenance.INVITE), Admission(EXTERNAL_ID, None)),
        (NEVER, None, UNKNOWN, NOT_ENROLLED),
        (NEVER, None, ERASED, NOT_ENROLLED),
        (NEVER, None, known(), Admission(EXTERNAL_ID, None)),
        (NEVER, INVITE, known(), NOT_ENROLLED),
        # a client tightens, and never loosens
        (FIRST_USE, INVITE, UNKNOWN, NOT_ENROLLED),
        (FIRST_USE, INVITE, known(), NOT_ENROLLED),
        (FIRST_USE, INVITE, known(Provenance.INVITE), Admission(EXTERNAL_ID, None)),
        (FIRST_USE, NEVER, UNKNOWN, NOT_ENROLLED),
        (FIRST_USE, NEVER, known(), Admission(EXTERNAL_ID, None)),
        (INVITE, FIRST_USE, UNKNOWN, NOT_ENROLLED),
        (INVITE, FIRST_USE, known(), NOT_ENROLLED),
        (INVITE, NEVER, known(), NOT_ENROLLED),
        (NEVER, FIRST_USE, UNKNOWN, NOT_ENROLLED),
        # an invitation
        (FIRST_USE, INVITATION, UNKNOWN, Admission(NEW, Provenance.INVITE)),
        (INVITE, INVITATION, UNKNOWN, Admission(NEW, Provenance.INVITE)),
        (INVITE, INVITATION, ERASED, Admission(EXTERNAL_ID, Provenance.INVITE)),
        (INVITE, INVITATION, known(), Admission(EXTERNAL_ID, Provenance.INVITE)),
        (NEVER, INVITATION, UNKNOWN, NOT_ENROLLED),
    ],
)
def test_who_may_be_verified(
    configuration: EnrolmentPolicy,
    tightened: EnrolmentPolicy | str | None,
    subject: Subject | None,
    expected: Admission | FailureReason,
) -> None:
    assert admit(client(tightened), collection(configuration), subject, NEW) == expected


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        collection(configuration_id="another"),
        collection(face=FaceMode.DISABLED),
        collection(face=FaceMode.CALCULATION_ONLY),
        collection(face=FaceMode.DUPLICATE_VERIFICATION),
    ],
)
def test_nothing_begins_and_nothing_passes_where_no_faces_are_compared(wrong: Collection | None) -> None:
    assert admit(make_client(), wrong, known(), NEW) is MISSING
    assert judge(make_client(), wrong, order(None), known(), passed()) is MISSING


def order(enrolment: Provenance | None) -> Order:
    return Order(HANDLE, CONFIGURATION_ID, EXTERNAL_ID, enrolment, START + 300)


def passed(**changes: Any) -> Passed:
    """A match of a template that was enrolled on first use."""
    outcome = Passed(
        session_id=SESSION_ID,
        face_mode=FaceMode.MATCH_VERIFICATION,
        event=Event.MATCHED,
        provenance=Provenance.FIRST_USE,
        results=PASSED,
        verified_at=START + 5,
    )
    return replace(outcome, **changes)


def enrolled(provenance: Provenance = Provenance.FIRST_USE, **changes: Any) -> Passed:
    return passed(event=Event.ENROLLED, provenance=provenance, **changes)


def results(face: str | None, liveness: str | None) -> dict[Verifier, VerifierResult]:
    said = {Verifier.FACE: face, Verifier.LIVENESS: liveness}
    return {verifier: VerifierResult(result) for verifier, result in said.items() if result}


FACE_ONLY = make_client(required_verifiers=frozenset({Verifier.FACE}))
LIVENESS_ONLY = make_client(required_verifiers=frozenset({Verifier.LIVENESS}))


@pytest.mark.parametrize(
    ("client", "said", "accepted"),
    [
        (make_client(), results("passed", "passed"), True),
        (make_client(), results("passed", "not_executed"), False),
        (make_client(), results("passed", "failed"), False),
        (make_client(), results("passed", None), False),
        (make_client(), results("not_executed", "passed"), False),
        (make_client(), results(None, "passed"), False),
        (make_client(), {}, False),
        (FACE_ONLY, results("passed", "not_executed"), True),
        (FACE_ONLY, results("passed", None), True),
        (FACE_ONLY, results("passed", "failed"), False),
        (FACE_ONLY, results("failed", "passed"), False),
        (LIVENESS_ONLY, results("not_executed", "passed"), False),
    ],
)
def test_every_required_verifier_decides(
    client: Client, said: dict[Verifier, VerifierResult], accepted: bool
) -> None:
    outcome = passed(results=said)
    expected = outcome if accepted else MISSING
    assert judge(client, collection(), order(None), known(), outcome) == expected


@pytest.mark.parametrize(
    ("liveness", "said", "accepted"),
    [
        (LivenessMode.VERIFICATION, results("passed", "passed"), True),
        (LivenessMode.VERIFICATION, results("passed", "not_executed"), False),
        (LivenessMode.DISABLED, results("passed", "not_executed"), True),
        (LivenessMode.DISABLED, results("not_executed", "not_executed"), False),
    ],
)
def test_an_invitation_requires_what_its_configuration_runs(
    liveness: LivenessMode, said: dict[Verifier, VerifierResult], accepted: bool
) -> None:
    outcome = enrolled(Provenance.INVITE, results=said)
    judged = judge(None, collection(liveness=liveness), order(Provenance.INVITE), None, outcome)
    assert judged == (outcome if accepted else MISSING)


@pytest.mark.parametrize(
    ("policy", "ordered", "subject", "outcome", "expected"),
    [
        (None, None, known(), passed(), "passed"),
        (None, None, known(), passed(provenance=Provenance.INVITE), "passed"),
        (INVITE, None, known(), passed(), NOT_ENROLLED),
        (VOUCHED, None, known(), passed(), NOT_ENROLLED),
        (VOUCHED, None, known(), passed(provenance=Provenance.INVITE), "passed"),
        (INVITE, None, known(), passed(provenance=Provenance.INVITE), "passed"),
        (NEVER, None, known(), passed(), "passed"),
        (None, None, UNKNOWN, passed(), NOT_ENROLLED),
        (None, None, ERASED, passed(), NOT_ENROLLED),  # erased while the camera ran
        (None, None, replace(known(), external_id="another"), passed(), CONFLICT),
        (None, None, known(), passed(face_mode=FaceMode.CALCULATION_ONLY), MISSING),
        (None, None, known(), passed(face_mode=FaceMode.DUPLICATE_VERIFICATION), MISSING),
        (None, Provenance.FIRST_USE, UNKNOWN, enrolled(), "passed"),
        (None, Provenance.FIRST_USE, ERASED, enrolled(), "passed"),
        (None, None, known(), enrolled(), NOT_ENROLLED),  # nobody allowed it
        (None, None, UNKNOWN, enrolled(), NOT_ENROLLED),
        (None, Provenance.FIRST_USE, UNKNOWN, enrolled(Provenance.INVITE), NOT_ENROLLED),
        (INVITE, Provenance.FIRST_USE, UNKNOWN, enrolled(), NOT_ENROLLED),  # tightened meanwhile
        (NEVER, Provenance.FIRST_USE, UNKNOWN, enrolled(), NOT_ENROLLED),
        (None, Provenance.FIRST_USE, replace(ERASED, external_id="another"), enrolled(), CONFLICT),
        (INVITATION, Provenance.INVITE, UNKNOWN, enrolled(Provenance.INVITE), "passed"),
        (INVITATION, Provenance.INVITE, UNKNOWN, enrolled(Provenance.FIRST_USE), NOT_ENROLLED),
        (INVITATION, Provenance.INVITE, known(), passed(), CONFLICT),  # nothing new to bind
        (None, None, known(), Failed(FailureReason.MISMATCH), FailureReason.MISMATCH),
        (None, None, known(), Failed(FailureReason.SPOOF), FailureReason.SPOOF),
        (None, None, known(), Expired(), FailureReason.TIME_OUT),
    ],
)
def test_what_a_result_is_worth(
    policy: EnrolmentPolicy | str | None,
    ordered: Provenance | None,
    subject: Subject | None,
    outcome: Passed | Failed | Expired,
    expected: str | FailureReason,
) -> None:
    judged = judge(client(policy), collection(), order(ordered), subject, outcome)
    assert judged == (outcome if expected == "passed" else expected)
