"""The values of the embedded verification service."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from verifeye_oidc.verification.port import (
    Collection,
    EnrolmentPolicy,
    Event,
    FaceMode,
    FailureReason,
    LivenessMode,
    Provenance,
    Verifier,
    VerifierResult,
)


@dataclass(frozen=True, slots=True)
class Configuration:
    """A verification configuration. Its gallery (collection) and its signing keys are its own."""

    configuration_id: str
    name: str
    face: FaceMode
    liveness: LivenessMode
    enrolment_policy: EnrolmentPolicy
    passed_url: str
    failed_url: str
    signing_key: bytes
    """256 bits, at rest under the master key: signs verification URLs and results."""
    previous_signing_key: bytes | None = None
    false_match_rate: float = 1e-5
    retention_unused_days: int | None = None
    """Erase a face that decided no sign-in for so many days; None: it may rest."""
    retention_days: int | None = None
    """Erase a face so many days after it was enrolled, however often it is used; None: no limit."""

    @property
    def collection(self) -> Collection:
        return Collection(self.configuration_id, self.name, self.face, self.liveness, self.enrolment_policy)


class SessionState(StrEnum):
    """consent -> capture -> passed | failed. The last two are final and carry a result."""

    CONSENT = "consent"
    CAPTURE = "capture"
    PASSED = "passed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SessionResult:
    """What a session found; written once, read by the provider server to server."""

    passed: bool
    results: Mapping[Verifier, VerifierResult]
    finished_at: int
    event: Event | None = None
    provenance: Provenance | None = None
    reason: FailureReason | None = None


@dataclass(frozen=True, slots=True)
class VerificationSession:
    """One opened verification URL, claimed by the browser that opened it first."""

    session_id: str
    nonce: str
    """From the signed URL; unique, so that a URL opens one session only."""
    configuration_id: str
    browser_hash: bytes
    external_id: str
    enrolment: Provenance | None
    custom: tuple[tuple[str, str], ...]
    """The caller's own parameters, in order, that go back on the result URL."""
    state: SessionState
    captures: int
    created_at: int
    expires_at: int
    result: SessionResult | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person was told before the camera was asked for, and what they answered (GDPR Art. 7(1))."""

    session_id: str
    configuration_id: str
    external_id: str
    accepted: bool
    text_version: str
    text_sha256: str
    locale: str
    at: int


@dataclass(frozen=True, slots=True)
class StoredTemplate:
    """A face template and where it came from. Pending until the provider's decision commits it."""

    template_id: str
    configuration_id: str
    external_id: str
    vector: bytes
    """float32[128], little endian, unit norm; at rest under a key of its subject."""
    model_sha256: str
    recipe_id: str
    provenance: Provenance
    session_id: str
    created_at: int
    pending_until: int | None
    """UTC epoch seconds after which a pending template is nobody's; None: active."""


@dataclass(frozen=True, slots=True)
class TemplateChange:
    """A step of a collection's change sequence: a template that came (pending or active) or went (None)."""

    sequence: int
    template_id: str
    template: StoredTemplate | None


NOTHING_SINCE = 2**63 - 1
"""A sequence number that no change comes after: whoever compares with nobody reads nobody's template."""
