"""What the log of a served provider says after everything has happened, and what it never says."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest

from tests.interop.installation import SANDBOX, Installation, Registered, free_port, installed
from tests.support.builders import CODE_CHALLENGE, CODE_VERIFIER
from tests.support.negative import basic

CALLBACK = "https://acme.example/callback"
CANARY = "a-canary-in-a-path"
SECRETS = {
    "e-mail address": "planted.person@example.com",
    "state": "planted-state",
    "nonce": "planted-nonce",
    "unknown parameter": "planted-parameter",
    "wrong code": "planted-code",
    "wrong secret": "planted-secret",
    "wrong token": "planted-token",
    "wrong refresh token": "planted-refresh",
    "wrong verifier": "planted-verifier-planted-verifier-planted-verifier",
    "wrong redirect URI": "planted-host.example",
    "wrong client": "planted-client",
    "wrong result": "planted-result",
    "wrong invitation": "planted-invitation",
    "cookie": "planted-cookie",
    "header": "planted-header",
}


@dataclass(slots=True)
class Told:
    """A run of everything, and what must not be in the log after it."""

    installation: Installation
    log: str = ""
    secrets: dict[str, str] = field(default_factory=lambda: dict(SECRETS))
    references: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    folder: Path = tmp_path_factory.mktemp("log")
    port = free_port()
    with installed(folder, f"http://localhost:{port}", port, **SANDBOX) as installation:
        told = Told(installation)
        client = installation.register(CALLBACK)
        headers = {"x-forwarded-for": SECRETS["header"], "referer": f"https://x.example/{SECRETS['header']}"}
        with httpx2.Client(base_url=installation.issuer, trust_env=False, headers=headers) as http:
            _genuine(http, client, told)
            _genuine(http, client, told)
            _refused(http, client, told)
            http.get(f"/{CANARY}")
        told.log = installation.log.read_text()
        yield told


def _genuine(http: httpx2.Client, client: Registered, told: Told) -> None:
    """A sign-in to its end, and a replay; everything that was secret on the way is remembered."""
    request = {
        "client_id": client.client_id,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid email profile verification",
        "state": SECRETS["state"],
        "nonce": SECRETS["nonce"],
        "code_challenge": CODE_CHALLENGE,
        "code_challenge_method": "S256",
        "x": SECRETS["unknown parameter"],
    }
    begun = http.post("/v1/openid/authorize", data=request)
    transaction = begun.headers["location"].rpartition("=")[2]
    form = {"transaction": transaction, "identifier": SECRETS["e-mail address"]}
    to = http.post("/v1/openid/identify", data=form).headers["location"]
    while not to.startswith(CALLBACK):
        told.secrets[f"query of {urlsplit(to).path}"] = urlsplit(to).query
        to = str(http.get(to).headers["location"])
    code = dict(parse_qsl(urlsplit(to).query))["code"]
    exchange = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": CODE_VERIFIER,
    }
    credentials = {"authorization": basic(client.client_id, client.client_secret)}
    tokens = http.post("/v1/openid/token", data=exchange, headers=credentials).json()
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    assert http.get("/v1/openid/userinfo", headers=bearer).status_code == 200
    assert http.post("/v1/openid/token", data=exchange, headers=credentials).status_code == 400
    told.secrets |= {
        "code": code,
        "access token": tokens["access_token"],
        "signature of the ID token": tokens["id_token"].rpartition(".")[2],
        "claims of the ID token": tokens["id_token"].split(".")[1],
        "client secret": client.client_secret,
        "credentials": credentials["authorization"].partition(" ")[2],
        "code verifier": CODE_VERIFIER,
        **{f"cookie {name}": value for name, value in http.cookies.items()},
    }


def _refused(http: httpx2.Client, client: Registered, told: Told) -> None:
    """Every endpoint, refusing something planted."""
    good = {"client_id": client.client_id, "redirect_uri": CALLBACK, "state": SECRETS["state"]}
    wrong = f"https://{SECRETS['wrong redirect URI']}/"
    for parameters in (
        good,
        good | {"redirect_uri": wrong},
        good | {"client_id": SECRETS["wrong client"]},
        good | {"response_type": SECRETS["unknown parameter"], "login_hint": SECRETS["e-mail address"]},
    ):
        _remember(told, http.get("/v1/openid/authorize?" + urlencode(parameters)))
    doubled = urlencode([("client_id", client.client_id), ("state", SECRETS["state"])] * 2)
    _remember(told, http.get(f"/v1/openid/authorize?{doubled}"))
    grant = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code": SECRETS["wrong code"]}
    authentication = {"client_id": client.client_id, "client_secret": client.client_secret}
    for form in (
        grant | authentication,
        grant | authentication | {"code_verifier": SECRETS["wrong verifier"]},
        grant | {"client_id": client.client_id, "client_secret": SECRETS["wrong secret"]},
        grant | {"client_id": SECRETS["wrong client"], "client_secret": SECRETS["wrong secret"]},
        authentication | {"grant_type": SECRETS["unknown parameter"]},
        authentication | {"grant_type": "refresh_token", "refresh_token": SECRETS["wrong refresh token"]},
    ):
        _remember(told, http.post("/v1/openid/token", data=form))
    bearer = {"authorization": f"Bearer {SECRETS['wrong token']}"}
    _remember(told, http.get("/v1/openid/userinfo", headers=bearer))
    _remember(told, http.get(f"/v1/openid/userinfo?access_token={SECRETS['wrong token']}"))
    for path in ("introspect", "revoke"):
        form = authentication | {"token": SECRETS["wrong token"]}
        _remember(told, http.post(f"/v1/openid/{path}", data=form))
    cookie = {"cookie": f"verifeye-tx-x={SECRETS['cookie']}; other={SECRETS['cookie']}"}
    _remember(told, http.get("/v1/openid/continue?transaction=x", headers=cookie))
    _remember(told, http.get(f"/v1/openid/verify-result?transaction=x&x={SECRETS['wrong result']}"))
    _remember(told, http.get(f"/v1/openid/invitation?token={SECRETS['wrong invitation']}"))
    _remember(told, http.get(f"/verification/x?reExternalId={SECRETS['e-mail address']}"))
    _remember(told, http.get("/nowhere?" + urlencode({"x": SECRETS["unknown parameter"]})))


def _remember(told: Told, response: httpx2.Response) -> None:
    assert response.status_code < 500
    told.references.append(response.headers["x-correlation-id"])
    told.references += re.findall(r'id="reference">([^<]+)<', response.text)


def test_a_canary_is_found(told: Told) -> None:
    """The log was captured, and searching it finds things."""
    assert CANARY in told.log
    assert "code replayed" in told.log


def test_nothing_secret_is_in_it(told: Told) -> None:
    assert len(told.secrets) > 25
    found = [name for name, secret in told.secrets.items() if secret in told.log]
    assert found == []
    assert "?" not in told.log


def test_every_reference_that_somebody_was_given_is_in_it(told: Told) -> None:
    """Of an error page as well: whoever reads it to an operator is found again."""
    logged = {line.get("correlation_id") for line in _lines(told)}
    assert len(told.references) > 20
    assert set(told.references) <= logged


def test_each_line_is_one_object_and_each_request_one_line(told: Told) -> None:
    requests = [line for line in _lines(told) if line["event"] == "request"]
    assert {"method", "path", "status", "milliseconds", "correlation_id"} <= set(requests[0])
    ids = [line["correlation_id"] for line in requests]
    assert len(set(ids)) == len(ids)


def _lines(told: Told) -> list[dict[str, str]]:
    return [json.loads(line) for line in told.log.splitlines()]
