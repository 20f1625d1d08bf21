"""What the verification service keeps: sessions and consents."""

import sqlite3

from verifeye_oidc.storage.codec import Codec
from verifeye_oidc.storage.sqlite.connection import Database
from verifeye_oidc.verifier.model import (
    Consent,
    SessionResult,
    SessionState,
    VerificationSession,
)


class VerifierRows:
    """SessionStore."""

    _database: Database
    _codec: Codec

    async def open_session(self, session: VerificationSession) -> bool:
        row = self._codec.session_row(session)
        added = await self._database.write(
            lambda connection: (
                connection.execute(
                    "INSERT INTO sessions (session_id, nonce, configuration_id, browser_hash, external_id,"
                    " enrolment, custom, state, captures, created_at, expires_at, result)"
                    " VALUES (:session_id, :nonce, :configuration_id, :browser_hash, :external_id,"
                    " :enrolment, :custom, :state, :captures, :created_at, :expires_at, :result)"
                    " ON CONFLICT (nonce) DO NOTHING",
                    row,
                ).rowcount
            )
        )
        return added == 1

    async def session(self, session_id: str) -> VerificationSession | None:
        row = self._database.read_one("SELECT * FROM sessions WHERE session_id = ?", session_id)
        return None if row is None else self._codec.session(row)

    async def session_by_nonce(self, nonce: str) -> VerificationSession | None:
        row = self._database.read_one("SELECT * FROM sessions WHERE nonce = ?", nonce)
        return None if row is None else self._codec.session(row)

    async def answer_consent(self, consent: Consent, result: SessionResult | None) -> bool:
        if consent.accepted != (result is None):
            raise ValueError("a declined consent comes with the session's result, an accepted one without")
        state = SessionState.CAPTURE if result is None else SessionState.FAILED
        row = self._codec.consent_row(consent)

        def unit(connection: sqlite3.Connection) -> bool:
            answered = connection.execute(
                "UPDATE sessions SET state = ?, result = ? WHERE session_id = ? AND state = 'consent'",
                (state.value, self._codec.result(result), consent.session_id),
            )
            if answered.rowcount != 1:
                return False
            connection.execute(
                "INSERT INTO consents (session_id, configuration_id, external_id, accepted, text_version,"
                " text_sha256, locale, at) VALUES (:session_id, :configuration_id, :external_id, :accepted,"
                " :text_version, :text_sha256, :locale, :at)",
                row,
            )
            return True

        return await self._database.write(unit)

    async def count_capture(self, session_id: str, limit: int) -> int | None:
        counted = await self._database.write(
            lambda connection: connection.execute(
                "UPDATE sessions SET captures = captures + 1"
                " WHERE session_id = ? AND state = 'capture' AND captures < ? RETURNING captures",
                (session_id, limit),
            ).fetchone()
        )
        return None if counted is None else limit - int(counted["captures"])

    async def finish_session(self, session_id: str, result: SessionResult) -> bool:
        state = SessionState.PASSED if result.passed else SessionState.FAILED
        finished = await self._database.write(
            lambda connection: (
                connection.execute(
                    "UPDATE sessions SET state = ?, result = ?"
                    " WHERE session_id = ? AND state IN ('consent', 'capture')",
                    (state.value, self._codec.result(result), session_id),
                ).rowcount
            )
        )
        return finished == 1
