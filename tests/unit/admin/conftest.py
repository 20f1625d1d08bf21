from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.stores import open_store
from verifeye_oidc.storage.port import Store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = open_store("sqlite", tmp_path / "provider.db")
    yield opened
    await opened.close()
