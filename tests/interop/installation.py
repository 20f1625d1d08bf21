"""A provider as its operator runs it: the `serve` command, administered by the command line."""

import contextlib
import json
import os
import socket
import ssl
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2

from tests.support.shared import REPOSITORY

COMMAND = str(REPOSITORY / ".venv" / "bin" / "verifeye-oidc")
START_SECONDS = 30
SITE = "127.0.0.1"

SANDBOX = {"verification": "sandbox", "sandbox_acknowledged": "true", "sandbox_outcome": "pass"}
"""Settings under which every verification passes at once."""


@dataclass(frozen=True, slots=True)
class Registered:
    """What an operator hands to whoever sets up a relying party."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Installation:
    """A provider that runs. ``origin``: where it listens; ``issuer``: what it is called, through a proxy."""

    issuer: str
    origin: str
    log: Path
    environment: Mapping[str, str]
    configuration_id: str = ""

    def admin(self, *arguments: str) -> Any:
        """What an administrative command says."""
        said = subprocess.run(
            [COMMAND, *arguments, "--json"],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert said.returncode == 0, said.stderr
        return json.loads(said.stdout)

    def register(self, redirect_uri: str, *options: str) -> Registered:
        """A client, with these options of `client create`. All of them see the same people."""
        client = self.admin(
            "client", "create", "--name", "A relying party", "--redirect-uri", redirect_uri,
            "--configuration", self.configuration_id, *options,
        )  # fmt: skip
        return Registered(self.issuer, client["client_id"], client.get("client_secret", ""), redirect_uri)


def own_site() -> str:
    """The origin of a relying party: another site than ``localhost``, on a port of its own."""
    return f"http://{SITE}:{free_port()}"


def somebody() -> str:
    """An identifier that nobody has enrolled."""
    return f"{uuid.uuid4()}@example.com"


@contextlib.contextmanager
def installed(folder: Path, issuer: str, port: int, **settings: str) -> Iterator[Installation]:
    """Serve ``issuer`` on a port of loopback, its data in ``folder``, with one configuration."""
    given = {"issuer": issuer, "port": str(port), "data_dir": str(folder / "data"), **settings}
    environment = os.environ | {f"VERIFEYE_OIDC_{name.upper()}": value for name, value in given.items()}
    installation = Installation(issuer, f"http://{SITE}:{port}", folder / "provider.log", environment)
    with (
        installation.log.open("wb") as log,
        subprocess.Popen(
            [COMMAND, "serve"], stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment
        ) as process,
    ):
        try:
            wait_until_ready(process, f"{installation.origin}/readyz", installation.log)
            configuration = installation.admin(
                "configuration", "create", "--name", "Interop", "--face", "MatchVerification",
                "--liveness", "Verification", "--enrolment-policy", "first_use",
            )  # fmt: skip
            yield replace(installation, configuration_id=configuration["configuration_id"])
        finally:
            process.terminate()
            process.wait(timeout=15)


def wait_until_ready(
    process: subprocess.Popen[bytes], url: str, log: Path, authority: Path | None = None
) -> None:
    """Until ``url`` answers, whatever it says; raises RuntimeError with the log of what does not start."""
    deadline = time.monotonic() + START_SECONDS
    context = ssl.create_default_context(cafile=authority)
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
