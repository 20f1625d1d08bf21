"""The verification service of sandbox mode: no camera looks, whoever signs in says how it ends.

Everything else is real: the signed URLs, the session of one browser, the pending template of an enrolment. A
person enrols with a made-up template, so that a second pass is a match, and every policy applies as always.
"""

import hashlib
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from verifeye_oidc.clock import Clock
from verifeye_oidc.ids import Ids
from verifeye_oidc.storage.port import ConfigurationStore, GalleryStore, SessionStore
from verifeye_oidc.verification.port import (
    Event,
    FailureReason,
    LivenessMode,
    Provenance,
    Verifier,
    VerifierResult,
)
from verifeye_oidc.verifier.model import (
    NOTHING_SINCE,
    Configuration,
    SessionResult,
    StoredTemplate,
    VerificationSession,
)
from verifeye_oidc.verifier.sessions import DECISION_SECONDS, Sessions, without_capture

PASS = "pass"  # noqa: S105 - a word for an outcome
RECIPE_ID = "sandbox"
"""Of a made-up template: comparing it with a face raises."""

_DIMENSIONS = 128


@dataclass(frozen=True, slots=True)
class Failure:
    """A way to fail that can be chosen."""

    label: str
    reason: FailureReason


FAILURES: Mapping[str, Failure] = MappingProxyType(
    {
        "mismatch": Failure("Another person's face", FailureReason.MISMATCH),
        "spoof": Failure("Not a living person (spoof)", FailureReason.SPOOF),
        "cancelled": Failure("The person cancels", FailureReason.CANCELLED),
        "no_camera": Failure("No camera", FailureReason.NO_CAMERA),
        "too_many_captures": Failure("Too many captures", FailureReason.MISMATCH),
        "consent_declined": Failure("Consent declined", FailureReason.CONSENT_DECLINED),
        "not_enrolled": Failure("Not enrolled", FailureReason.NOT_ENROLLED),
        "enrolment_not_allowed": Failure("Enrolment not allowed", FailureReason.NOT_ENROLLED),
        "locked": Failure("Locked", FailureReason.NOT_ENROLLED),
        "duplicate": Failure("The face is enrolled under another name", FailureReason.DUPLICATE),
        "time_out": Failure("Time-out of the person", FailureReason.TIME_OUT),
        "service_unavailable": Failure("Service down or overloaded", FailureReason.SERVICE_UNAVAILABLE),
    }
)
"""By the name that the page and the setting `sandbox_outcome` use. Several are one and the same to the
client; where the product makes no difference either, they share a reason."""


class SandboxStore(ConfigurationStore, SessionStore, GalleryStore, Protocol):
    """What the service keeps."""


class Sandbox:
    """Stands where `VerificationService` stands in the other modes."""

    def __init__(self, *, store: SandboxStore, clock: Clock, ids: Ids, automatic: str = "") -> None:
        """``automatic``: `PASS` or one of `FAILURES` answers every session at once; empty: the page asks."""
        if automatic not in ("", PASS, *FAILURES):
            raise ValueError(f"there is no outcome {automatic!r}")
        self._store = store
        self._clock = clock
        self._ids = ids
        self.automatic = automatic
        self.sessions = Sessions(configurations=store, sessions=store, clock=clock, ids=ids)

    async def configuration(self, configuration_id: str) -> Configuration | None:
        return await self._store.configuration(configuration_id)

    async def session_result(self, session_id: str) -> VerificationSession | None:
        """A session as it is stored, for the provider only."""
        return await self._store.session(session_id)

    async def event_of_pass(self, session: VerificationSession) -> Event | None:
        """What a pass would be: a match, a first enrolment, or None: it cannot pass."""
        known = await self._store.active_template(session.configuration_id, session.external_id)
        if known is not None:
            return Event.MATCHED
        return None if session.enrolment is None else Event.ENROLLED

    async def settle(self, session: VerificationSession, outcome: str) -> None:
        """End a session with `PASS` or one of `FAILURES`; one that has a result keeps it.

        Raises KeyError for another outcome.
        """
        await self._store.finish_session(session.session_id, await self.judge(session, outcome))

    async def judge(self, session: VerificationSession, outcome: str) -> SessionResult:
        """The result that an outcome is for this session; an enrolment's template is written as pending."""
        now = self._clock.now()
        if outcome == PASS:
            return await self._passed(session, now)
        return without_capture(FAILURES[outcome].reason, now)

    async def _passed(self, session: VerificationSession, now: int) -> SessionResult:
        known = await self._store.active_template(session.configuration_id, session.external_id)
        if known is not None:
            return await self._result(session, Event.MATCHED, known.provenance, now)
        if session.enrolment is None:
            return without_capture(FailureReason.NOT_ENROLLED, now)
        candidate = self._made_up(session, session.enrolment, now)
        if not await self._store.enrol_pending(candidate, NOTHING_SINCE, lambda _: True):
            return without_capture(FailureReason.ENROLMENT_CONFLICT, now)
        return await self._result(session, Event.ENROLLED, session.enrolment, now)

    async def _result(
        self, session: VerificationSession, event: Event, provenance: Provenance, now: int
    ) -> SessionResult:
        configuration = await self.sessions.configuration_of(session)
        disabled = configuration.liveness is LivenessMode.DISABLED
        results = {
            Verifier.FACE: VerifierResult.PASSED,
            Verifier.LIVENESS: VerifierResult.NOT_EXECUTED if disabled else VerifierResult.PASSED,
        }
        return SessionResult(True, results, now, event=event, provenance=provenance)

    def _made_up(self, session: VerificationSession, provenance: Provenance, now: int) -> StoredTemplate:
        return StoredTemplate(
            template_id=self._ids.guid(),
            configuration_id=session.configuration_id,
            external_id=session.external_id,
            vector=_random_direction(self._ids.key()),
            model_sha256=hashlib.sha256(RECIPE_ID.encode()).hexdigest(),
            recipe_id=RECIPE_ID,
            provenance=provenance,
            session_id=session.session_id,
            created_at=now,
            pending_until=session.expires_at + DECISION_SECONDS,
        )


def _random_direction(seed: bytes) -> bytes:
    """A template's bytes (float32[128], little endian, unit norm) that are nobody's face."""
    numbers = struct.unpack(f"<{_DIMENSIONS}i", hashlib.shake_256(seed).digest(4 * _DIMENSIONS))
    norm = math.hypot(*numbers)
    return struct.pack(f"<{_DIMENSIONS}f", *(number / norm for number in numbers))
