from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog

from tests.support.stores import open_store
from verifeye_oidc.storage.port import Store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = open_store("sqlite", tmp_path / "provider.db")
    yield opened
    await opened.close()


@pytest.fixture(autouse=True)
def logging_of_a_command_ends_with_it() -> Iterator[None]:
    """A command sets up logging for its process, which here goes on with other tests."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
