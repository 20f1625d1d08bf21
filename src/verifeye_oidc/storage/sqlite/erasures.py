"""Erasing people, the record of it, and the replicas that have to hear of it."""

import hashlib
import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from verifeye_oidc.keys.vault import sealed_under
from verifeye_oidc.storage.port_people import Erased, Erasure, ErasureScope
from verifeye_oidc.storage.rows import values
from verifeye_oidc.storage.sqlite.connection import Database
from verifeye_oidc.storage.sqlite.gallery import record_change

WITH_THE_FACE = ("logins", "transactions", "sessions")
"""What is verified, or was, with a template that is no more."""
WITH_THE_PERSON = ("grants",)
"""Tokens go with their grants."""
KEPT = ("subjects", "consents", "erasures")
"""What stays under the random external id: the retired sub, and the records that the law asks for."""


class ErasureRows:
    """ErasureStore and ReplicaStore."""

    _database: Database

    async def erase(
        self, erasure: Erasure, configuration_id: str, external_id: str, now: int
    ) -> Erased | None:
        def unit(connection: sqlite3.Connection) -> Erased | None:
            recorded = _recorded(connection, erasure.receipt_id)
            return recorded or _erase(connection, erasure, (configuration_id, external_id), now)

        return await self._database.write(unit)

    async def erasures(self) -> Sequence[Erasure]:
        rows = self._database.read("SELECT * FROM erasures ORDER BY rowid")
        return [Erasure(**values(Erasure, row) | {"scope": ErasureScope(row["scope"])}) for row in rows]

    async def note_erasure(self, erasure: Erasure, now: int) -> None:
        noted = Erased(
            erasure.receipt_id, erasure.scope, None, None, None, now, 0, None, None, {}, 0, confirmed_at=now
        )
        await self._database.write(lambda connection: _record(connection, erasure, noted))

    async def everybody(self) -> Sequence[tuple[str, str]]:
        rows = await self._database.scan(
            lambda connection: connection.execute(
                "SELECT configuration_id, external_id FROM subjects"
                " UNION SELECT configuration_id, external_id FROM person_keys"
            ).fetchall()
        )
        return [(row["configuration_id"], row["external_id"]) for row in rows]

    async def erased(self, receipt_id: str) -> Erased | None:
        row = self._database.read_one("SELECT * FROM erasures WHERE receipt_id = ?", receipt_id)
        return None if row is None else _erased(row)

    async def unconfirmed(self) -> Sequence[str]:
        rows = self._database.read(
            "SELECT receipt_id FROM erasures WHERE confirmed_at IS NULL ORDER BY rowid"
        )
        return [row["receipt_id"] for row in rows]

    async def confirm_erased(self, receipt_ids: Sequence[str], now: int) -> None:
        await self._database.write(
            lambda connection: connection.executemany(
                "UPDATE erasures SET confirmed_at = ? WHERE receipt_id = ? AND confirmed_at IS NULL",
                [(now, receipt_id) for receipt_id in receipt_ids],
            )
        )

    async def empty_log(self) -> bool:
        return await self._database.empty_log()

    async def latest_change(self) -> int:
        row = self._database.read_one("SELECT coalesce(max(sequence), 0) AS latest FROM template_changes")
        return 0 if row is None else int(row["latest"])

    async def beat(self, replica_id: str, applied: int, now: int) -> None:
        await self._database.write(
            lambda connection: connection.execute(
                "INSERT INTO replicas (replica_id, applied, seen_at) VALUES (?, ?, ?)"
                " ON CONFLICT (replica_id) DO UPDATE SET applied = excluded.applied,"
                " seen_at = excluded.seen_at",
                (replica_id, applied, now),
            )
        )

    async def leave(self, replica_id: str) -> None:
        await self._database.write(
            lambda connection: connection.execute("DELETE FROM replicas WHERE replica_id = ?", (replica_id,))
        )

    async def behind(self, sequence: int, alive_since: int) -> Sequence[str]:
        rows = self._database.read(
            "SELECT replica_id FROM replicas WHERE applied < ? AND seen_at >= ? ORDER BY replica_id",
            sequence,
            alive_since,
        )
        return [row["replica_id"] for row in rows]


