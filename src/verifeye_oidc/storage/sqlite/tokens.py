"""Tokens after the code: what they read, how they are rotated, how they end."""

import hmac
import sqlite3
from dataclasses import replace

from verifeye_oidc.oidc.model import AccessToken, Grant, RefreshToken
from verifeye_oidc.storage.codec import Codec
from verifeye_oidc.storage.rows import values
from verifeye_oidc.storage.sqlite.connection import Database


class TokenRows:
    """The part of GrantStore that begins once a code was taken."""

    _database: Database
    _codec: Codec

    async def access_token(self, token_hash: bytes, now: int) -> tuple[AccessToken, Grant] | None:
        row = self._database.read_one(
            "SELECT g.*, a.token_hash, a.scope, a.expires_at AS token_expires_at"
            " FROM access_tokens a JOIN grants g USING (code_hash)"
            " WHERE a.token_hash = ? AND a.expires_at > ?",
            token_hash,
            now,
        )
        if row is None:
            return None
        grant = self._codec.grant(row)
        scope = grant.scope if row["scope"] is None else tuple(row["scope"].split())
        token = AccessToken(token_hash, grant.code_hash, grant.client_id, row["token_expires_at"], scope)
        return token, replace(grant, scope=scope)

    async def revoke_access_token(self, token_hash: bytes, client_id: str) -> bool:
        revoked = await self._database.write(
            lambda connection: (
                connection.execute(
                    "DELETE FROM access_tokens WHERE token_hash = ? AND client_id = ?",
                    (token_hash, client_id),
                ).rowcount
            )
        )
        return revoked == 1

    async def refresh_token(
        self, family_hash: bytes, client_id: str, now: int
    ) -> tuple[RefreshToken, Grant] | None:
        row = self._database.read_one(
            "SELECT g.content, r.* FROM refresh_tokens r JOIN grants g USING (code_hash)"
            " WHERE r.family_hash = ? AND r.client_id = ? AND r.expires_at > ?",
            family_hash,
            client_id,
            now,
        )
        return None if row is None else (RefreshToken(**values(RefreshToken, row)), self._codec.grant(row))

    async def rotate(
        self, presented: RefreshToken, successor_hash: bytes, token: AccessToken, now: int
    ) -> bool:
        if (token.code_hash, token.client_id) != (presented.code_hash, presented.client_id):
            raise ValueError("an access token is given to the client that refreshes, for the same code")

        def unit(connection: sqlite3.Connection) -> bool:
            live = connection.execute(
                "SELECT secret_hash, code_hash FROM refresh_tokens"
                " WHERE family_hash = ? AND code_hash = ? AND client_id = ? AND expires_at > ?",
                (presented.family_hash, presented.code_hash, presented.client_id, now),
            ).fetchone()
            if live is None:
                return False
            if not hmac.compare_digest(live["secret_hash"], presented.secret_hash):
                end_family(connection, live["code_hash"])
                return False
            connection.execute(
                "UPDATE refresh_tokens SET secret_hash = ? WHERE family_hash = ?",
                (successor_hash, presented.family_hash),
            )
            add_access_token(connection, token)
            return True

        return await self._database.write(unit)

    async def end_family(self, code_hash: bytes) -> None:
        await self._database.write(lambda connection: end_family(connection, code_hash))


def add_access_token(connection: sqlite3.Connection, token: AccessToken) -> None:
    connection.execute(
        "INSERT INTO access_tokens (token_hash, code_hash, client_id, expires_at, scope)"
        " VALUES (?, ?, ?, ?, ?)",
        (
            token.token_hash,
            token.code_hash,
            token.client_id,
            token.expires_at,
            None if token.scope is None else " ".join(token.scope),
        ),
    )


def add_refresh_token(connection: sqlite3.Connection, token: RefreshToken) -> None:
    connection.execute(
        "INSERT INTO refresh_tokens (family_hash, secret_hash, code_hash, client_id, expires_at)"
        " VALUES (?, ?, ?, ?, ?)",
        (token.family_hash, token.secret_hash, token.code_hash, token.client_id, token.expires_at),
    )


def end_family(connection: sqlite3.Connection, code_hash: bytes) -> None:
    connection.execute("DELETE FROM refresh_tokens WHERE code_hash = ?", (code_hash,))
    connection.execute("DELETE FROM access_tokens WHERE code_hash = ?", (code_hash,))
