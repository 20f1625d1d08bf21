"""What an operator registers: clients and configurations, and the rules between them."""

import sqlite3
from collections.abc import Callable, Sequence

from verifeye_oidc.oidc.model import Client
from verifeye_oidc.storage.codec import Codec
from verifeye_oidc.storage.port import Admits, Conflict, InUse
from verifeye_oidc.storage.sqlite.connection import Database
from verifeye_oidc.storage.sqlite.gallery import record_change
from verifeye_oidc.storage.sqlite.turn import ReadOnceATurn
from verifeye_oidc.verification.port import Collection
from verifeye_oidc.verifier.model import Configuration

_OF_A_CLIENT = ("transactions", "grants")
"""Tokens go with their grants."""


class RegistryRows:
    """ClientStore and ConfigurationStore."""

    _database: Database
    _registered: ReadOnceATurn
    _codec: Codec

    async def add_client(self, client: Client, admits: Admits | None = None) -> None:
        row = self._codec.client_row(client)

        def unit(connection: sqlite3.Connection) -> None:
            if admits is not None:
                admits(client, self._collection(connection, client.configuration_id))
            added = connection.execute(
                "INSERT INTO clients (client_id, settings, secret_hashes)"
                " VALUES (:client_id, :settings, :secret_hashes) ON CONFLICT DO NOTHING",
                row,
            )
            if added.rowcount != 1:
                raise Conflict(f"there is a client {client.client_id!r} already")

        await self._database.write(unit)

    async def client(self, client_id: str) -> Client | None:
        row = self._registered.read_one("SELECT * FROM clients WHERE client_id = ?", client_id)
        return None if row is None else self._codec.client(row)

    async def clients(self) -> Sequence[Client]:
        rows = self._database.read("SELECT * FROM clients ORDER BY rowid")
        return [self._codec.client(row) for row in rows]

    async def update_client(
        self, client_id: str, change: Callable[[Client], Client], admits: Admits
    ) -> Client | None:
        def unit(connection: sqlite3.Connection) -> Client | None:
            row = connection.execute("SELECT * FROM clients WHERE client_id = ?", (client_id,)).fetchone()
            if row is None:
                return None
            client = change(self._codec.client(row))
            admits(client, self._collection(connection, client.configuration_id))
            connection.execute(
                "UPDATE clients SET settings = :settings, secret_hashes = :secret_hashes"
                " WHERE client_id = :client_id",
                self._codec.client_row(client),
            )
            return client

        return await self._database.write(unit)

    async def delete_client(self, client_id: str) -> bool:
        def unit(connection: sqlite3.Connection) -> bool:
            for table in _OF_A_CLIENT:
                connection.execute(f"DELETE FROM {table} WHERE client_id = ?", (client_id,))  # noqa: S608 - ours
            return connection.execute("DELETE FROM clients WHERE client_id = ?", (client_id,)).rowcount == 1

        return await self._database.write(unit)

    async def collection(self, configuration_id: str) -> Collection | None:
        configuration = await self.configuration(configuration_id)
        return None if configuration is None else configuration.collection

    async def add_configuration(self, configuration: Configuration) -> None:
        row = self._codec.configuration_row(configuration)

        def unit(connection: sqlite3.Connection) -> None:
            added = connection.execute(
                "INSERT INTO configurations (configuration_id, settings, signing_key, previous_signing_key)"
                " VALUES (:configuration_id, :settings, :signing_key, :previous_signing_key)"
                " ON CONFLICT DO NOTHING",
                row,
            )
            if added.rowcount != 1:
                raise Conflict(f"there is a configuration {configuration.configuration_id!r} already")

        await self._database.write(unit)

    async def configuration(self, configuration_id: str) -> Configuration | None:
        row = self._registered.read_one(
            "SELECT * FROM configurations WHERE configuration_id = ?", configuration_id
        )
        return None if row is None else self._codec.configuration(row)

    async def configurations(self) -> Sequence[Configuration]:
        rows = self._database.read("SELECT * FROM configurations ORDER BY rowid")
        return [self._codec.configuration(row) for row in rows]

    async def update_configuration(
        self, configuration_id: str, change: Callable[[Configuration], Configuration], admits: Admits
    ) -> Configuration | None:
        def unit(connection: sqlite3.Connection) -> Configuration | None:
            found = self._configuration(connection, configuration_id)
            if found is None:
                return None
            configuration = change(found)
            for client in self._clients_of(connection, configuration_id):
                admits(client, configuration.collection)
            connection.execute(
                "UPDATE configurations SET settings = :settings, signing_key = :signing_key,"
                " previous_signing_key = :previous_signing_key WHERE configuration_id = :configuration_id",
                self._codec.configuration_row(configuration),
            )
            return configuration

        return await self._database.write(unit)

    async def delete_configuration(self, configuration_id: str) -> bool:
        def unit(connection: sqlite3.Connection) -> bool:
            clients = [client.client_id for client in self._clients_of(connection, configuration_id)]
            people = connection.execute(
                "SELECT count(*) FROM subjects WHERE configuration_id = ? AND retired_at IS NULL",
                (configuration_id,),
            ).fetchone()[0]
            if clients or people:
                raise InUse(clients, people)
            _end_enrolments(connection, configuration_id)
            deleted = connection.execute(
                "DELETE FROM configurations WHERE configuration_id = ?", (configuration_id,)
            )
            return deleted.rowcount == 1

        return await self._database.write(unit)

    def _configuration(self, connection: sqlite3.Connection, configuration_id: str) -> Configuration | None:
        row = connection.execute(
            "SELECT * FROM configurations WHERE configuration_id = ?", (configuration_id,)
        ).fetchone()
        return None if row is None else self._codec.configuration(row)

    def _collection(self, connection: sqlite3.Connection, configuration_id: str) -> Collection | None:
        configuration = self._configuration(connection, configuration_id)
        return None if configuration is None else configuration.collection

    def _clients_of(self, connection: sqlite3.Connection, configuration_id: str) -> list[Client]:
        rows = connection.execute(
            "SELECT * FROM clients WHERE json_extract(settings, '$.configuration_id') = ? ORDER BY rowid",
            (configuration_id,),
        ).fetchall()
        return [self._codec.client(row) for row in rows]


def _end_enrolments(connection: sqlite3.Connection, configuration_id: str) -> None:
    """Those that are under way: with nobody enrolled, what is left of templates is pending."""
    pending = connection.execute(
        "SELECT template_id FROM templates WHERE configuration_id = ?", (configuration_id,)
    ).fetchall()
    connection.execute("DELETE FROM invitations WHERE configuration_id = ?", (configuration_id,))
    connection.execute("DELETE FROM person_keys WHERE configuration_id = ?", (configuration_id,))
    for template in pending:
        record_change(connection, configuration_id, template["template_id"])
