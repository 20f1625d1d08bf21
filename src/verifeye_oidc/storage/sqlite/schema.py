"""Opening a database: make it or bring it up to date, and make sure that it is ours to open."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.resources import files
from pathlib import Path

from verifeye_oidc.keys.vault import Vault
from verifeye_oidc.storage.port import WrongDatabase
from verifeye_oidc.storage.sqlite.connection import connect

APPLICATION_ID = 0x76657965
"""Written into the file's header: "veye"."""


def prepare(path: Path, vault: Vault, *, mode: str, region: str) -> None:
    """Make the database, or migrate it, under the write lock: of two processes one does, one finds it done.

    Raises WrongDatabase when it belongs to another mode, region or master key, or to a newer version.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    stamp = {"mode": mode, "region": region, "master_key": vault.lookup("database", "stamp").hex()}
    try:
        with _alone_in(path.parent), closing(connect(path)) as connection, _write_lock(connection):
            is_new = _is_new(connection, path)
            _migrate(connection, path)
            if is_new:
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.executemany("INSERT INTO meta (name, value) VALUES (?, ?)", stamp.items())
            else:
                _check_stamp(connection, path, stamp)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_NOTADB:
            raise
        raise WrongDatabase(f"{path} is not a SQLite database: name another file in database_url") from None


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    migrations = _migrations()
    version = _version(connection)
    if version > len(migrations):
        raise WrongDatabase(
            f"{path} was written by a newer version of verifeye-oidc (schema {version}, this one knows "
            f"{len(migrations)}): run the newer version, or restore the backup made before the upgrade"
        )
    for number, script in enumerate(migrations[version:], start=version + 1):
        for statement in _statements(script):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number}")


def _check_stamp(connection: sqlite3.Connection, path: Path, stamp: dict[str, str]) -> None:
    found = dict(connection.execute("SELECT name, value FROM meta").fetchall())
    for name in ("mode", "region"):
        if found[name] != stamp[name]:
            raise WrongDatabase(
                f"{path} was made for {name} {found[name]!r}, and this process runs with {name} "
                f"{stamp[name]!r}: people's data never move between them; name another file in database_url, "
                f"or set the {name} back"
            )
    if found["master_key"] != stamp["master_key"]:
        raise WrongDatabase(
            f"{path} was sealed under another master key: put the key file that belongs to it in place "
            "(master_key_file); without it nothing in this database can be read"
        )


def _is_new(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether nothing is in the database yet. Raises WrongDatabase when what is there is not ours."""
    is_empty: bool = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
    if not is_empty and connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise WrongDatabase(f"{path} is another program's database: name another file in database_url")
    return is_empty


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def _migrations() -> list[str]:
    """The scripts, in the order of their numbers."""
    folder = files("verifeye_oidc.storage.sqlite") / "migrations"
    scripts = sorted(
        (entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda s: s.name
    )
    return [script.read_text(encoding="utf-8") for script in scripts]


def _statements(script: str) -> Iterator[str]:
    """A script's statements. ``executescript`` would commit, and with it give the write lock away."""
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Wait for other processes that open a database here: switching a new file to WAL waits for nobody."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _write_lock(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
