"""Two serving processes over one database, asked for the same thing at the same moment."""

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest

from tests.interop.installation import (
    COMMAND,
    SANDBOX,
    Registered,
    free_port,
    installed,
    somebody,
    wait_until_ready,
)
from tests.support.builders import CODE_CHALLENGE, CODE_VERIFIER

CALLBACK = "https://acme.example/callback"
GRANTS = ("--grant-type", "authorization_code", "--grant-type", "refresh_token")
ROUNDS = 10


@dataclass(slots=True)
class Twins:
    """Two processes that serve one issuer, and a client of it."""

    client: Registered
    origins: tuple[str, str]
    http: httpx2.Client

    def result(self) -> str:
        """The path and query of a result that nobody opened."""
        request = {
            "client_id": self.client.client_id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid offline_access",
            "code_challenge": CODE_CHALLENGE,
            "code_challenge_method": "S256",
            "login_hint": somebody(),
        }
        begun = self.http.get(f"{self.origins[0]}/v1/openid/authorize?{urlencode(request)}")
        opened = self.http.get(begun.headers["location"])
        return str(opened.headers["location"]).removeprefix(self.origins[0])

    def code(self) -> str:
        return code_of(self.http.get(self.origins[0] + self.result()))

    def redeem(self, origin: str, code: str) -> httpx2.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": CODE_VERIFIER,
        }
        return self.post(f"{origin}/v1/openid/token", **form)

    def refresh(self, origin: str, refresh_token: str) -> httpx2.Response:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self.post(f"{origin}/v1/openid/token", **form)

    def is_live(self, origin: str, token: str) -> bool:
        state: dict[str, object] = self.post(f"{origin}/v1/openid/introspect", token=token).json()
        return state != {"active": False}

    def post(self, url: str, **form: str) -> httpx2.Response:
        return self.http.post(url, data=form, auth=(self.client.client_id, self.client.client_secret))


def code_of(response: httpx2.Response) -> str:
    return dict(parse_qsl(urlsplit(response.headers["location"]).query))["code"]


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    folder: Path = tmp_path_factory.mktemp("twins")
    port, second_port = free_port(), free_port()
    issuer, second = f"http://localhost:{port}", f"http://localhost:{second_port}"
    with installed(folder, issuer, port, **SANDBOX) as first:
        environment = {**first.environment, "VERIFEYE_OIDC_PORT": str(second_port)}
        log_file = folder / "second.log"
        with (
            log_file.open("wb") as log,
            subprocess.Popen([COMMAND, "serve"], env=environment, stdout=log, stderr=log) as process,
            httpx2.Client(trust_env=False) as http,
        ):
            try:
                wait_until_ready(process, f"http://127.0.0.1:{second_port}/readyz", log_file)
                yield Twins(first.register(CALLBACK, *GRANTS), (issuer, second), http)
            finally:
                process.terminate()
                process.wait(timeout=15)


def at_both(twins: Twins, ask: object) -> list[httpx2.Response]:
    assert callable(ask)
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(ask, twins.origins))


def test_a_code_is_taken_once_and_its_token_dies_with_the_race(twins: Twins) -> None:
    """The loser is a replay (RFC 6749, 4.1.2), so that what the winner got is revoked."""
    for _ in range(ROUNDS):
        code = twins.code()
        answers = at_both(twins, lambda origin, code=code: twins.redeem(origin, code))
        assert sorted(answer.status_code for answer in answers) == [200, 400]
        [loser] = [answer for answer in answers if answer.status_code == 400]
        assert loser.json()["error"] == "invalid_grant"
        [winner] = [answer for answer in answers if answer.status_code == 200]
        bearer = {"authorization": f"Bearer {winner.json()['access_token']}"}
        for origin in twins.origins:
            refused = twins.http.get(f"{origin}/v1/openid/userinfo", headers=bearer)
            assert (refused.status_code, refused.json()["error"]) == (401, "invalid_token")


def test_a_refresh_token_rotates_once_and_its_family_dies_with_the_race(twins: Twins) -> None:
    """The loser is a replay (RFC 9700, 4.14.2)."""
    for _ in range(ROUNDS):
        first = twins.redeem(twins.origins[0], twins.code()).json()
        spent = first["refresh_token"]
        assert twins.is_live(twins.origins[1], spent)
        answers = at_both(twins, lambda origin, spent=spent: twins.refresh(origin, spent))
        assert sorted(answer.status_code for answer in answers) == [200, 400]
        [loser] = [answer for answer in answers if answer.status_code == 400]
        assert loser.json()["error"] == "invalid_grant"
        [winner] = [answer.json() for answer in answers if answer.status_code == 200]
        for token in (first["access_token"], winner["access_token"], winner["refresh_token"]):
            assert not any(twins.is_live(origin, token) for origin in twins.origins)


def test_a_result_gives_one_code(twins: Twins) -> None:
    for _ in range(ROUNDS):
        result = twins.result()
        answers = at_both(twins, lambda origin, result=result: twins.http.get(origin + result))
        codes = {code_of(answer) for answer in answers if answer.status_code == 303}
        assert len(codes) == 1
        assert all(answer.status_code == 303 or "refresh" in answer.text for answer in answers)
        assert twins.redeem(twins.origins[1], codes.pop()).status_code == 200


def test_an_undisturbed_code_still_gives_tokens(twins: Twins) -> None:
    assert twins.redeem(twins.origins[1], twins.code()).status_code == 200
