"""The words that the protocol and a verification service share, and the two calls between them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class FaceMode(StrEnum):
    """What a configuration does with a face, in VerifEye's own words."""

    DISABLED = "Disabled"
    CALCULATION_ONLY = "CalculationOnly"
    DUPLICATE_VERIFICATION = "DuplicateVerification"
    UNIQUE_MATCH_VERIFICATION = "UniqueMatchVerification"
    MATCH_VERIFICATION = "MatchVerification"

    @property
    def compares(self) -> bool:
        """Whether a passed result means that a face was compared with the named person's."""
        return self in (FaceMode.MATCH_VERIFICATION, FaceMode.UNIQUE_MATCH_VERIFICATION)


class LivenessMode(StrEnum):
    """Whether a bona fide presentation is required."""

    DISABLED = "Disabled"
    VERIFICATION = "Verification"


class EnrolmentPolicy(StrEnum):
    """What happens to an identifier that nobody has enrolled under yet."""

    FIRST_USE = "first_use"
    VOUCHED = "vouched"
    INVITE = "invite"
    NEVER = "never"

    def tightened_by(self, other: "EnrolmentPolicy | None") -> "EnrolmentPolicy":
        """The stricter of the two: a client may tighten its configuration's policy, never loosen it."""
        order = list(EnrolmentPolicy)
        return self if other is None else max(self, other, key=order.index)


class Provenance(StrEnum):
    """Why a template was allowed to be bound to an identifier, weakest first."""

    FIRST_USE = "first_use"
    VOUCHED = "vouched"
    INVITE = "invite"

    def at_least(self, other: "Provenance") -> bool:
        order = list(Provenance)
        return order.index(self) >= order.index(other)


class Verifier(StrEnum):
    """The checks that a client can require."""

    FACE = "face"
    LIVENESS = "liveness"


class VerifierResult(StrEnum):
    """What one verifier says. ``not_executed`` where it was required is a failure."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_EXECUTED = "not_executed"


class Event(StrEnum):
    """What a passed verification was: a comparison, or a first capture that compared nothing."""

    MATCHED = "matched"
    ENROLLED = "enrolled"


class FailureReason(StrEnum):
    """Why nobody was verified. For the log and the audit; the client hears one OAuth error."""

    MISMATCH = "mismatch"
    SPOOF = "spoof"
    DUPLICATE = "duplicate"
    CANCELLED = "cancelled"
    CONSENT_DECLINED = "consent_declined"
    NO_CAMERA = "no_camera"
    NOT_ENROLLED = "not_enrolled"
    ENROLMENT_CONFLICT = "enrolment_conflict"
    VERIFIER_MISSING = "verifier_missing"
    TIME_OUT = "time_out"
    SERVICE_UNAVAILABLE = "service_unavailable"
    LOGIN_REQUIRED = "login_required"
    """The request forbade to ask the person anything."""


@dataclass(frozen=True, slots=True)
class Collection:
    """A verification configuration as the protocol sees it. Its id is also its collection's."""

    configuration_id: str
    name: str
    face: FaceMode
    liveness: LivenessMode
    enrolment_policy: EnrolmentPolicy


@dataclass(frozen=True, slots=True)
class Order:
    """One verification that a transaction needs."""

    transaction: str
    """The transaction's handle: comes back on the result URL, and is no secret."""
    configuration_id: str
    external_id: str
    """The subject's opaque random id: an identifier never appears on a URL."""
    enrolment: Provenance | None
    """Under which provenance an unknown external id may enrol; None: it may not."""
    deadline: int
    """UTC epoch seconds after which no result is accepted."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A result, read from the service itself and bound to the order, that says that all verifiers passed."""

    session_id: str
    face_mode: FaceMode
    event: Event
    provenance: Provenance
    """Of the template that was matched, or that was enrolled just now."""
    results: Mapping[Verifier, VerifierResult]
    verified_at: int


@dataclass(frozen=True, slots=True)
class Failed:
    """A result, read from the service itself, that is final and not a pass."""

    reason: FailureReason
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class Expired:
    """The order's deadline passed before anybody was verified."""


class ResultRefused(Exception):
    """What the browser brought proves nothing. The transaction stays as it was and can still be finished."""


class ServiceUnavailable(Exception):
    """The verification service cannot answer now. Nothing is decided; ask again."""


class Verification(Protocol):
    """A verification service: embedded, hosted or sandbox. The protocol does not know which."""

    async def start(self, order: Order) -> str:
        """Return the URL at which the browser is verified for this order.

        Raises ServiceUnavailable.
        """

    async def complete(self, order: Order, query: str) -> Passed | Failed | Expired:
        """Judge the exact query string that a browser brought to verify-result.

        The query's signature is checked first; what decides is read from the service, server to server.
        Raises ResultRefused, ServiceUnavailable.
        """
