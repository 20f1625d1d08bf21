"""From one measurement to one result: liveness first, then the comparison or the enrolment."""

from verifeye_oidc.clock import Clock
from verifeye_oidc.faces import Measurement, Recipe, similarity
from verifeye_oidc.ids import Ids
from verifeye_oidc.storage.port import GalleryStore
from verifeye_oidc.verification.port import (
    Event,
    FaceMode,
    FailureReason,
    LivenessMode,
    Provenance,
    Verifier,
    VerifierResult,
)
from verifeye_oidc.verifier.gallery import Gallery, template_of
from verifeye_oidc.verifier.model import (
    NOTHING_SINCE,
    Configuration,
    SessionResult,
    StoredTemplate,
    VerificationSession,
)
from verifeye_oidc.verifier.sessions import DECISION_SECONDS


class Judge:
    """Decides what a capture proved. It writes nothing but the pending template of an enrolment."""

    def __init__(
        self, *, store: GalleryStore, gallery: Gallery, recipe: Recipe, clock: Clock, ids: Ids
    ) -> None:
        self._store = store
        self._gallery = gallery
        self._recipe = recipe
        self._clock = clock
        self._ids = ids

    async def judge(
        self, session: VerificationSession, configuration: Configuration, measurement: Measurement
    ) -> SessionResult:
        """Return the result that this capture would give the session.

        Raises RecipeMismatch when the person's template was made by another recipe, UnmeasuredRate when the
        configuration's false match rate has no measured threshold: neither is the person's fault, nor a pass.
        """
        liveness = _liveness(configuration, measurement)
        if liveness is VerifierResult.FAILED:
            return self._failed(FailureReason.SPOOF, liveness, VerifierResult.NOT_EXECUTED)
        stored = await self._store.active_template(configuration.configuration_id, session.external_id)
        if stored is not None:
            return self._compared(configuration, stored, measurement, liveness)
        if session.enrolment is None:
            return self._failed(FailureReason.NOT_ENROLLED, liveness, VerifierResult.NOT_EXECUTED)
        return await self._enrolled(session, configuration, session.enrolment, measurement, liveness)

    def _compared(
        self,
        configuration: Configuration,
        stored: StoredTemplate,
        measurement: Measurement,
        liveness: VerifierResult,
    ) -> SessionResult:
        threshold = self._recipe.threshold(configuration.false_match_rate)
        if similarity(template_of(stored), measurement.template) < threshold:
            return self._failed(FailureReason.MISMATCH, liveness, VerifierResult.FAILED)
        return self._passed(Event.MATCHED, stored.provenance, liveness)

    async def _enrolled(
        self,
        session: VerificationSession,
        configuration: Configuration,
        provenance: Provenance,
        measurement: Measurement,
        liveness: VerifierResult,
    ) -> SessionResult:
        now = self._clock.now()
        candidate = StoredTemplate(
            template_id=self._ids.guid(),
            configuration_id=configuration.configuration_id,
            external_id=session.external_id,
            vector=measurement.template.to_bytes(),
            model_sha256=measurement.template.model_sha256,
            recipe_id=measurement.template.recipe_id,
            provenance=provenance,
            session_id=session.session_id,
            created_at=now,
            pending_until=session.expires_at + DECISION_SECONDS,
        )
        duplicate = False
        if configuration.face is FaceMode.UNIQUE_MATCH_VERIFICATION:
            written, duplicate = await self._gallery.enrol_unique(candidate, now)
        else:
            written = await self._store.enrol_pending(candidate, NOTHING_SINCE, lambda _: True)
        if written:
            return self._passed(Event.ENROLLED, provenance, liveness)
        reason = FailureReason.DUPLICATE if duplicate else FailureReason.ENROLMENT_CONFLICT
        return self._failed(reason, liveness, VerifierResult.FAILED)

    def _passed(self, event: Event, provenance: Provenance, liveness: VerifierResult) -> SessionResult:
        results = {Verifier.FACE: VerifierResult.PASSED, Verifier.LIVENESS: liveness}
        return SessionResult(True, results, self._clock.now(), event=event, provenance=provenance)

    def _failed(self, reason: FailureReason, liveness: VerifierResult, face: VerifierResult) -> SessionResult:
        results = {Verifier.FACE: face, Verifier.LIVENESS: liveness}
        return SessionResult(False, results, self._clock.now(), reason=reason)


def _liveness(configuration: Configuration, measurement: Measurement) -> VerifierResult:
    """Where liveness is asked for, a measurement that says nothing about it is a failure."""
    if configuration.liveness is LivenessMode.DISABLED:
        return VerifierResult.NOT_EXECUTED
    return VerifierResult.PASSED if measurement.live is True else VerifierResult.FAILED
