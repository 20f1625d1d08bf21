"""The provider's front channel as a browser meets it: real storage, real routes, a scripted verification."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
from starlette.applications import Starlette

from tests.support.builders import (
    CLIENT_ID,
    CODE_CHALLENGE,
    IDENTIFIER,
    REDIRECT_URI,
    make_client,
    make_configuration,
)
from tests.support.fakes import FixedClock, SeededIds
from tests.support.keys import signer
from tests.support.scripted_verification import ScriptedVerification, Verdict
from verifeye_oidc.http.cookies import BindingCookies
from verifeye_oidc.http.pages import Pages
from verifeye_oidc.http.provider.front import FrontChannel
from verifeye_oidc.keys.vault import MasterKey, MasterKeys, Vault
from verifeye_oidc.oidc.begin import Begin
from verifeye_oidc.oidc.claims import ClaimRules
from verifeye_oidc.oidc.flow import Flow
from verifeye_oidc.oidc.id_token_hint import IdTokenHints
from verifeye_oidc.oidc.issuing import Issuing
from verifeye_oidc.oidc.logout import Logout
from verifeye_oidc.oidc.model import Client
from verifeye_oidc.oidc.subject_ids import SubjectIds
from verifeye_oidc.oidc.tokens import Tokens
from verifeye_oidc.storage.port import Store
from verifeye_oidc.storage.sqlite import open_sqlite
from verifeye_oidc.verifier.model import Configuration

ISSUER = "https://login.example"
REQUEST = {
    "client_id": CLIENT_ID,
    "redirect_uri": REDIRECT_URI,
    "response_type": "code",
    "scope": "openid",
    "state": "state-of-acme",
    "nonce": "nonce-of-acme",
    "code_challenge": CODE_CHALLENGE,
    "code_challenge_method": "S256",
    "login_hint": IDENTIFIER,
}


def authorize_url(**changes: str | None) -> str:
    """A good authorization request, changed; None leaves a parameter out."""
    return "/v1/openid/authorize?" + urlencode(_request(**changes))


def _request(**changes: str | None) -> dict[str, str]:
    return {name: value for name, value in {**REQUEST, **changes}.items() if value is not None}


def answer(response: httpx2.Response, redirect_uri: str = REDIRECT_URI) -> dict[str, str]:
    """What was said at the redirect URI; fails unless the response leads exactly there."""
    location = response.headers["location"]
    assert response.status_code == 303
    assert location.startswith(redirect_uri)
    parts = urlsplit(location)
    return dict(parse_qsl(parts.fragment or parts.query, strict_parsing=True))


class Browser:
    """A browser with its own cookies. It follows no redirect by itself."""

    def __init__(self, app: Starlette, verification: ScriptedVerification) -> None:
        transport = httpx2.ASGITransport(app=app)
        self.http = httpx2.AsyncClient(transport=transport, base_url=ISSUER)
        self._verification = verification

    async def get(self, url: str, **headers: str) -> httpx2.Response:
        return await self.http.get(url, headers=headers)

    async def post(self, path: str, **form: str) -> httpx2.Response:
        return await self.http.post(path, data=form)

    async def submit(self, page: httpx2.Response, **answers: str) -> httpx2.Response:
        """Send the form of a page, with what the person put in."""
        form = Form(page.text)
        return await self.http.post(form.action, data={**form.fields, **answers})

    async def begin(self, **changes: str | None) -> str:
        """Post an authorization request; returns where the browser goes on."""
        begun = await self.post("/v1/openid/authorize", **_request(**changes))
        return _went_to(begun, f"{ISSUER}/v1/openid/continue?transaction=")

    async def to_verification(self, **changes: str | None) -> str:
        """Send an authorization request that names the person; returns the URL of the verification."""
        return _went_to(await self.get(authorize_url(**changes)), f"{ISSUER}/verification/")

    async def result(self, face: int = 1, verdict: Verdict | None = None, **changes: str | None) -> str:
        """Up to the result of the verification, which nobody has opened yet; returns its URL."""
        return await self._verification.look(await self.to_verification(**changes), face, verdict)

    async def sign_in(
        self, face: int = 1, verdict: Verdict | None = None, **changes: str | None
    ) -> httpx2.Response:
        """All the way; returns the answer to the result."""
        return await self.get(await self.result(face, verdict, **changes))


class Form(HTMLParser):
    """The only form of a page, with the fields that a person does not see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            assert not self.action
            assert values["method"] == "post"
            self.action = values["action"]
        if tag == "input" and values.get("type") == "hidden":
            assert values["name"] not in self.fields
            self.fields[values["name"]] = values["value"]


def _went_to(response: httpx2.Response, prefix: str) -> str:
    location = str(response.headers["location"])
    assert response.status_code == 303
    assert location.startswith(prefix)
    return location


@dataclass(slots=True)
class Provider:
    """Everything that a test may turn a screw at."""

    folder: Path
    store: Store
    clock: FixedClock
    verification: ScriptedVerification
    app: Starlette
    issuing: Issuing
    _browsers: list[Browser] = field(default_factory=list)

    def browser(self) -> Browser:
        """A new browser, without cookies."""
        browser = Browser(self.app, self.verification)
        self._browsers.append(browser)
        return browser

    async def close(self) -> None:
        for browser in self._browsers:
            await browser.http.aclose()
        await self.store.close()


@asynccontextmanager
async def running_provider(
    folder: Path, client: Client | None = None, configuration: Configuration | None = None
) -> AsyncIterator[Provider]:
    """A provider with one client and one configuration, on a database of its own."""
    clock, ids = FixedClock(), SeededIds()
    key = MasterKey("test", bytes(32))
    vault = Vault(MasterKeys((key,), key))
    store = open_sqlite(folder / "provider.db", vault, mode="embedded", region="test")
    await store.add_configuration(configuration or make_configuration())
    await store.add_client(client or make_client())
    verification = ScriptedVerification(store=store, clock=clock, ids=ids, issuer=ISSUER)
    hints = IdTokenHints(issuer=ISSUER, signer=signer())
    issuing = Issuing(
        issuer=ISSUER,
        tokens=Tokens(issuer=ISSUER, signer=signer(), rules=ClaimRules(region="test"), clock=clock, ids=ids),
        subject_ids=SubjectIds(vault.derive("pairwise-subject")),
        code_key=vault.derive("authorization-code"),
    )
    front = FrontChannel(
        issuer=ISSUER,
        begin=Begin(issuer=ISSUER, store=store, hints=hints, clock=clock, ids=ids),
        logout=Logout(store=store, hints=hints),
        flow=Flow(store=store, verification=verification, issuing=issuing, clock=clock, ids=ids),
        pages=Pages(),
        cookies=BindingCookies("tx", secure=True),
    )
    app = Starlette(routes=front.routes())
    app.router.redirect_slashes = False
    provider = Provider(folder, store, clock, verification, app, issuing)
    try:
        yield provider
    finally:
        await provider.close()
