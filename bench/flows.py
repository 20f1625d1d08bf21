"""Full code flows a second in sandbox mode, beside npm ``oidc-provider`` in memory.

A flow is four requests: authorize, the verification answering at once, verify-result, token. Each server is
a process of its own on one core; the load client has another. Ours writes to SQLite on the disk and logs
every request, as in service; the peer keeps everything in memory and logs nothing.
"""

import asyncio
import contextlib
import hashlib
import itertools
import os
import secrets
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench.load import REDIRECT_URI, Act, Connection, Party, WrongAnswer, hammer
from tests.e2e.demo import COMMAND, free_ports
from verifeye_oidc.admin.clients import create_client
from verifeye_oidc.admin.configurations import create_configuration
from verifeye_oidc.app import open_house
from verifeye_oidc.settings import load_settings
from verifeye_oidc.verification.port import EnrolmentPolicy, FaceMode, LivenessMode

PEOPLE = [f"person{number}@example.com" for number in range(64)]
CONCURRENT = 64
ROUNDS = 5
ROUND_SECONDS = 3.0
START_SECONDS = 30
PEER = Path(__file__).parent / "peers" / "oidc-provider"


@dataclass(frozen=True, slots=True)
class Server:
    """A provider under load, in a process of its own."""

    name: str
    pid: int
    port: int
    client_id: str
    client_secret: str

    def cpu_seconds(self) -> float:
        """What its threads used so far, in user and kernel (proc(5))."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Rates:
    """Medians of the rounds."""

    flows_per_second: float
    flows_per_cpu_second: float
    discovery_per_cpu_second: float
    jwks_per_cpu_second: float


def main() -> None:
    cores = sorted(os.sched_getaffinity(0))
    load_core, server_core = cores[0], cores[-1]
    os.sched_setaffinity(0, {load_core})
    with tempfile.TemporaryDirectory(prefix="verifeye-bench-") as folder, contextlib.ExitStack() as stack:
        servers = [stack.enter_context(_ours(Path(folder), server_core))]
        peer = _peer_folder()
        if isinstance(peer, Path):
            servers.append(stack.enter_context(_theirs(peer, Path(folder), server_core)))
        load_began, began = time.process_time(), time.perf_counter()
        measured = asyncio.run(_measure(servers))
        load_share = (time.process_time() - load_began) / (time.perf_counter() - began)
    _report(servers, measured)
    print(f"  {CONCURRENT} connections, medians of {ROUNDS} rounds in turn; the load used {load_share:.0%}")
    if len(cores) == 1:
        print("  this machine has one core: server and load shared it, so only CPU-seconds count")
    if isinstance(peer, str):
        print(f"  npm oidc-provider was not measured: {peer}")


async def _measure(servers: Sequence[Server]) -> list[Rates]:
    parties = [await Party.registered(each.port, each.client_id, each.client_secret) for each in servers]
    for party in parties:
        connection = Connection(party.port)
        for person in PEOPLE:  # from here on everybody is known, and connections and caches are warm
            await party.flow(connection, person)
        await connection.close()
    rounds: list[list[Rates]] = [[] for _ in servers]
    for _ in range(ROUNDS):
        for server, party, found in zip(servers, parties, rounds, strict=True):
            found.append(await _round(server, party))
    return [_medians(found) for found in rounds]


async def _round(server: Server, party: Party) -> Rates:
    turn = itertools.cycle(PEOPLE)

    async def flow(connection: Connection) -> None:
        await party.flow(connection, next(turn))

    flows_per_second, flows_per_cpu_second = await _rate(server, flow)
    _, discovery = await _rate(server, _getting("/.well-known/openid-configuration"))
    _, jwks = await _rate(server, _getting(urlsplit(party.metadata["jwks_uri"]).path))
    return Rates(flows_per_second, flows_per_cpu_second, discovery, jwks)


async def _rate(server: Server, act: Act) -> tuple[float, float]:
    """How often a second, and in each second of the server's own time."""
    used, began = server.cpu_seconds(), time.perf_counter()
    done = await hammer(server.port, ROUND_SECONDS, CONCURRENT, act)
    elapsed = time.perf_counter() - began
    return done / elapsed, done / (server.cpu_seconds() - used)


def _getting(path: str) -> Act:
    async def get(connection: Connection) -> None:
        answer = await connection.request("GET", path)
        if answer.status != 200 or not answer.body.startswith(b"{"):
            raise WrongAnswer(f"{path}: {answer.status}")

    return get


