"""Who is enrolled, and what is held on them."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from verifeye_oidc.oidc.model import Invitation
from verifeye_oidc.storage.codec import Codec
from verifeye_oidc.storage.port_people import Person
from verifeye_oidc.storage.sqlite.connection import Database

_PEOPLE = (
    "SELECT s.*, t.provenance AS enrolled, t.created_at AS enrolled_at, t.last_used_at FROM subjects s"
    " LEFT JOIN templates t ON t.configuration_id = s.configuration_id AND t.external_id = s.external_id"
    " AND t.pending_until IS NULL WHERE s.retired_at IS NULL"
)

# What is shown of each kind: times, ids that lead nowhere, who asked. Never a hash, a key, a sealed column.
_HELD = {
    "templates": "SELECT template_id, model_sha256, recipe_id, provenance, session_id, created_at,"
    " last_used_at, pending_until FROM templates",
    "consents": "SELECT session_id, accepted, text_version, text_sha256, locale, at FROM consents",
    "verification_sessions": "SELECT session_id, state, captures, created_at, expires_at, result"
    " FROM sessions",
    "sign_ins_under_way": "SELECT client_id, state, created_at, expires_at FROM transactions",
    "sessions": "SELECT expires_at FROM logins",
    "grants": "SELECT g.client_id, g.taken_at, g.expires_at AS code_expires_at,"
    " (SELECT count(*) FROM access_tokens a WHERE a.code_hash = g.code_hash) AS access_tokens,"
    " (SELECT max(expires_at) FROM refresh_tokens r WHERE r.code_hash = g.code_hash)"
    " AS refresh_token_expires_at FROM grants g",
    "erasures": "SELECT receipt_id, scope, erased_at FROM erasures",
}


class PeopleRows:
    """PeopleStore."""

    _database: Database
    _codec: Codec

    async def people(self, configuration_id: str | None = None) -> Sequence[Person]:
        def unit(connection: sqlite3.Connection) -> list[Person]:
            rows = connection.execute(
                f"{_PEOPLE} AND coalesce(? = s.configuration_id, TRUE) ORDER BY s.rowid",
                (configuration_id,),
            )
            return [self._person(row) for row in rows]

        return await self._database.scan(unit)

    async def person(self, configuration_id: str, identifier: str) -> Person | None:
        row = self._database.read_one(
            f"{_PEOPLE} AND s.configuration_id = ? AND s.identifier_lookup = ?",
            configuration_id,
            self._codec.identifier_lookup(configuration_id, identifier),
        )
        return None if row is None else self._person(row)

    async def held_on(self, person: Person) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        def unit(connection: sqlite3.Connection) -> dict[str, list[dict[str, Any]]]:
            found = {
                kind: connection.execute(
                    f"{query} WHERE configuration_id = ? AND external_id = ?",
                    (person.configuration_id, person.external_id),
                ).fetchall()
                for kind, query in _HELD.items()
            }
            found["invitations"] = connection.execute(
                "SELECT created_at, expires_at, used_at FROM invitations"
                " WHERE configuration_id = ? AND identifier_lookup = ?",
                (
                    person.configuration_id,
                    self._codec.identifier_lookup(person.configuration_id, person.identifier),
                ),
            ).fetchall()
            return {kind: [_plain(row) for row in rows] for kind, rows in found.items()}

        return await self._database.scan(unit)

    async def invitations(self, configuration_id: str | None = None) -> Sequence[Invitation]:
        rows = self._database.read(
            "SELECT * FROM invitations WHERE coalesce(? = configuration_id, TRUE) ORDER BY rowid",
            configuration_id,
        )
        return [self._codec.invitation(row) for row in rows]

    async def cancel_invitation(self, invitation_hash: bytes) -> bool:
        cancelled = await self._database.write(
            lambda connection: (
                connection.execute(
                    "DELETE FROM invitations WHERE invitation_hash = ? AND used_at IS NULL",
                    (invitation_hash,),
                ).rowcount
            )
        )
        return cancelled == 1

    async def overdue(
        self, configuration_id: str, *, unused_since: int | None, made_by: int | None
    ) -> Sequence[str]:
        rows = await self._database.scan(
            lambda connection: connection.execute(
                "SELECT external_id FROM templates WHERE configuration_id = ? AND pending_until IS NULL"
                " AND (coalesce(last_used_at, created_at) <= ? OR created_at <= ?) ORDER BY created_at",
                (configuration_id, unused_since, made_by),
            ).fetchall()
        )
        return [row["external_id"] for row in rows]

    def _person(self, row: sqlite3.Row) -> Person:
        subject = self._codec.subject(row)
        return Person(
            configuration_id=subject.configuration_id,
            external_id=subject.external_id,
            identifier=subject.identifier,
            sub=subject.sub,
            created_at=subject.created_at,
            enrolled=subject.enrolled,
            enrolled_at=row["enrolled_at"],
            last_used_at=row["last_used_at"],
        )


def _plain(row: sqlite3.Row) -> dict[str, Any]:
    plain = dict(row)
    if isinstance(plain.get("result"), str):
        plain["result"] = json.loads(plain["result"])
    if "accepted" in plain:
        plain["accepted"] = bool(plain["accepted"])
    return plain
