"""One provider for all relying parties, behind the proxy that can tamper; everything here is `interop`."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.interop.installation import SANDBOX, SITE, Installation, free_port, installed
from tests.interop.proxy import TamperingProxy
from tests.interop.served import served


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.interop)


@dataclass(frozen=True, slots=True)
class House:
    """The provider, and the proxy at its issuer's address."""

    provider: Installation
    proxy: TamperingProxy


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    listening = socket.create_server((SITE, 0))
    issuer = f"http://localhost:{listening.getsockname()[1]}"
    with installed(tmp_path_factory.mktemp("provider"), issuer, free_port(), **SANDBOX) as provider:
        proxy = TamperingProxy(provider.origin)
        with served(proxy.app, listening):
            yield House(provider, proxy)
