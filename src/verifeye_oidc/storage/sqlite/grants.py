"""Units of work around a decision: the grant, and the code that is taken once."""

import hmac
import sqlite3
from typing import Any

from verifeye_oidc.oidc.model import AccessToken, Grant, Login, RefreshToken, Subject
from verifeye_oidc.storage.codec import Codec
from verifeye_oidc.storage.port import CodeBinding, CodeRefusal
from verifeye_oidc.storage.sqlite.connection import Database
from verifeye_oidc.storage.sqlite.gallery import record_change
from verifeye_oidc.storage.sqlite.tokens import add_access_token, add_refresh_token, end_family
from verifeye_oidc.verification.port import Event


class GrantRows:
    """GrantStore, and how TransactionStore ends well. Every check stands before the first write."""

    _database: Database
    _codec: Codec

    async def grant(
        self,
        grant: Grant,
        subject: Subject,
        session_id: str,
        now: int,
        login: Login | None = None,
        held: bytes | None = None,
    ) -> bool:
        row = self._codec.grant_row(grant)
        begins = None if login is None else self._codec.login_row(login)
        enrols = grant.outcome.event is Event.ENROLLED

        def unit(connection: sqlite3.Connection) -> bool:
            if not self._is_deciding(connection, grant.transaction, subject, "request"):
                return False
            template = _pending_template(connection, grant.transaction, subject, session_id, now)
            if (enrols and template is None) or not self._may_keep(connection, subject, template):
                return False
            self._keep(connection, grant.transaction, subject, template)
            if template is None:
                _note_use(connection, subject, now)
            add_grant(connection, row, subject.external_id)
            if held is not None and (begins is not None or not _is_of(connection, held, subject)):
                delete_login(connection, held)
            if begins is not None:
                add_login(connection, begins)
            return True

        return await self._database.write(unit)

    async def enrol_invited(self, handle: str, subject: Subject, session_id: str, now: int) -> bool:
        lookup = self._codec.identifier_lookup(subject.configuration_id, subject.identifier)

        def unit(connection: sqlite3.Connection) -> bool:
            if not self._is_deciding(connection, handle, subject, "invitation_hash"):
                return False
            template = _pending_template(connection, handle, subject, session_id, now)
            if template is None or not self._may_keep(connection, subject, template):
                return False
            used = connection.execute(
                "UPDATE invitations SET used_at = :now WHERE used_at IS NULL AND expires_at > :now"
                " AND configuration_id = :configuration_id AND identifier_lookup = :lookup"
                " AND invitation_hash = (SELECT invitation_hash FROM transactions WHERE handle = :handle)",
                {
                    "now": now,
                    "handle": handle,
                    "configuration_id": subject.configuration_id,
                    "lookup": lookup,
                },
            )
            if used.rowcount != 1:
                return False
            self._keep(connection, handle, subject, template)
            return True

        return await self._database.write(unit)

    async def grant_of_code(self, code_hash: bytes) -> Grant | None:
        row = self._database.read_one("SELECT * FROM grants WHERE code_hash = ?", code_hash)
        return None if row is None else self._codec.grant(row)

    async def take_code(
        self,
        code_hash: bytes,
        binding: CodeBinding,
        token: AccessToken,
        now: int,
        refresh: RefreshToken | None = None,
    ) -> Grant | CodeRefusal:
        for given in (token, refresh or token):
            if (given.code_hash, given.client_id) != (code_hash, binding.client_id):
                raise ValueError("a token is given to the client that takes the code, for this code")

        def unit(connection: sqlite3.Connection) -> sqlite3.Row | CodeRefusal:
            found: sqlite3.Row | None = connection.execute(
                "SELECT * FROM grants WHERE code_hash = ? AND client_id = ?", (code_hash, binding.client_id)
            ).fetchone()
            if found is None:
                return CodeRefusal.UNKNOWN
            if found["taken_at"] is not None:
                end_family(connection, code_hash)
                return CodeRefusal.REPLAYED
            if found["expires_at"] <= now:
                return CodeRefusal.EXPIRED
            if not _is_bound(found, binding):
                return CodeRefusal.NOT_BOUND
            connection.execute("UPDATE grants SET taken_at = ? WHERE code_hash = ?", (now, code_hash))
            add_access_token(connection, token)
            if refresh is not None:
                add_refresh_token(connection, refresh)
            return found

        taken = await self._database.write(unit)
        return taken if isinstance(taken, CodeRefusal) else self._codec.grant(taken)

    async def unredeemed_grant(self, handle: str, now: int) -> Grant | None:
        row = self._database.read_one(
            "SELECT * FROM grants WHERE handle = ? AND taken_at IS NULL AND expires_at > ?", handle, now
        )
        return None if row is None else self._codec.grant(row)

    def _is_deciding(
        self, connection: sqlite3.Connection, handle: str, subject: Subject, serves: str
    ) -> bool:
        """Whether the transaction still waits for this decision, about this person."""
        row = connection.execute(
            "SELECT * FROM transactions WHERE handle = ? AND state = 'deciding'"
            " AND configuration_id = ? AND external_id = ?",
            (handle, subject.configuration_id, subject.external_id),
        ).fetchone()
        return row is not None and row[serves] is not None

    def _may_keep(self, connection: sqlite3.Connection, subject: Subject, template: str | None) -> bool:
        """Whether nobody took the identifier, the external id or the template's place meanwhile."""
        lookup = self._codec.identifier_lookup(subject.configuration_id, subject.identifier)
        others = connection.execute(
            "SELECT external_id, identifier_lookup, sub FROM subjects WHERE configuration_id = ?"
            " AND (external_id = ? OR identifier_lookup = ?)",
            (subject.configuration_id, subject.external_id, lookup),
        ).fetchall()
        same = (subject.external_id, lookup, subject.sub)
        if any(tuple(other) != same for other in others):
            return False
        return (
            template is None
            or not connection.execute(
                "SELECT 1 FROM templates"
                " WHERE configuration_id = ? AND external_id = ? AND pending_until IS NULL",
                (subject.configuration_id, subject.external_id),
            ).fetchone()
        )

    def _keep(
        self, connection: sqlite3.Connection, handle: str, subject: Subject, template: str | None
    ) -> None:
        connection.execute(
            "UPDATE transactions SET state = 'granted', lease_until = NULL WHERE handle = ?", (handle,)
        )
        connection.execute(
            "INSERT INTO subjects (configuration_id, external_id, identifier_lookup, identifier, sub,"
            " created_at) VALUES (:configuration_id, :external_id, :identifier_lookup, :identifier, :sub,"
            " :created_at)"
            " ON CONFLICT (configuration_id, external_id) DO NOTHING",
            self._codec.subject_row(subject),
        )
        if template is not None:
            connection.execute("UPDATE templates SET pending_until = NULL WHERE template_id = ?", (template,))
            record_change(connection, subject.configuration_id, template)


