"""The whole application in sandbox mode, as it is served, and a browser that signs in through its page."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
from starlette.applications import Starlette

from tests.support.builders import (
    CLIENT_ID,
    CLIENT_SECRET,
    CODE_VERIFIER,
    REDIRECT_URI,
    make_client,
    make_configuration,
)
from tests.support.provider_app import REQUEST
from verifeye_oidc.app import House, open_app, open_house
from verifeye_oidc.settings import load_settings

ISSUER = "http://localhost:8080"
RESULT_URL = f"{ISSUER}/v1/openid/verify-result"


@dataclass(slots=True)
class SandboxApp:
    """A running sandbox with the client `acme`."""

    house: House
    app: Starlette
    browsers: list[httpx2.AsyncClient] = field(default_factory=list)

    def browser(self) -> "SandboxBrowser":
        """A new one, without cookies."""
        http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=self.app), base_url=ISSUER)
        self.browsers.append(http)
        return SandboxBrowser(http)


@dataclass(slots=True)
class SandboxBrowser:
    """A browser that follows redirects up to the relying party's own, and counts its requests."""

    http: httpx2.AsyncClient
    requests: list[str] = field(default_factory=list)

    async def get(self, url: str) -> httpx2.Response:
        self.requests.append(urlsplit(url).path)
        return await self.http.get(url)

    async def authorize(self, **changes: str) -> httpx2.Response:
        """Ask to sign in; returns the page, or the redirect to the relying party."""
        request = {**REQUEST, "scope": "openid email verification", **changes}
        return await self.follow(await self.get("/v1/openid/authorize?" + urlencode(request)))

    async def follow(self, response: httpx2.Response) -> httpx2.Response:
        while (to := response.headers.get("location")) and not to.startswith(REDIRECT_URI):
            response = await self.get(str(response.url.join(to)))
        return response

    async def choose(self, page: httpx2.Response, **form: str) -> httpx2.Response:
        """Press a button of the sandbox page, and go on to the relying party."""
        answered = await self.http.post(f"{page.url.path}/outcome", data=form)
        assert answered.status_code == 303, answered.text
        returning = await self.follow(answered)
        assert returning.status_code == 200
        return await self.follow(await self.get(f"{page.url.path}/finish"))

    async def tokens(self, redirect: httpx2.Response) -> dict[str, Any]:
        """Redeem the code; returns the token response with the ID token's claims as ``claims``."""
        self.requests.append("/v1/openid/token")
        answer = await self.http.post(
            "/v1/openid/token",
            auth=(CLIENT_ID, CLIENT_SECRET),
            data={
                "grant_type": "authorization_code",
                "code": said(redirect)["code"],
                "redirect_uri": REDIRECT_URI,
                "code_verifier": CODE_VERIFIER,
            },
        )
        assert answer.status_code == 200, answer.text
        payload = answer.json()["id_token"].split(".")[1]
        return {**answer.json(), "claims": json.loads(base64.urlsafe_b64decode(payload + "=="))}


def said(redirect: httpx2.Response) -> dict[str, str]:
    """What a redirect tells the relying party."""
    assert redirect.status_code == 303, redirect.text
    assert redirect.headers["location"].startswith(REDIRECT_URI)
    return dict(parse_qsl(urlsplit(redirect.headers["location"]).query))


@asynccontextmanager
async def running_sandbox(
    folder: Path, *, outcome: str = "", **configuration: Any
) -> AsyncIterator[SandboxApp]:
    settings = load_settings(
        issuer=ISSUER,
        data_dir=folder,
        verification="sandbox",
        sandbox_acknowledged=True,
        sandbox_outcome=outcome,
    )
    async with open_house(settings) as house:
        await house.store.add_configuration(
            make_configuration(passed_url=RESULT_URL, failed_url=RESULT_URL, **configuration)
        )
        await house.store.add_client(make_client())
        async with open_app(house) as app:
            sandbox = SandboxApp(house, app)
            try:
                yield sandbox
            finally:
                for browser in sandbox.browsers:
                    await browser.aclose()
