"""Two servers over one database, as two real processes: of what may happen once, exactly one does."""

import asyncio
import contextlib
import json
import os
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx2
import pytest

from tests.e2e.demo import COMMAND, START_SECONDS, free_ports
from tests.support.builders import CODE_CHALLENGE, CODE_VERIFIER
from verifeye_oidc.oidc.discovery import AUTHORIZATION_PATH, INTROSPECTION_PATH, TOKEN_PATH

REDIRECT_URI = "http://127.0.0.1:9/callback"
ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Servers:
    """A sandbox that answers by itself, at two doors; the first is the issuer."""

    doors: tuple[httpx2.AsyncClient, httpx2.AsyncClient]
    client_id: str
    client_secret: str

    async def post_at_both(self, **parameters: str) -> list[httpx2.Response]:
        return await asyncio.gather(*[self.post(door, TOKEN_PATH, **parameters) for door in self.doors])

    async def post(self, door: httpx2.AsyncClient, path: str, **parameters: str) -> httpx2.Response:
        return await door.post(path, data=parameters, auth=(self.client_id, self.client_secret))

    async def code(self) -> str:
        """A sign-in up to the redirect URI, by a browser of its own."""
        parameters = {
            "client_id": self.client_id,
            "redirect_uri": REDIRECT_URI,
            "response_type": "code",
            "scope": "openid offline_access",
            "code_challenge": CODE_CHALLENGE,
            "code_challenge_method": "S256",
            "login_hint": "ada@example.com",
        }
        url = f"{AUTHORIZATION_PATH}?{urlencode(parameters)}"
        async with httpx2.AsyncClient(base_url=self.doors[0].base_url, trust_env=False) as browser:
            while not url.startswith(REDIRECT_URI):
                response = await browser.get(url)
                assert response.status_code == 303, response.text
                url = urljoin(str(response.url), response.headers["location"])
        return parse_qs(urlsplit(url).query)["code"][0]

    async def is_live(self, token: str) -> bool:
        response = await self.post(self.doors[1], INTROSPECTION_PATH, token=token)
        state: dict[str, object] = response.json()
        return state != {"active": False}


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[tuple[int, int], str, str]]:
    folder, ports = tmp_path_factory.mktemp("two-servers"), free_ports()
    environment = os.environ | {
        "VERIFEYE_OIDC_ISSUER": f"http://localhost:{ports[0]}",
        "VERIFEYE_OIDC_DATA_DIR": str(folder / "data"),
        "VERIFEYE_OIDC_VERIFICATION": "sandbox",
        "VERIFEYE_OIDC_SANDBOX_ACKNOWLEDGED": "true",
        "VERIFEYE_OIDC_SANDBOX_OUTCOME": "pass",
    }
    configuration = _made(
        environment, "configuration", "create", "--name", "Two", "--enrolment-policy", "first_use",
        "--face", "MatchVerification", "--liveness", "Verification",
    )  # fmt: skip
    client = _made(
        environment, "client", "create", "--name", "Two", "--redirect-uri", REDIRECT_URI,
        "--configuration", configuration["configuration_id"],
        "--grant-type", "authorization_code", "--grant-type", "refresh_token",
    )  # fmt: skip
    with contextlib.ExitStack() as stack:
        for port in ports:
            stack.enter_context(_serving(environment, port, folder / f"{port}.log"))
        yield ports, client["client_id"], client["client_secret"]


@pytest.fixture
async def servers(installation: tuple[tuple[int, int], str, str]) -> AsyncIterator[Servers]:
    (one, other), client_id, secret = installation
    async with (
        httpx2.AsyncClient(base_url=f"http://localhost:{one}", trust_env=False) as first,
        httpx2.AsyncClient(base_url=f"http://localhost:{other}", trust_env=False) as second,
    ):
        yield Servers((first, second), client_id, secret)


def _made(environment: dict[str, str], *arguments: str) -> dict[str, str]:
    command = [str(COMMAND), *arguments, "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    made: dict[str, str] = json.loads(done.stdout)
    return made


@contextlib.contextmanager
def _serving(environment: dict[str, str], port: int, log_file: Path) -> Iterator[None]:
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [str(COMMAND), "serve"],
            env=environment | {"VERIFEYE_OIDC_PORT": str(port)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            _wait_until_ready(process, port, log_file)
            yield
        finally:
            process.terminate()
            process.wait(timeout=15)


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log_file: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    with httpx2.Client(timeout=2, trust_env=False) as client:
        while True:
            with contextlib.suppress(httpx2.TransportError):
                if client.get(f"http://localhost:{port}/readyz").is_success:
                    return
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server on port {port} does not answer:\n{log_file.read_text()}")
            time.sleep(0.05)


async def _race(servers: Servers, **parameters: str) -> dict[str, str]:
    """What the one winner got."""
    answers = await servers.post_at_both(**parameters)
    assert sorted(answer.status_code for answer in answers) == [200, 400], [each.text for each in answers]
    won, lost = sorted(answers, key=lambda answer: answer.status_code)
    assert lost.json()["error"] == "invalid_grant"
    tokens: dict[str, str] = won.json()
    return tokens


async def test_a_code_at_two_servers_gives_tokens_once_and_they_die(servers: Servers) -> None:
    for _ in range(ROUNDS):
        tokens = await _race(
            servers,
            grant_type="authorization_code",
            code=await servers.code(),
            redirect_uri=REDIRECT_URI,
            code_verifier=CODE_VERIFIER,
        )
        for name in ("access_token", "refresh_token"):
            assert not await servers.is_live(tokens[name])


async def test_a_refresh_token_at_two_servers_rotates_once_and_its_family_ends(servers: Servers) -> None:
    for _ in range(ROUNDS):
        first = await servers.post(
            servers.doors[0],
            TOKEN_PATH,
            grant_type="authorization_code",
            code=await servers.code(),
            redirect_uri=REDIRECT_URI,
            code_verifier=CODE_VERIFIER,
        )
        assert first.status_code == 200, first.text
        assert await servers.is_live(first.json()["refresh_token"])
        second = await _race(servers, grant_type="refresh_token", refresh_token=first.json()["refresh_token"])
        for tokens in (first.json(), second):
            for name in ("access_token", "refresh_token"):
                assert not await servers.is_live(tokens[name])
