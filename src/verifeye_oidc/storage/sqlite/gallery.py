"""The gallery: templates under their people's keys, and the sequence of their changes."""

import sqlite3
from collections.abc import Callable, Sequence

from verifeye_oidc.storage.codec import Codec
from verifeye_oidc.storage.sqlite.connection import Database
from verifeye_oidc.verifier.model import StoredTemplate, TemplateChange


class GalleryRows:
    """GalleryStore."""

    _database: Database
    _codec: Codec

    async def active_template(self, configuration_id: str, external_id: str) -> StoredTemplate | None:
        row = self._database.read_one(
            "SELECT t.*, k.wrapped FROM templates t JOIN person_keys k USING (configuration_id, external_id)"
            " WHERE t.configuration_id = ? AND t.external_id = ? AND t.pending_until IS NULL",
            configuration_id,
            external_id,
        )
        return None if row is None else self._codec.template(row)

    async def enrol_pending(
        self,
        template: StoredTemplate,
        after_sequence: int,
        admits: Callable[[Sequence[TemplateChange]], bool],
    ) -> bool:
        if template.pending_until is None:
            raise ValueError("a template is written as pending, and becomes active by a decision")

        def unit(connection: sqlite3.Connection) -> bool:
            taken = connection.execute(
                "SELECT 1 FROM templates"
                " WHERE (configuration_id = ? AND external_id = ? AND pending_until IS NULL)"
                " OR (session_id = ? AND pending_until IS NOT NULL"
                " AND session_id IN (SELECT session_id FROM sessions WHERE result IS NOT NULL))",
                (template.configuration_id, template.external_id, template.session_id),
            ).fetchone()
            if taken or _was_erased_since(connection, template):
                return False
            if not admits(self._changes(connection, template.configuration_id, after_sequence)):
                return False
            _drop_pending(connection, template.session_id)
            self._add(connection, template)
            return True

        return await self._database.write(unit)

    async def template_changes(self, configuration_id: str, after_sequence: int) -> Sequence[TemplateChange]:
        return await self._database.scan(
            lambda connection: self._changes(connection, configuration_id, after_sequence)
        )

    def _changes(
        self, connection: sqlite3.Connection, configuration_id: str, after_sequence: int
    ) -> Sequence[TemplateChange]:
        rows = connection.execute(
            "SELECT c.sequence, c.template_id AS changed, t.*, k.wrapped FROM template_changes c"
            " LEFT JOIN templates t ON t.template_id = c.template_id"
            " LEFT JOIN person_keys k"
            " ON k.configuration_id = t.configuration_id AND k.external_id = t.external_id"
            " WHERE c.configuration_id = ? AND c.sequence > ? ORDER BY c.sequence",
            (configuration_id, after_sequence),
        ).fetchall()  # a cursor that is left half-way would keep the write-ahead log from being emptied
        return [
            TemplateChange(
                row["sequence"],
                row["changed"],
                None if row["template_id"] is None else self._codec.template(row),
            )
            for row in rows
        ]

    def _add(self, connection: sqlite3.Connection, template: StoredTemplate) -> None:
        person = (template.configuration_id, template.external_id)
        connection.execute(
            "INSERT INTO person_keys (configuration_id, external_id, wrapped)"
            " VALUES (:configuration_id, :external_id, :wrapped) ON CONFLICT DO NOTHING",
            self._codec.person_key_row(*person),
        )
        wrapped = connection.execute(
            "SELECT wrapped FROM person_keys WHERE configuration_id = ? AND external_id = ?", person
        ).fetchone()["wrapped"]
        connection.execute(
            "INSERT INTO templates (template_id, configuration_id, external_id, vector, model_sha256,"
            " recipe_id, provenance, session_id, created_at, pending_until)"
            " VALUES (:template_id, :configuration_id, :external_id, :vector, :model_sha256,"
            " :recipe_id, :provenance, :session_id, :created_at, :pending_until)",
            self._codec.template_row(template, wrapped),
        )
        record_change(connection, template.configuration_id, template.template_id)


def _was_erased_since(connection: sqlite3.Connection, template: StoredTemplate) -> bool:
    """Whether the person was erased after the verification session began: an erasure takes sessions along."""
    row = connection.execute(
        "SELECT 1 FROM erasures WHERE configuration_id = ? AND external_id = ?"
        " AND NOT EXISTS (SELECT 1 FROM sessions WHERE session_id = ?)",
        (template.configuration_id, template.external_id, template.session_id),
    ).fetchone()
    return row is not None


def _drop_pending(connection: sqlite3.Connection, session_id: str) -> None:
    dropped = connection.execute(
        "DELETE FROM templates WHERE session_id = ? AND pending_until IS NOT NULL"
        " RETURNING configuration_id, template_id",
        (session_id,),
    ).fetchall()
    for template in dropped:
        record_change(connection, template["configuration_id"], template["template_id"])


def record_change(connection: sqlite3.Connection, configuration_id: str, template_id: str) -> None:
    """Give a template the next sequence number: it came, became active, or went."""
    connection.execute(
        "REPLACE INTO template_changes (configuration_id, template_id) VALUES (?, ?)",
        (configuration_id, template_id),
    )
