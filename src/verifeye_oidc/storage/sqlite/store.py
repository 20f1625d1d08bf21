"""The SQLite store: one file, many processes on one machine."""

import sqlite3
from pathlib import Path

from verifeye_oidc.keys.vault import Vault
from verifeye_oidc.storage.codec import Codec
from verifeye_oidc.storage.sqlite.connection import Database
from verifeye_oidc.storage.sqlite.erasures import ErasureRows
from verifeye_oidc.storage.sqlite.gallery import GalleryRows, record_change
from verifeye_oidc.storage.sqlite.grants import GrantRows
from verifeye_oidc.storage.sqlite.logins import LoginRows
from verifeye_oidc.storage.sqlite.people import PeopleRows
from verifeye_oidc.storage.sqlite.provider import ProviderRows
from verifeye_oidc.storage.sqlite.registry import RegistryRows
from verifeye_oidc.storage.sqlite.schema import prepare
from verifeye_oidc.storage.sqlite.tokens import TokenRows
from verifeye_oidc.storage.sqlite.turn import ReadOnceATurn
from verifeye_oidc.storage.sqlite.verifier import VerifierRows

_KEPT_SECONDS = 3600
"""How long expired rows stay: somebody who comes late hears what happened, not that nothing is known."""


class SqliteStore(
    RegistryRows,
    ProviderRows,
    GrantRows,
    LoginRows,
    TokenRows,
    VerifierRows,
    GalleryRows,
    PeopleRows,
    ErasureRows,
):
    """`Store` on SQLite."""

    def __init__(self, database: Database, codec: Codec) -> None:
        self._database = database
        self._registered = ReadOnceATurn(database)
        self._codec = codec

    async def purge(self, now: int) -> None:
        def unit(connection: sqlite3.Connection) -> None:
            _purge(connection, now - _KEPT_SECONDS)
            _purge_lapsed(connection, now)

        await self._database.write(unit)

    async def close(self) -> None:
        await self._database.close()


def open_sqlite(path: Path, vault: Vault, *, mode: str, region: str) -> SqliteStore:
    """Open a database, making or migrating it first.

    Raises WrongDatabase when it belongs to another mode, region or master key, or to a newer version.
    """
    prepare(path, vault, mode=mode, region=region)
    return SqliteStore(Database(path), Codec(vault))


def _purge(connection: sqlite3.Connection, before: int) -> None:
    connection.execute("DELETE FROM access_tokens WHERE expires_at <= ?", (before,))
    connection.execute("DELETE FROM refresh_tokens WHERE expires_at <= ?", (before,))
    connection.execute(
        "DELETE FROM grants WHERE expires_at <= ?"
        " AND NOT EXISTS (SELECT 1 FROM access_tokens a WHERE a.code_hash = grants.code_hash)"
        " AND NOT EXISTS (SELECT 1 FROM refresh_tokens r WHERE r.code_hash = grants.code_hash)",
        (before,),
    )
    connection.execute("DELETE FROM transactions WHERE expires_at <= ?", (before,))
    connection.execute("DELETE FROM logins WHERE expires_at <= ?", (before,))
    connection.execute("DELETE FROM invitations WHERE expires_at <= ?", (before,))
    connection.execute("DELETE FROM sessions WHERE expires_at <= ?", (before,))


def _purge_lapsed(connection: sqlite3.Connection, now: int) -> None:
    """A face that no decision took is kept for nobody's sake."""
    lapsed = connection.execute(
        "DELETE FROM templates WHERE pending_until <= ? RETURNING configuration_id, template_id, external_id",
        (now,),
    ).fetchall()
    for template in lapsed:
        record_change(connection, template["configuration_id"], template["template_id"])
        connection.execute(
            "DELETE FROM person_keys"
            " WHERE configuration_id = :configuration_id AND external_id = :external_id"
            " AND NOT EXISTS (SELECT 1 FROM templates t WHERE t.configuration_id = :configuration_id"
            " AND t.external_id = :external_id)",
            dict(template),
        )
