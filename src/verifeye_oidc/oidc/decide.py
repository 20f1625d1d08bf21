"""Who may be verified, and what a result is worth. Pure functions: every rule is a row of their tests."""

from collections.abc import Mapping
from dataclasses import dataclass

from verifeye_oidc.oidc.model import Client, Subject
from verifeye_oidc.verification.port import (
    Collection,
    EnrolmentPolicy,
    Event,
    Expired,
    Failed,
    FailureReason,
    LivenessMode,
    Order,
    Passed,
    Provenance,
    Verifier,
    VerifierResult,
)


@dataclass(frozen=True, slots=True)
class Admission:
    """With what a verification may begin."""

    external_id: str
    enrolment: Provenance | None


def admit(
    client: Client | None, collection: Collection | None, subject: Subject | None, new_external_id: str
) -> Admission | FailureReason:
    """Whether an identifier may be verified at all, decided before the browser goes anywhere.

    ``client`` None: the transaction serves an invitation. ``collection``: None when it is gone.
    ``subject``: who is known under the identifier. Somebody whose template was erased is unknown again, and
    keeps their external id.
    """
    if collection is None or not _serves(client, collection):
        return FailureReason.VERIFIER_MISSING
    external_id = new_external_id if subject is None else subject.external_id
    if client is not None and subject is not None and subject.enrolled is not None:
        if _satisfies(subject.enrolled, client, collection):
            return Admission(external_id, None)
        return FailureReason.NOT_ENROLLED
    enrolment = _enrolment(client, collection)
    return FailureReason.NOT_ENROLLED if enrolment is None else Admission(external_id, enrolment)


def judge(
    client: Client | None,
    collection: Collection | None,
    order: Order,
    subject: Subject | None,
    outcome: Passed | Failed | Expired,
) -> Passed | FailureReason:
    """Whether a result, read from the service itself, verifies the person of the order for this client."""
    if isinstance(outcome, Failed):
        return outcome.reason
    if isinstance(outcome, Expired):
        return FailureReason.TIME_OUT
    if collection is None or not _serves(client, collection) or not outcome.face_mode.compares:
        return FailureReason.VERIFIER_MISSING
    if not _all_passed(_required(client, collection), outcome.results):
        return FailureReason.VERIFIER_MISSING
    if subject is not None and subject.external_id != order.external_id:
        return FailureReason.ENROLMENT_CONFLICT
    if outcome.event is Event.ENROLLED:
        return outcome if _may_enrol(client, collection, order, outcome) else FailureReason.NOT_ENROLLED
    if client is None:
        return FailureReason.ENROLMENT_CONFLICT
    if subject is None or subject.enrolled is None:
        return FailureReason.NOT_ENROLLED
    return outcome if _satisfies(outcome.provenance, client, collection) else FailureReason.NOT_ENROLLED


def suffices(
    client: Client,
    collection: Collection,
    results: Mapping[Verifier, VerifierResult],
    provenance: Provenance,
) -> bool:
    """Whether a verification from before is one that this client would accept now."""
    return (
        _serves(client, collection)
        and _all_passed(_required(client, collection), results)
        and _satisfies(provenance, client, collection)
    )


def _serves(client: Client | None, collection: Collection) -> bool:
    """It compares faces, and is still the one that the client is bound to."""
    return collection.face.compares and (
        client is None or client.configuration_id == collection.configuration_id
    )


def _required(client: Client | None, collection: Collection) -> frozenset[Verifier]:
    """The client's list; an invitation has no client, and requires all that its configuration runs."""
    if client is not None:
        return client.required_verifiers | {Verifier.FACE}
    if collection.liveness is LivenessMode.DISABLED:
        return frozenset({Verifier.FACE})
    return frozenset({Verifier.FACE, Verifier.LIVENESS})


def _all_passed(required: frozenset[Verifier], results: Mapping[Verifier, VerifierResult]) -> bool:
    """Every required verifier said ``passed``, and none said ``failed``, required or not."""
    passed = {verifier for verifier, result in results.items() if result is VerifierResult.PASSED}
    return required <= passed and VerifierResult.FAILED not in results.values()


def _may_enrol(client: Client | None, collection: Collection, order: Order, outcome: Passed) -> bool:
    """The order allowed it under exactly this provenance, and the policies still do."""
    return outcome.provenance is order.enrolment and order.enrolment is _enrolment(client, collection)


def _enrolment(client: Client | None, collection: Collection) -> Provenance | None:
    """Under which provenance an unknown identifier may enrol here; None: it may not."""
    if client is None:
        never = collection.enrolment_policy is EnrolmentPolicy.NEVER
        return None if never else Provenance.INVITE
    policy = collection.enrolment_policy.tightened_by(client.enrolment_policy)
    return Provenance.FIRST_USE if policy is EnrolmentPolicy.FIRST_USE else None


def _satisfies(provenance: Provenance, client: Client, collection: Collection) -> bool:
    """Whether a template of this provenance is good enough for both policies.

    ``never`` forbids new templates and says nothing about the ones that exist: it closes a collection, also
    one that people enrolled in by first use, and locks none of them out. So a configuration that goes from
    ``invite`` to ``never`` accepts first-use templates again that it refused before. Whoever wants nobody new
    and the invited only leaves ``invite`` on the one side and sets ``never`` on the other: both hold.
    """
    policies = {collection.enrolment_policy, client.enrolment_policy} - {None, EnrolmentPolicy.NEVER}
    return all(provenance.at_least(Provenance(policy)) for policy in policies if policy is not None)