def add_grant(connection: sqlite3.Connection, row: dict[str, Any], external_id: str) -> None:
    """Write a grant's row, and whose it is; its transaction knows the collection."""
    connection.execute(
        "INSERT INTO grants (code_hash, handle, client_id, redirect_uri, code_challenge, content,"
        " expires_at, configuration_id, external_id) SELECT :code_hash, :handle, :client_id, :redirect_uri,"
        " :code_challenge, :content, :expires_at, t.configuration_id, :external_id"
        " FROM transactions t WHERE t.handle = :handle",
        row | {"external_id": external_id},
    )


def add_login(connection: sqlite3.Connection, row: dict[str, Any]) -> None:
    """Write a session's row."""
    connection.execute(
        "INSERT INTO logins (login_hash, configuration_id, external_id, outcome, expires_at)"
        " VALUES (:login_hash, :configuration_id, :external_id, :outcome, :expires_at)",
        row,
    )


def _is_of(connection: sqlite3.Connection, login_hash: bytes, subject: Subject) -> bool:
    """Whether a session is about this person; in another collection nobody is."""
    return (
        connection.execute(
            "SELECT 1 FROM logins WHERE login_hash = ? AND configuration_id = ? AND external_id = ?",
            (login_hash, subject.configuration_id, subject.external_id),
        ).fetchone()
        is not None
    )


def delete_login(connection: sqlite3.Connection, login_hash: bytes) -> bool:
    """End a session. False when there was none."""
    return connection.execute("DELETE FROM logins WHERE login_hash = ?", (login_hash,)).rowcount == 1


def _note_use(connection: sqlite3.Connection, subject: Subject, now: int) -> None:
    """The person's template decided a sign-in: retention counts from here."""
    connection.execute(
        "UPDATE templates SET last_used_at = ?"
        " WHERE configuration_id = ? AND external_id = ? AND pending_until IS NULL",
        (now, subject.configuration_id, subject.external_id),
    )


def _pending_template(
    connection: sqlite3.Connection, handle: str, subject: Subject, session_id: str, now: int
) -> str | None:
    """The template that the session wrote for this person, under the provenance that was ordered."""
    row = connection.execute(
        "SELECT template_id FROM templates WHERE session_id = ? AND configuration_id = ? AND external_id = ?"
        " AND pending_until > ? AND provenance = (SELECT enrolment FROM transactions WHERE handle = ?)",
        (session_id, subject.configuration_id, subject.external_id, now, handle),
    ).fetchone()
    return None if row is None else str(row["template_id"])


def _is_bound(row: sqlite3.Row, binding: CodeBinding) -> bool:
    """Whether the caller proved the redirect URI and the verifier that the code was issued for."""
    challenge, presented = row["code_challenge"], binding.code_challenge
    if row["redirect_uri"] != binding.redirect_uri or (challenge is None) != (presented is None):
        return False
    return challenge is None or hmac.compare_digest(challenge.encode(), (presented or "").encode())
