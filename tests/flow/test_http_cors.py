"""Which pages of other origins may read what: metadata everybody's, tokens those of public clients."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import cast
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from tests.support.back_channel import token_request
from tests.support.builders import make_client
from tests.support.fakes import START, FixedClock
from tests.support.negative import AUTHORIZE, SPA_ORIGIN, TOKEN, USERINFO, Scene, negative_scene
from tests.support.provider_app import REQUEST
from verifeye_oidc.http.cors import KNOWN_SECONDS, Cors, origin_of
from verifeye_oidc.oidc.model import Client
from verifeye_oidc.storage.port import ClientStore

DISCOVERY = "/.well-known/openid-configuration"
METADATA = "/.well-known/oauth-authorization-server"
JWKS = "/v1/openid/jwks"
ALLOW = "access-control-allow-origin"
PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    folder: Path = tmp_path_factory.mktemp("cors")
    async with negative_scene(folder) as scene:
        yield scene


@pytest.mark.parametrize("path", [DISCOVERY, METADATA, JWKS])
@pytest.mark.parametrize("origin", ["https://anybody.example", "null", None])
async def test_what_is_public_is_read_by_everybody(scene: Scene, path: str, origin: str | None) -> None:
    headers = {} if origin is None else {"origin": origin}
    read = await scene.get(path, **headers)
    assert (read.status_code, read.headers[ALLOW]) == (200, "*")
    preflight = await scene.sandbox.browser().http.options(path, headers={**headers, **PREFLIGHT})
    assert (preflight.status_code, preflight.headers[ALLOW]) == (204, "*")


@pytest.mark.parametrize("path", [TOKEN, USERINFO])
async def test_the_page_of_a_public_client_asks_first_and_reads_then(scene: Scene, path: str) -> None:
    http = scene.sandbox.browser().http
    preflight = await http.options(path, headers={"origin": SPA_ORIGIN, **PREFLIGHT})
    assert preflight.status_code == 204
    assert preflight.headers[ALLOW] == SPA_ORIGIN
    assert preflight.headers["vary"] == "Origin"
    assert preflight.headers["access-control-allow-methods"] == "GET, POST"
    assert "authorization" in preflight.headers["access-control-allow-headers"].lower()
    refused = await http.post(path, headers={"origin": SPA_ORIGIN, "authorization": "Bearer x"})
    assert refused.status_code in (400, 401)
    assert refused.headers[ALLOW] == SPA_ORIGIN
    assert refused.headers["access-control-expose-headers"] == "WWW-Authenticate"


async def test_a_public_client_gets_its_tokens_in_a_browser(scene: Scene) -> None:
    callback = f"{SPA_ORIGIN}/callback"
    browser = scene.sandbox.browser()
    to = f"{AUTHORIZE}?{urlencode({**REQUEST, 'client_id': 'spa', 'redirect_uri': callback})}"
    while not to.startswith(callback):
        to = (await browser.get(to)).headers["location"]
    code = dict(parse_qsl(urlsplit(to).query))["code"]
    form = token_request(code=code, client_id="spa", client_secret=None, redirect_uri=callback)
    tokens = await scene.post(TOKEN, form, origin=SPA_ORIGIN)
    assert (tokens.status_code, tokens.headers[ALLOW]) == (200, SPA_ORIGIN)
    bearer = f"Bearer {tokens.json()['access_token']}"
    claims = await scene.get(USERINFO, authorization=bearer, origin=SPA_ORIGIN)
    assert (claims.status_code, claims.headers[ALLOW]) == (200, SPA_ORIGIN)


STRANGERS = [
    "https://acme.example",  # of a confidential client
    "https://attacker.example",
    "https://spa.example.attacker.example",
    "https://SPA.example",
    "http://spa.example",
    "https://spa.example:443",
    "https://spa.example/",
    "null",
    "*",
    "",
]


@pytest.mark.parametrize("origin", STRANGERS)
@pytest.mark.parametrize("path", [TOKEN, USERINFO])
async def test_no_other_page_reads_anything(scene: Scene, path: str, origin: str) -> None:
    http = scene.sandbox.browser().http
    preflight = await http.options(path, headers={"origin": origin, **PREFLIGHT})
    assert preflight.status_code == 405
    answered = await http.post(path, headers={"origin": origin, "authorization": "Bearer x"})
    for response in (preflight, answered):
        assert not [name for name in response.headers if name.startswith("access-control")]
        assert response.headers["vary"] == "Origin"


async def test_two_origins_are_none(scene: Scene) -> None:
    headers = [("origin", SPA_ORIGIN), ("origin", "https://attacker.example")]
    response = await scene.sandbox.browser().http.options(TOKEN, headers=headers)
    assert (response.status_code, ALLOW in response.headers) == (405, False)


@pytest.mark.parametrize(
    "path", [AUTHORIZE, "/v1/openid/continue", "/v1/openid/introspect", "/healthz", "/x"]
)
async def test_everything_else_is_read_by_nobody_elses_page(scene: Scene, path: str) -> None:
    http = scene.sandbox.browser().http
    for response in (
        await http.options(path, headers={"origin": SPA_ORIGIN, **PREFLIGHT}),
        await http.get(path, headers={"origin": SPA_ORIGIN}),
    ):
        assert not [name for name in response.headers if name.startswith("access-control")]


async def test_cookies_are_never_allowed_along(scene: Scene) -> None:
    for path in (DISCOVERY, JWKS, TOKEN, USERINFO):
        response = await scene.sandbox.browser().http.options(path, headers={"origin": SPA_ORIGIN})
        assert "access-control-allow-credentials" not in response.headers


@pytest.mark.parametrize(
    ("redirect_uri", "origin"),
    [
        ("https://spa.example/callback", "https://spa.example"),
        ("https://SPA.example:443/", "https://spa.example"),
        ("http://127.0.0.1:3000/callback", "http://127.0.0.1:3000"),
        ("http://[::1]:3000/callback", "http://[::1]:3000"),
        ("http://localhost:80/callback", "http://localhost"),
        ("com.acme.app:/callback", None),
    ],
)
async def test_the_origin_of_a_redirect_uri_is_written_as_a_browser_writes_it(
    redirect_uri: str, origin: str | None
) -> None:
    assert origin_of(redirect_uri) == origin


async def test_clients_are_read_once_in_seconds_and_who_became_confidential_is_let_in_no_more() -> None:
    clock, reads = FixedClock(), []
    confidential = make_client(redirect_uris=("https://later.example/",))
    registered = [replace(confidential, token_endpoint_auth_methods=("none",))]

    class Clients:
        async def clients(self) -> list[Client]:
            reads.append(clock.now())
            return list(registered)

    cors = Cors(Starlette(), clients=cast("ClientStore", Clients()), clock=clock)
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(cors), base_url="https://op.example"
    ) as http:

        async def let_in() -> bool:
            return ALLOW in (await http.options(TOKEN, headers={"origin": "https://later.example"})).headers

        assert await let_in()
        registered[:] = [confidential]
        clock.advance(KNOWN_SECONDS - 1)
        assert await let_in()
        clock.advance(1)
        assert not await let_in()
        assert not await let_in()
    assert reads == [START, START + 5]
