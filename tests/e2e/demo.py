"""The demo as a person starts it: one process, a provider on localhost and Acme on another site."""

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

START_SECONDS = 30
COMMAND = REPOSITORY / ".venv" / "bin" / "verifeye-oidc"


@dataclass(frozen=True, slots=True)
class Demo:
    """Where a running demo listens: `provider` (the issuer) and `acme` (the relying party)."""

    provider: str
    acme: str
    log: Path
    pid: int


@contextlib.contextmanager
def running_demo(
    folder: Path, *options: str, no_face_seconds: int = 4, ports: tuple[int, int] | None = None
) -> Iterator[Demo]:
    """Start `verifeye-oidc demo` on free ports, its data in `folder`; wait for both sites; end it at last.

    `ports`: of the provider and of Acme, for a demo that was started in this folder before.
    """
    port, acme_port = ports or free_ports()
    log_file = folder / "demo.log"
    command = [
        str(COMMAND), "demo", "--no-browser", "--port", str(port), "--acme-port", str(acme_port),
        "--data-dir", str(folder / "data"), *options,
    ]  # fmt: skip
    environment = os.environ | {"VERIFEYE_OIDC_CAPTURE_NO_FACE_SECONDS": str(no_face_seconds)}
    with log_file.open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment)
        provider, acme = f"http://localhost:{port}", f"http://127.0.0.1:{acme_port}"
        demo = Demo(provider, acme, log_file, process.pid)
        try:
            _wait_until_ready(process, demo)
            yield demo
        finally:
            process.terminate()
            process.wait(timeout=15)


def free_ports() -> tuple[int, int]:
    """Two ports of loopback that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


def _wait_until_ready(process: subprocess.Popen[bytes], demo: Demo) -> None:
    deadline = time.monotonic() + START_SECONDS
    waiting = [f"{demo.provider}/readyz", demo.acme]
    with httpx2.Client(timeout=2, trust_env=False) as client:
        while waiting:
            with contextlib.suppress(httpx2.TransportError):
                if client.get(waiting[0]).is_success:
                    waiting.pop(0)
                    continue
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the demo does not answer on {waiting[0]}:\n{demo.log.read_text()}")
            time.sleep(0.05)
