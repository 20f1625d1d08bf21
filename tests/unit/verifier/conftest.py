"""A verification service over SQLite, whose engine reads scripted frames."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.fakes import FixedClock
from tests.support.scripted_engine import ScriptedEngine
from tests.support.stores import open_store
from tests.support.verifier_room import Room, furnish
from verifeye_oidc.storage.port import Store


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = open_store("sqlite", tmp_path / "provider.db")
    yield store
    await store.close()


@pytest.fixture
async def room(store: Store, engine: ScriptedEngine, clock: FixedClock) -> AsyncIterator[Room]:
    room = await furnish(store, engine.as_engine, clock)
    yield room
    room.service.close()
