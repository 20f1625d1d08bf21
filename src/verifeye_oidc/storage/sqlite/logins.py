"""OP sessions: one verification that answers further requests of its browser."""

import sqlite3

from verifeye_oidc.oidc.model import Grant, Login
from verifeye_oidc.storage.codec import Codec
from verifeye_oidc.storage.sqlite.connection import Database
from verifeye_oidc.storage.sqlite.grants import add_grant, delete_login


class LoginRows:
    """LoginStore."""

    _database: Database
    _codec: Codec

    async def login(self, login_hash: bytes, now: int) -> Login | None:
        row = self._database.read_one(
            "SELECT * FROM logins WHERE login_hash = ? AND expires_at > ?", login_hash, now
        )
        return None if row is None else self._codec.login(row)

    async def grant_by_login(self, grant: Grant, login: Login, now: int) -> bool:
        row = self._codec.grant_row(grant)

        def unit(connection: sqlite3.Connection) -> bool:
            lives = connection.execute(
                "SELECT 1 FROM logins WHERE login_hash = ? AND expires_at > ?", (login.login_hash, now)
            ).fetchone()
            if lives is None:
                return False
            granted = connection.execute(
                "UPDATE transactions SET state = 'granted', external_id = ?"
                " WHERE handle = ? AND state = 'created' AND request IS NOT NULL AND configuration_id = ?",
                (login.external_id, grant.transaction, login.outcome.configuration_id),
            )
            if granted.rowcount != 1:
                return False
            add_grant(connection, row, login.external_id)
            return True

        return await self._database.write(unit)

    async def end_login(self, login_hash: bytes) -> bool:
        return await self._database.write(lambda connection: delete_login(connection, login_hash))
