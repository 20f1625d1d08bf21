"""What the provider keeps: keys, transactions and people."""

import sqlite3
from collections.abc import Sequence

from verifeye_oidc.oidc.model import Invitation, Subject, Transaction
from verifeye_oidc.storage.codec import Codec
from verifeye_oidc.storage.port import StoredKey
from verifeye_oidc.storage.sqlite.connection import Database
from verifeye_oidc.verification.port import FailureReason, Provenance


class ProviderRows:
    """KeyStore, and the single statements of TransactionStore and SubjectStore."""

    _database: Database
    _codec: Codec

    async def signing_keys(self) -> Sequence[StoredKey]:
        rows = self._database.read("SELECT * FROM signing_keys ORDER BY created_at, rowid")
        return [self._codec.key(row) for row in rows]

    async def add_first_signing_key(self, key: StoredKey) -> bool:
        row = self._codec.key_row(key)
        return await self._database.write(
            lambda connection: _changed(
                connection.execute(
                    "INSERT INTO signing_keys (kid, alg, private_pem, certificate_der, created_at)"
                    " SELECT :kid, :alg, :private_pem, :certificate_der, :created_at"
                    " WHERE NOT EXISTS (SELECT 1 FROM signing_keys WHERE alg = :alg)",
                    row,
                )
            )
        )

    async def add_transaction(self, transaction: Transaction) -> None:
        row = self._codec.transaction_row(transaction)
        await self._database.write(
            lambda connection: connection.execute(
                "INSERT INTO transactions (handle, browser_hash, configuration_id, request, invitation_hash,"
                " identifier, state, created_at, expires_at, external_id, enrolment, lease_until, failure,"
                " client_id)"
                " VALUES (:handle, :browser_hash, :configuration_id, :request, :invitation_hash, :identifier,"
                " :state, :created_at, :expires_at, :external_id, :enrolment, :lease_until, :failure,"
                " :client_id)",
                row,
            )
        )

    async def transaction(self, handle: str) -> Transaction | None:
        row = self._database.read_one("SELECT * FROM transactions WHERE handle = ?", handle)
        return None if row is None else self._codec.transaction(row)

    async def identify(self, handle: str, identifier: str) -> bool:
        return await self._change(
            "UPDATE transactions SET identifier = ?"
            " WHERE handle = ? AND state = 'created' AND identifier IS NULL",
            self._codec.transaction_identifier(handle, identifier),
            handle,
        )

    async def begin_verification(self, handle: str, external_id: str, enrolment: Provenance | None) -> bool:
        return await self._change(
            "UPDATE transactions SET state = 'verifying', external_id = ?, enrolment = ?"
            " WHERE handle = ? AND state = 'created' AND identifier IS NOT NULL",
            external_id,
            None if enrolment is None else enrolment.value,
            handle,
        )

    async def lease(self, handle: str, now: int, until: int) -> bool:
        return await self._change(
            "UPDATE transactions SET state = 'deciding', lease_until = ? WHERE handle = ?"
            " AND (state = 'verifying' OR (state = 'deciding' AND lease_until <= ?))",
            until,
            handle,
            now,
        )

    async def release(self, handle: str) -> None:
        await self._change(
            "UPDATE transactions SET state = 'verifying', lease_until = NULL"
            " WHERE handle = ? AND state = 'deciding'",
            handle,
        )

    async def refuse(self, handle: str, reason: FailureReason) -> bool:
        return await self._change(
            "UPDATE transactions SET state = 'refused', failure = ?, lease_until = NULL"
            " WHERE handle = ? AND state IN ('created', 'verifying', 'deciding')",
            reason.value,
            handle,
        )

    async def subject(self, configuration_id: str, identifier: str) -> Subject | None:
        row = self._database.read_one(
            "SELECT s.*, t.provenance AS enrolled FROM subjects s LEFT JOIN templates t"
            " ON t.configuration_id = s.configuration_id AND t.external_id = s.external_id"
            " AND t.pending_until IS NULL"
            " WHERE s.configuration_id = ? AND s.identifier_lookup = ?",
            configuration_id,
            self._codec.identifier_lookup(configuration_id, identifier),
        )
        return None if row is None else self._codec.subject(row)

    async def add_invitation(self, invitation: Invitation) -> None:
        row = self._codec.invitation_row(invitation)
        await self._database.write(
            lambda connection: connection.execute(
                "INSERT INTO invitations (invitation_hash, configuration_id, identifier_lookup, identifier,"
                " created_at, expires_at, used_at) VALUES (:invitation_hash, :configuration_id,"
                " :identifier_lookup, :identifier, :created_at, :expires_at, :used_at)",
                row,
            )
        )

    async def invitation(self, invitation_hash: bytes) -> Invitation | None:
        row = self._database.read_one("SELECT * FROM invitations WHERE invitation_hash = ?", invitation_hash)
        return None if row is None else self._codec.invitation(row)

    async def _change(self, sql: str, *parameters: object) -> bool:
        """One statement that finds its row in the right state, or changes nothing."""
        return await self._database.write(lambda connection: _changed(connection.execute(sql, parameters)))


def _changed(cursor: sqlite3.Cursor) -> bool:
    return cursor.rowcount == 1
