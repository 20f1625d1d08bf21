"""A provider as its operator runs it: the `serve` command, in sandbox mode."""

import asyncio
import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2

from tests.support.shared import REPOSITORY
from verifeye_oidc.admin.clients import create_client
from verifeye_oidc.admin.configurations import create_configuration
from verifeye_oidc.app import House, open_house
from verifeye_oidc.settings import load_settings
from verifeye_oidc.verification.port import EnrolmentPolicy, FaceMode, LivenessMode

COMMAND = REPOSITORY / ".venv" / "bin" / "verifeye-oidc"
START_SECONDS = 30
SITE = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Registered:
    """What an operator hands to whoever sets up a relying party."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Installation:
    """A running provider. ``origin``: where it listens; ``issuer``: what it is called, through a proxy."""

    issuer: str
    origin: str
    log: Path
    settings: dict[str, str]

    def register(self, redirect_uri: str) -> Registered:
        """A client with a configuration of its own."""

        async def use_case() -> Registered:
            async with open_house(load_settings(None, **self.settings)) as house:
                return await _register(house, self.issuer, redirect_uri)

        return asyncio.run(use_case())


async def _register(house: House, issuer: str, redirect_uri: str) -> Registered:
    configuration = await create_configuration(
        house.store,
        house.ids,
        name="Interop",
        face=FaceMode.MATCH_VERIFICATION,
        liveness=LivenessMode.VERIFICATION,
        enrolment_policy=EnrolmentPolicy.FIRST_USE,
        issuer=issuer,
    )
    client, secret = await create_client(
        house.store,
        house.ids,
        name="A relying party",
        redirect_uris=(redirect_uri,),
        configuration_id=configuration.configuration_id,
    )
    return Registered(issuer, client.client_id, secret, redirect_uri)


@contextlib.contextmanager
def installed(folder: Path, issuer: str, port: int, **more: str) -> Iterator[Installation]:
    """Serve ``issuer`` on a port of loopback, its data in ``folder``; every verification passes at once."""
    settings = {
        "issuer": issuer,
        "port": str(port),
        "data_dir": str(folder / "data"),
        "verification": "sandbox",
        "sandbox_acknowledged": "true",
        "sandbox_outcome": "pass",
        **more,
    }
    environment = os.environ | {f"VERIFEYE_OIDC_{name.upper()}": value for name, value in settings.items()}
    installation = Installation(issuer, f"http://{SITE}:{port}", folder / "provider.log", settings)
    with installation.log.open("wb") as log:
        process = subprocess.Popen(
            [str(COMMAND), "serve"], stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment
        )
        try:
            wait_until_ready(process, f"{installation.origin}/readyz", installation.log)
            yield installation
        finally:
            process.terminate()
            process.wait(timeout=15)


def wait_until_ready(
    process: subprocess.Popen[bytes], url: str, log: Path, *, verify: str | bool = True
) -> None:
    """Until ``url`` answers, whatever it says; raises RuntimeError with the log of what does not start."""
    deadline = time.monotonic() + START_SECONDS
    context = httpx2.create_ssl_context(verify=verify)
    with httpx2.Client(timeout=2, trust_env=False, verify=context) as client:
        while process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(httpx2.TransportError):
                client.get(url)
                return
            time.sleep(0.05)
    raise RuntimeError(f"nothing answers on {url}:\n{log.read_text()[-4000:]}")


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.create_server((SITE, 0)) as one:
        return int(one.getsockname()[1])