def _medians(rounds: Sequence[Rates]) -> Rates:
    columns = zip(*(astuple(found) for found in rounds), strict=True)
    return Rates(*(statistics.median(column) for column in columns))


def _report(servers: Sequence[Server], measured: Sequence[Rates]) -> None:
    print("\nsandbox mode, full code flows with every answer checked")
    print(f"  {'':34}" + "".join(f"{server.name:>24}" for server in servers) + f"{'ratio':>10}")
    for name, *values in zip(
        ("flows / s", "flows / CPU-second", "discovery / CPU-second", "JWKS / CPU-second"),
        *(astuple(rates) for rates in measured),
        strict=True,
    ):
        ratio = f"{values[0] / values[1]:>10.2f}" if len(values) > 1 else f"{'-':>10}"
        print(f"  {name:34}" + "".join(f"{value:>24.0f}" for value in values) + ratio)


@contextlib.contextmanager
def _ours(folder: Path, core: int) -> Iterator[Server]:
    port, _ = free_ports()
    settings = {
        "VERIFEYE_OIDC_ISSUER": f"http://localhost:{port}",
        "VERIFEYE_OIDC_PORT": str(port),
        "VERIFEYE_OIDC_DATA_DIR": str(folder / "data"),
        "VERIFEYE_OIDC_VERIFICATION": "sandbox",
        "VERIFEYE_OIDC_SANDBOX_ACKNOWLEDGED": "true",
        "VERIFEYE_OIDC_SANDBOX_OUTCOME": "pass",
    }
    os.environ.update(settings)
    client_id, secret = asyncio.run(_register())
    command = [str(COMMAND), "serve"]
    with _running(command, core, folder / "ours.log") as process:
        server = Server("verifeye-oidc (SQLite)", process.pid, port, client_id, secret)
        _wait_until_ready(process, server, folder / "ours.log")
        yield server


async def _register() -> tuple[str, str]:
    async with open_house(load_settings()) as house:
        configuration = await create_configuration(
            house.store,
            house.ids,
            name="Bench",
            face=FaceMode.MATCH_VERIFICATION,
            liveness=LivenessMode.VERIFICATION,
            enrolment_policy=EnrolmentPolicy.FIRST_USE,
            issuer=house.settings.issuer,
        )
        client, secret = await create_client(
            house.store,
            house.ids,
            name="Bench",
            redirect_uris=(REDIRECT_URI,),
            configuration_id=configuration.configuration_id,
        )
        return client.client_id, secret


@contextlib.contextmanager
def _theirs(peer: Path, folder: Path, core: int) -> Iterator[Server]:
    port, _ = free_ports()
    client_id, secret = "bench", secrets.token_urlsafe(32)
    command = ["node", "server.mjs", str(port), client_id, secret, REDIRECT_URI]
    with _running(command, core, folder / "theirs.log", peer) as process:
        server = Server("oidc-provider (memory)", process.pid, port, client_id, secret)
        _wait_until_ready(process, server, folder / "theirs.log")
        yield server


def _peer_folder() -> Path | str:
    """Where the peer is installed, outside of the repository; or why it cannot be."""
    npm = shutil.which("npm")
    if shutil.which("node") is None or npm is None:
        return "Node.js (20 or newer, with npm) is not on this machine"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "verifeye-oidc" / "bench"
    folder = cache / hashlib.sha256((PEER / "package-lock.json").read_bytes()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    for file in PEER.iterdir():
        shutil.copy(file, folder)
    if not (folder / "node_modules" / ".package-lock.json").exists():
        command = [npm, "ci", "--no-fund", "--no-audit"]
        installed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if installed.returncode != 0:
            return f"npm could not install it: {installed.stderr.strip()[-300:]}"
    return folder


@contextlib.contextmanager
def _running(
    command: Sequence[str], core: int, log_file: Path, folder: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {"NODE_ENV": "production"}
    with log_file.open("wb") as log:
        own = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {core})  # what is started inherits it, with all its threads
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
        os.sched_setaffinity(0, own)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(timeout=15)


def _wait_until_ready(process: subprocess.Popen[bytes], server: Server, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", server.port), timeout=1):
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{server.name} does not answer:\n{log.read_text()[-2000:]}")
        time.sleep(0.05)
