"""One provider for all relying parties, behind the proxy that can tamper; everything here is `interop`."""

import contextlib
import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.interop.installation import COMMAND, SANDBOX, SITE, Installation, free_port, installed, somebody
from tests.interop.nginx import Proxy, nginx
from tests.interop.person import Person
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


@dataclass(frozen=True, slots=True)
class Behind:
    """A provider with an https issuer, and the nginx before it."""

    provider: Installation
    proxy: Proxy

    def browser(self, identifier: str = "") -> Person:
        """A browser that trusts nginx's certificate by its authority."""
        return Person(identifier or somebody(), self.proxy.authority)

    @property
    def node(self) -> dict[str, str]:
        """The environment in which Node.js trusts it too."""
        return os.environ | {"NODE_EXTRA_CA_CERTS": str(self.proxy.authority)}


@contextlib.contextmanager
def behind_nginx(folder: Path, **settings: str) -> Iterator[Behind]:
    """As docs/howto/behind-nginx.md says, step by step."""
    port, own_port, key = free_port(), free_port(), folder / "master.key"
    mode = ["--sandbox"] if settings.get("verification") == "sandbox" else []
    subprocess.run([COMMAND, "keys", "create-master", str(key), *mode], check=True, capture_output=True)
    settings["master_key_file"] = str(key)
    with (
        installed(folder, f"https://localhost:{port}", own_port, **settings) as provider,
        nginx(folder, port=port, upstream_port=own_port) as proxy,
    ):
        yield Behind(provider, proxy)


@pytest.fixture(scope="package")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    with behind_nginx(tmp_path_factory.mktemp("behind"), **SANDBOX) as running:
        yield running
