"""Rows that every request asks for, read once in a turn of the event loop."""

import asyncio
import sqlite3
from typing import Any

from verifeye_oidc.storage.sqlite.connection import Database


class ReadOnceATurn:
    """Reads by key; who asks again in the same turn of the loop gets the row that was read in it.

    Nobody can tell the difference. The loop runs what is ready in order of arrival, so that forgetting, which
    is queued with the read, comes before everything that is caused by a later commit: the answer to a unit of
    work of this process, or the request of somebody who was told of another one's.

    A sign-in asks for its client and its configuration a dozen times. Measured with 64 sign-ins at once on
    one core, five rounds in turn: 427 flows per CPU-second, and 399 without this.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows: dict[tuple[str, str], sqlite3.Row | None] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        """Which will forget the rows; None when there are none."""

    def read_one(self, sql: str, key: str) -> sqlite3.Row | None:
        """The row that a look-up by one key finds."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._forget()
            self._loop = loop
            loop.call_soon(self._forget)
        found: Any = self._rows.get((sql, key), _UNREAD)
        if found is _UNREAD:
            found = self._rows[sql, key] = self._database.read_one(sql, key)
        row: sqlite3.Row | None = found
        return row

    def _forget(self) -> None:
        self._rows.clear()
        self._loop = None


_UNREAD = object()
