from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.back_channel import Back, back_channel


@pytest.fixture
async def back(tmp_path: Path) -> AsyncIterator[Back]:
    async with back_channel(tmp_path) as back:
        yield back
