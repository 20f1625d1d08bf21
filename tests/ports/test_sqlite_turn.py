"""Rows that are read once in a turn of the loop: never older than what their reader was told."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from verifeye_oidc.storage.sqlite.connection import Database
from verifeye_oidc.storage.sqlite.turn import ReadOnceATurn

SQL = "SELECT b FROM t WHERE a = ?"


class Counted(Database):
    reads = 0

    def read_one(self, sql: str, *parameters: object) -> sqlite3.Row | None:
        self.reads += 1
        return super().read_one(sql, *parameters)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "turn.db"


@pytest.fixture
def database(path: Path) -> Iterator[Counted]:
    opened = Counted(path)
    with closing(sqlite3.connect(path)) as another:
        another.executescript("CREATE TABLE t (a TEXT PRIMARY KEY, b INT); INSERT INTO t VALUES ('x', 0)")
    yield opened
    asyncio.run(opened.close())


def set_by_another_process(path: Path, value: int) -> None:
    with closing(sqlite3.connect(path)) as another, another:
        another.execute("UPDATE t SET b = ?", (value,))


def found(rows: ReadOnceATurn, key: str = "x") -> int | None:
    row = rows.read_one(SQL, key)
    return None if row is None else int(row["b"])


def test_a_turn_reads_a_row_once_also_when_there_is_none(database: Counted) -> None:
    async def turn() -> None:
        rows = ReadOnceATurn(database)
        assert [found(rows), found(rows), found(rows, "y"), found(rows, "y")] == [0, 0, None, None]
        assert database.reads == 2

    asyncio.run(turn())


def test_the_next_turn_reads_again(database: Counted, path: Path) -> None:
    async def turns() -> None:
        rows = ReadOnceATurn(database)
        assert found(rows) == 0
        set_by_another_process(path, 1)
        await asyncio.sleep(0)
        assert found(rows) == 1

    asyncio.run(turns())


def test_who_waited_for_a_write_reads_what_it_wrote(database: Counted) -> None:
    """Also when others read in every turn until it is there."""

    async def busy(rows: ReadOnceATurn) -> None:
        while True:
            found(rows)
            await asyncio.sleep(0)

    async def turns() -> None:
        rows = ReadOnceATurn(database)
        others = [asyncio.create_task(busy(rows)) for _ in range(3)]
        for value in range(1, 50):
            await database.write(lambda c, value=value: c.execute("UPDATE t SET b = ?", (value,)))  # type: ignore[misc]
            assert found(rows) == value
        for other in others:
            other.cancel()

    asyncio.run(turns())


def test_a_loop_that_ended_before_it_forgot_leaves_nothing_to_the_next(database: Counted, path: Path) -> None:
    rows = ReadOnceATurn(database)

    async def read() -> int | None:
        return found(rows)

    def read_and_stop() -> None:
        assert found(rows) == 0
        loop.stop()

    loop = asyncio.new_event_loop()
    loop.call_soon(read_and_stop)
    loop.run_forever()
    loop.close()
    set_by_another_process(path, 1)
    assert asyncio.run(read()) == 1
