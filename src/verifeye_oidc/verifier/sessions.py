"""A verification session from its URL to its result, for the one browser that opened it."""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from verifeye_oidc.clock import Clock
from verifeye_oidc.ids import Ids, digest
from verifeye_oidc.storage.port import ConfigurationStore, SessionStore
from verifeye_oidc.verification.port import FailureReason, Verifier, VerifierResult
from verifeye_oidc.verifier.consent import consent_text
from verifeye_oidc.verifier.errors import LinkGone, LinkInvalid, NotYours
from verifeye_oidc.verifier.links import Link, read_link
from verifeye_oidc.verifier.model import (
    Configuration,
    Consent,
    SessionResult,
    SessionState,
    VerificationSession,
)

SESSION_SECONDS = 3600
"""The longest that a session lasts, whatever its URL allows."""
DECISION_SECONDS = 60
"""How long after its session a pending template waits for the provider's decision."""

HeldSecret = Callable[[str], str | None]
"""The secret that the browser's cookie holds for a session id."""
Judged = Callable[[VerificationSession], Awaitable[SessionResult]]
"""What a session's result is, where nobody has to be asked."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A session that this browser may go on with."""

    session: VerificationSession
    new_secret: str | None
    """For the cookie of the browser that claimed it just now."""


class Sessions:
    """Opens sessions, and keeps everybody but the claimer out of them."""

    def __init__(
        self,
        *,
        configurations: ConfigurationStore,
        sessions: SessionStore,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._configurations = configurations
        self._sessions = sessions
        self._clock = clock
        self._ids = ids

    async def open(
        self, configuration_id: str, raw_query: bytes, held: HeldSecret, judged: Judged | None = None
    ) -> Opening:
        """Open the session of a verification URL, or find it again for the browser that claimed it.

        With ``judged`` a new session has its result from the start. Raises LinkInvalid, LinkGone.
        """
        configuration = await self._configurations.configuration(configuration_id)
        if configuration is None:
            raise LinkInvalid("there is no such configuration")
        if not configuration.face.compares:
            raise LinkInvalid(f"the face mode {configuration.face} is not served")
        link = read_link(configuration, raw_query)
        claimed = await self._claimed_before(link, configuration_id, held)
        if claimed is not None:
            return Opening(claimed, None)
        if link.expires_at <= self._clock.now():
            raise LinkGone("the URL has expired")
        secret = self._ids.secret()
        session = self._new(configuration_id, link, secret)
        if judged is not None:
            session = finished(session, await judged(session))
        if not await self._sessions.open_session(session):
            raise LinkGone("another browser was quicker")
        return Opening(session, secret)

    async def claimed(self, session_id: str, secret: str | None) -> VerificationSession:
        """The session, for the browser that claimed it. One whose time is over gets its result here.

        Raises NotYours.
        """
        session = await self._sessions.session(session_id)
        if session is None or not _claims(session, secret):
            raise NotYours
        if session.result is None and session.expires_at <= self._clock.now():
            return await self.fail(session, FailureReason.TIME_OUT)
        return session

    async def answer_consent(self, session: VerificationSession, *, accepted: bool) -> None:
        """Record what the person answered to the text that they saw; declining ends the session."""
        text = consent_text(await self.configuration_of(session))
        now = self._clock.now()
        consent = Consent(
            session_id=session.session_id,
            configuration_id=session.configuration_id,
            external_id=session.external_id,
            accepted=accepted,
            text_version=text.version,
            text_sha256=text.sha256,
            locale=text.locale,
            at=now,
        )
        declined = None if accepted else without_capture(FailureReason.CONSENT_DECLINED, now)
        await self._sessions.answer_consent(consent, declined)

    async def fail(self, session: VerificationSession, reason: FailureReason) -> VerificationSession:
        """End a session that verified nobody. One that has a result keeps it. Returns it as it is now."""
        result = without_capture(reason, self._clock.now())
        await self._sessions.finish_session(session.session_id, result)
        finished = await self._sessions.session(session.session_id)
        if finished is None:
            raise NotYours
        return finished

    async def configuration_of(self, session: VerificationSession) -> Configuration:
        """Raises NotYours when it was deleted meanwhile."""
        configuration = await self._configurations.configuration(session.configuration_id)
        if configuration is None:
            raise NotYours
        return configuration

    async def _claimed_before(
        self, link: Link, configuration_id: str, held: HeldSecret
    ) -> VerificationSession | None:
        session = await self._sessions.session_by_nonce(link.nonce)
        if session is None:
            return None
        if session.configuration_id != configuration_id or not _claims(session, held(session.session_id)):
            raise LinkGone("the URL was used already")
        return session

    def _new(self, configuration_id: str, link: Link, secret: str) -> VerificationSession:
        now = self._clock.now()
        return VerificationSession(
            session_id=self._ids.guid(),
            nonce=link.nonce,
            configuration_id=configuration_id,
            browser_hash=digest(secret),
            external_id=link.external_id,
            enrolment=link.enrolment,
            custom=link.custom,
            state=SessionState.CONSENT,
            captures=0,
            created_at=now,
            expires_at=min(link.expires_at, now + SESSION_SECONDS),
        )


def _claims(session: VerificationSession, secret: str | None) -> bool:
    return secret is not None and hmac.compare_digest(digest(secret), session.browser_hash)


def finished(session: VerificationSession, result: SessionResult) -> VerificationSession:
    """The session with its result."""
    return replace(
        session, state=SessionState.PASSED if result.passed else SessionState.FAILED, result=result
    )


def without_capture(reason: FailureReason, now: int) -> SessionResult:
    """The result of a session in which no verifier was executed to its end."""
    results = dict.fromkeys((Verifier.FACE, Verifier.LIVENESS), VerifierResult.NOT_EXECUTED)
    return SessionResult(False, results, now, reason=reason)
