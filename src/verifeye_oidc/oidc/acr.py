"""Authentication context classes: each is a set of verifiers that must have passed."""

from collections.abc import Mapping, Sequence

from verifeye_oidc.oidc.model import Outcome
from verifeye_oidc.verification.port import Collection, Event, LivenessMode, Verifier, VerifierResult

ACR_FACE = "urn:verifeye-oidc:acr:face"
ACR_FACE_LIVE = "urn:verifeye-oidc:acr:face-live"

ACR: Mapping[str, frozenset[Verifier]] = {
    ACR_FACE_LIVE: frozenset({Verifier.FACE, Verifier.LIVENESS}),
    ACR_FACE: frozenset({Verifier.FACE}),
}
"""What must have passed for each, strongest first. More than these (advanced liveness, a device key) nobody
reaches here."""


def reached(outcome: Outcome) -> Sequence[str]:
    """What a verification reached, strongest first. A first capture compared nothing, and reaches nothing."""
    if outcome.event is not Event.MATCHED:
        return ()
    passed = {verifier for verifier, result in outcome.results.items() if result is VerifierResult.PASSED}
    return [acr for acr, needed in ACR.items() if needed <= passed]


def reachable(collection: Collection) -> Sequence[str]:
    """What a verification under this configuration can reach."""
    executed = {Verifier.FACE} if collection.face.compares else set()
    if collection.liveness is not LivenessMode.DISABLED:
        executed.add(Verifier.LIVENESS)
    return [acr for acr, needed in ACR.items() if needed <= executed]
