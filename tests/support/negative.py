"""What the tables of refused requests are made of: rows, and the running provider that they are tried on."""

import json
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote_plus, urlencode

import httpx2

from tests.support.back_channel import token_request
from tests.support.builders import CLIENT_ID, CLIENT_SECRET, make_client
from tests.support.provider_app import REQUEST
from tests.support.sandbox_app import ISSUER, RESULT_URL, SandboxApp, SandboxBrowser, running_sandbox, said
from verifeye_oidc.http.error_table import KNOWN
from verifeye_oidc.ids import digest

AUTHORIZE = "/v1/openid/authorize"
TOKEN = "/v1/openid/token"
USERINFO = "/v1/openid/userinfo"
FORM = {"content-type": "application/x-www-form-urlencoded"}
OTHER_SECRET = "the-secret-of-another-client-0123456789abcdef"
SPA_ORIGIN = "https://spa.example"
REDIRECT_URIS = (REQUEST["redirect_uri"], f"{SPA_ORIGIN}/callback")

CLIENTS = (
    make_client(client_id="other", secret_hashes=(digest(OTHER_SECRET),)),
    make_client(client_id="basic", token_endpoint_auth_methods=("client_secret_basic",)),
    make_client(client_id="post", token_endpoint_auth_methods=("client_secret_post",)),
    make_client(client_id="careful", require_nonce=True),
    make_client(client_id="no-pkce", require_pkce=False),
    make_client(
        client_id="spa",
        secret_hashes=(),
        token_endpoint_auth_methods=("none",),
        redirect_uris=(REDIRECT_URIS[1],),
    ),
)


@dataclass(slots=True)
class Scene:
    """A provider that answers every verification with a pass, and what the genuine browser has of it."""

    sandbox: SandboxApp
    genuine: SandboxBrowser
    code: str = ""
    """Given to `acme`, and not taken."""
    result: str = ""
    """Where the genuine browser takes its result, which nobody has opened yet."""

    async def new_code(self, **changes: str) -> str:
        return said(await self.sandbox.browser().authorize(**changes))["code"]

    async def tokens(self) -> dict[str, Any]:
        answer = await self.post(TOKEN, token_request(code=await self.new_code()))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def get(self, url: str, **headers: str) -> httpx2.Response:
        """In a browser of its own."""
        return await self.sandbox.browser().http.get(url, headers=headers)

    async def post(self, path: str, form: dict[str, str] | bytes, **headers: str) -> httpx2.Response:
        content = form if isinstance(form, bytes) else urlencode(form).encode()
        http = self.sandbox.browser().http
        return await http.post(path, content=content, headers={**FORM, **headers})


class Negative(NamedTuple):
    """One line of a table: what is sent, and how it is refused. No error: nothing is said."""

    name: str
    status: int
    error: str | None
    send: Callable[[Scene], Awaitable[httpx2.Response]]


class Refusal(NamedTuple):
    """What a client or a person was told, and where."""

    error: str | None
    status: int
    channel: str
    """`page`, `json`, or `redirect`."""


def authorize(name: str, status: int, error: str, **changes: str | None) -> Negative:
    """An authorization request that is genuine but for the changes; None leaves a parameter out."""
    wanted = {key: value for key, value in {**REQUEST, **changes}.items() if value is not None}
    return query(name, status, error, urlencode(wanted))


def query(name: str, status: int, error: str, raw: str) -> Negative:
    """An authorization request with exactly this query."""
    return Negative(name, status, error, lambda scene: scene.get(f"{AUTHORIZE}?{raw}"))


def token(
    name: str, status: int, error: str, authorization: str | None = None, **changes: str | None
) -> Negative:
    """A token request that is genuine but for the changes."""

    def send(scene: Scene) -> Awaitable[httpx2.Response]:
        headers = {} if authorization is None else {"authorization": authorization}
        return scene.post(TOKEN, token_request(**{"code": scene.code, **changes}), **headers)

    return Negative(name, status, error, send)


def basic(client_id: str = CLIENT_ID, secret: str = CLIENT_SECRET) -> str:
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return f"Basic {b64encode(pair.encode()).decode()}"


def refusal(response: httpx2.Response) -> Refusal:
    """What an answer says. Fails when it leaks, leads astray, may be framed or kept, or is our own fault.

    Fails as well when it says an error that is not in the table of all errors.
    """
    found = _found(response)
    assert found.error is None or (found.error, found.status, found.channel) in KNOWN
    return found


def _found(response: httpx2.Response) -> Refusal:
    assert response.status_code < 500
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
    assert not re.search(r"Traceback|sqlite|\.py\b", response.text)
    if location := response.headers.get("location"):
        uri, _, query_string = location.replace("#", "?").partition("?")
        assert uri in REDIRECT_URIS or location.startswith((f"{ISSUER}/", "/"))
        told = dict(parse_qsl(query_string, strict_parsing=bool(query_string)))
        return Refusal(_proper(told).get("error"), response.status_code, "redirect")
    if response.headers.get("content-type", "").startswith("text/html"):
        [error] = re.findall(r'id="error">([^<]*)<', response.text) or [None]
        return Refusal(error, response.status_code, "page")
    told = json.loads(response.text) if response.text.startswith("{") else {}
    return Refusal(_proper(told).get("error"), response.status_code, "json")


def _proper(told: dict[str, str]) -> dict[str, str]:
    """RFC 6749, 4.1.2.1 and 5.2: nothing more than an error has, in characters that it may have."""
    if "error" in told:
        assert set(told) <= {"error", "error_description", "error_uri", "state", "iss"}
        description = told["error_description"]
        assert description.isascii()
        assert description.isprintable()
        assert not set(description) & set('"\\')
    return told


@asynccontextmanager
async def negative_scene(folder: Path) -> AsyncIterator[Scene]:
    async with running_sandbox(folder, outcome="pass") as sandbox:
        for client in CLIENTS:
            await sandbox.house.store.add_client(client)
        scene = Scene(sandbox, sandbox.browser())
        scene.code = await scene.new_code()
        verification = await scene.genuine.get(f"{AUTHORIZE}?{urlencode(REQUEST)}")
        result = await scene.genuine.get(verification.headers["location"])
        scene.result = str(result.headers["location"])
        assert scene.result.startswith(RESULT_URL)
        yield scene


async def assert_all_is_well(scene: Scene) -> None:
    """After everything that was tried: the genuine code, and the genuine transaction, come to tokens."""
    for code in (scene.code, said(await scene.genuine.get(scene.result))["code"]):
        tokens = await scene.post(TOKEN, token_request(code=code))
        assert tokens.status_code == 200, tokens.text
        bearer = f"Bearer {tokens.json()['access_token']}"
        assert (await scene.get(USERINFO, authorization=bearer)).status_code == 200
