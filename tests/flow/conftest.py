from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.support.provider_app import Provider, running_provider
from verifeye_oidc.oidc.model import Client
from verifeye_oidc.verifier.model import Configuration

MakeProvider = Callable[..., Awaitable[Provider]]


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[Provider]:
    """Client `acme` on a configuration where the first use enrols."""
    async with running_provider(tmp_path) as provider:
        yield provider


@pytest.fixture
async def make_provider(tmp_path: Path) -> AsyncIterator[MakeProvider]:
    """One with another client or configuration."""
    async with AsyncExitStack() as stack:

        async def make(client: Client | None = None, configuration: Configuration | None = None) -> Provider:
            return await stack.enter_async_context(running_provider(tmp_path, client, configuration))

        yield make
