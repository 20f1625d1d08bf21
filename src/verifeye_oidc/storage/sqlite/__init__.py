"""The storage port on SQLite."""

from verifeye_oidc.storage.sqlite.store import SqliteStore, open_sqlite

__all__ = ["SqliteStore", "open_sqlite"]
