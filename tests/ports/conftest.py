"""The store under test: every test of this folder that asks for ``store`` runs on every adapter."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.stores import open_store
from verifeye_oidc.storage.port import Store


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "provider.db"


@pytest.fixture(params=["sqlite"])
async def store(request: pytest.FixtureRequest, database: Path) -> AsyncIterator[Store]:
    opened = open_store(request.param, database)
    yield opened
    await opened.close()
