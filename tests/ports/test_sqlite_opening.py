"""Opening a database: made once, brought up to date, and refused when it is somebody else's."""

import asyncio
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.builders import make_client, make_transaction
from tests.support.stores import open_store
from verifeye_oidc.keys.vault import MasterKey, MasterKeys, Vault
from verifeye_oidc.storage.port import WrongDatabase
from verifeye_oidc.storage.sqlite import open_sqlite
from verifeye_oidc.storage.sqlite.connection import Database


@pytest.fixture
async def made(tmp_path: Path) -> Path:
    """A database with one client."""
    path = tmp_path / "provider.db"
    store = open_store("sqlite", path)
    await store.add_client(make_client())
    await store.close()
    return path


def _execute(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(sql)
        connection.commit()


async def test_what_was_written_is_there_after_reopening(made: Path) -> None:
    store = open_store("sqlite", made)
    assert await store.client("acme") == make_client()
    await store.close()


@pytest.mark.parametrize(
    ("stamp", "sentence"),
    [
        ({"mode": "sandbox"}, "made for mode 'embedded', and this process runs with mode 'sandbox'"),
        ({"mode": "hosted"}, "name another file in database_url, or set the mode back"),
        ({"region": "us"}, "made for region 'eu', and this process runs with region 'us'"),
    ],
)
async def test_another_mode_or_region_is_refused(made: Path, stamp: dict[str, str], sentence: str) -> None:
    with pytest.raises(WrongDatabase, match=sentence):
        open_store("sqlite", made, **stamp)
    await open_store("sqlite", made).close()


async def test_another_master_key_is_refused(made: Path) -> None:
    key = MasterKey("test", bytes(32))
    with pytest.raises(WrongDatabase, match="sealed under another master key"):
        open_sqlite(made, Vault(MasterKeys((key,), key)), mode="embedded", region="eu")
    await open_store("sqlite", made).close()


def test_a_newer_database_is_refused_and_left_alone(made: Path) -> None:
    _execute(made, "PRAGMA user_version = 999")
    before = made.read_bytes()
    with pytest.raises(WrongDatabase, match="newer version"):
        open_store("sqlite", made)
    assert made.read_bytes() == before


async def test_another_program_s_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "bookmarks.db"
    _execute(path, "CREATE TABLE bookmarks (url TEXT)")
    with pytest.raises(WrongDatabase, match="another program's"):
        open_store("sqlite", path)
    _execute(path, "INSERT INTO bookmarks VALUES ('still there')")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (1,)


async def test_a_versioned_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    _execute(path, "CREATE TABLE bookmarks (url TEXT)")
    _execute(path, "PRAGMA user_version = 1")
    with pytest.raises(WrongDatabase, match="another program's"):
        open_store("sqlite", path)


async def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear reader, " * 200)
    with pytest.raises(WrongDatabase, match="not a SQLite database"):
        open_store("sqlite", path)
    assert path.read_text().startswith("Dear reader")


async def test_a_migration_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scripts = ["CREATE TABLE one (a);\n", "CREATE TABLE two (b);\nCREATE TABLE one (again);\n"]
    monkeypatch.setattr("verifeye_oidc.storage.sqlite.schema._migrations", lambda: scripts)
    path = tmp_path / "provider.db"
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        open_store("sqlite", path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)
        assert connection.execute("PRAGMA user_version").fetchone() == (0,)


async def test_units_that_wait_together_fail_alone(tmp_path: Path) -> None:
    database = Database(tmp_path / "units.db")
    await database.write(lambda c: c.execute("CREATE TABLE t (a INTEGER PRIMARY KEY)"))

    async def put(number: int, fails: bool) -> None:
        def unit(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO t VALUES (?)", (number,))
            if fails:
                raise LookupError(number)

        await database.write(unit)

    units = [put(number, fails=number % 3 == 0) for number in range(30)]
    results = await asyncio.gather(*units, return_exceptions=True)
    failed = [result.args[0] for result in results if isinstance(result, LookupError)]
    assert failed == list(range(0, 30, 3))
    assert [row["a"] for row in database.read("SELECT a FROM t")] == [n for n in range(30) if n % 3]
    await database.close()


async def test_units_of_one_turn_are_committed_together(tmp_path: Path) -> None:
    database = Database(tmp_path / "units.db")
    await database.write(lambda c: c.execute("CREATE TABLE t (a INTEGER PRIMARY KEY)"))
    said: list[str] = []
    await database.write(lambda c: c.set_trace_callback(said.append))
    ran = threading.Event()

    async def first() -> None:
        await database.write(lambda _: ran.set())

    async def second() -> None:
        assert not ran.wait(0.05), "the writer began before the turn was over"
        await database.write(lambda c: c.execute("INSERT INTO t DEFAULT VALUES"))

    await asyncio.gather(first(), second())
    assert ran.is_set()
    assert said.count("BEGIN IMMEDIATE") == 1
    await database.close()


async def test_units_that_wait_are_finished_before_the_store_closes(tmp_path: Path) -> None:
    path = tmp_path / "provider.db"
    store = open_store("sqlite", path)
    writes = [
        asyncio.ensure_future(store.add_transaction(make_transaction(handle=str(n)))) for n in range(50)
    ]
    await asyncio.sleep(0)
    await store.close()
    await asyncio.gather(*writes)
    await store.close()
    with pytest.raises(RuntimeError, match="closed"):
        await store.add_client(make_client())
    again = open_store("sqlite", path)
    assert await again.transaction("49")
    await again.close()


async def test_a_caller_who_left_disturbs_nobody(tmp_path: Path) -> None:
    store = open_store("sqlite", tmp_path / "provider.db")
    left = asyncio.ensure_future(store.add_client(make_client()))
    await asyncio.sleep(0)
    left.cancel()
    await store.add_client(make_client(client_id="another"))
    assert {client.client_id for client in await store.clients()} == {"acme", "another"}
    await store.close()
