from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.back_channel import BackChannel, back_channel


@pytest.fixture
async def back(tmp_path: Path) -> AsyncIterator[BackChannel]:
    async with back_channel(tmp_path) as back:
        yield back