def _erase(
    connection: sqlite3.Connection, erasure: Erasure, person: tuple[str, str], now: int
) -> Erased | None:
    subject = connection.execute(
        "SELECT sub, identifier_lookup FROM subjects"
        " WHERE configuration_id = ? AND external_id = ? AND retired_at IS NULL",
        person,
    ).fetchone()
    whole = erasure.scope is ErasureScope.PERSON
    templates = _erase_templates(connection, person, erasure.through)
    if not templates and (subject is None or not whole):
        return None
    key = _erase_key(connection, person)
    ended = {
        table: _delete(connection, table, person)
        for table in (*WITH_THE_FACE, *(WITH_THE_PERSON if whole else ()))
    }
    if whole and subject is not None:
        ended["invitations"] = _retire(connection, person, subject["identifier_lookup"], now)
    erased = Erased(
        receipt_id=erasure.receipt_id,
        scope=erasure.scope,
        configuration_id=person[0],
        external_id=person[1],
        sub=None if subject is None else subject["sub"],
        erased_at=now,
        templates=templates,
        person_key=None if key is None else hashlib.sha256(key).hexdigest(),
        wrapped_under=None if key is None else sealed_under(key),
        ended={table: count for table, count in ended.items() if count},
        sequence=_latest(connection),
        confirmed_at=None,
    )
    _record(connection, erasure, erased)
    return erased


def _erase_templates(connection: sqlite3.Connection, person: tuple[str, str], through: int) -> int:
    gone = connection.execute(
        "DELETE FROM templates WHERE configuration_id = ? AND external_id = ? AND created_at <= ?"
        " RETURNING template_id",
        (*person, through),
    ).fetchall()
    for template in gone:
        record_change(connection, person[0], template["template_id"])
    return len(gone)


def _erase_key(connection: sqlite3.Connection, person: tuple[str, str]) -> bytes | None:
    """The person's key, unless a later enrolment is sealed under it; in its wrapped form."""
    row = connection.execute(
        "DELETE FROM person_keys WHERE configuration_id = :collection AND external_id = :person"
        " AND NOT EXISTS (SELECT 1 FROM templates WHERE configuration_id = :collection"
        " AND external_id = :person) RETURNING wrapped",
        {"collection": person[0], "person": person[1]},
    ).fetchone()
    return None if row is None else bytes(row["wrapped"])


def _delete(connection: sqlite3.Connection, table: str, person: tuple[str, str]) -> int:
    return connection.execute(
        f"DELETE FROM {table} WHERE configuration_id = ? AND external_id = ?",  # noqa: S608 - ours
        person,
    ).rowcount


def _retire(connection: sqlite3.Connection, person: tuple[str, str], lookup: bytes, now: int) -> int:
    """Take the identifier away, and the invitations that name it; returns how many these were."""
    connection.execute(
        "UPDATE subjects SET identifier_lookup = NULL, identifier = NULL, retired_at = ?"
        " WHERE configuration_id = ? AND external_id = ?",
        (now, *person),
    )
    return connection.execute(
        "DELETE FROM invitations WHERE configuration_id = ? AND identifier_lookup = ?", (person[0], lookup)
    ).rowcount


def _latest(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT coalesce(max(sequence), 0) FROM template_changes").fetchone()[0])


def _record(connection: sqlite3.Connection, erasure: Erasure, erased: Erased) -> None:
    row: dict[str, Any] = {field.name: getattr(erased, field.name) for field in fields(Erased)}
    row |= {"through": erasure.through, "mark": erasure.mark, "ended": json.dumps(erased.ended)}
    row["scope"] = erased.scope.value
    connection.execute(
        f"INSERT OR IGNORE INTO erasures ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)})",  # noqa: S608 - ours
        row,
    )


def _recorded(connection: sqlite3.Connection, receipt_id: str) -> Erased | None:
    row = connection.execute("SELECT * FROM erasures WHERE receipt_id = ?", (receipt_id,)).fetchone()
    return None if row is None else _erased(row)


def _erased(row: sqlite3.Row) -> Erased:
    ended: Mapping[str, int] = json.loads(row["ended"])
    return Erased(**values(Erased, row) | {"scope": ErasureScope(row["scope"]), "ended": ended})
