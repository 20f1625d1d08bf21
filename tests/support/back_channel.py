"""The token, userinfo, discovery and key endpoints over a real database, without the front channel."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from starlette.applications import Starlette
from starlette.routing import Route

from tests.support.builders import (
    CLIENT_ID,
    CLIENT_SECRET,
    CODE,
    CODE_VERIFIER,
    EXTERNAL_ID,
    REDIRECT_URI,
    SESSION_ID,
    make_client,
    make_configuration,
    make_grant,
    make_request,
    make_subject,
    make_template,
    make_transaction,
)
from tests.support.fakes import START, FixedClock, SeededIds
from tests.support.keys import ISSUER, signer
from verifeye_oidc.http.provider.documents import PublicDocument
from verifeye_oidc.http.provider.token import TokenEndpoint
from verifeye_oidc.http.provider.userinfo import UserInfoEndpoint
from verifeye_oidc.ids import digest
from verifeye_oidc.keys.vault import MasterKey, MasterKeys, Vault
from verifeye_oidc.oidc.claims import ClaimRules
from verifeye_oidc.oidc.client_auth import ClientAuthentication
from verifeye_oidc.oidc.discovery import (
    DISCOVERY_PATH,
    JWKS_PATH,
    TOKEN_PATH,
    USERINFO_PATH,
    provider_metadata,
)
from verifeye_oidc.oidc.grants.authorization_code import GRANT_TYPE, AuthorizationCodeGrant
from verifeye_oidc.oidc.tokens import Tokens
from verifeye_oidc.oidc.userinfo import UserInfo
from verifeye_oidc.storage.port import Store
from verifeye_oidc.storage.sqlite import open_sqlite
from verifeye_oidc.verification.port import Event


@dataclass
class BackChannel:
    """What a relying party's server talks to, and the hands of a test behind it."""

    http: httpx2.AsyncClient
    store: Store
    clock: FixedClock

    async def give_code(self, code: str = CODE, *, transaction: str = "transaction", **changes: Any) -> None:
        """As the front channel does at the end: a code, bound as in the builders except for the changes."""
        grant = make_grant(code_hash=digest(code), transaction=transaction, **changes)
        request = make_request(client_id=grant.client_id, redirect_uri=grant.redirect_uri)
        await self.store.add_transaction(make_transaction(handle=transaction, request=request))
        enrolment = None
        if grant.outcome.event is Event.ENROLLED:
            enrolment = grant.outcome.provenance
            assert await self.store.enrol_pending(make_template(provenance=enrolment), 0, lambda _: True)
        assert await self.store.begin_verification(transaction, EXTERNAL_ID, enrolment)
        assert await self.store.lease(transaction, START, START + 10)
        assert await self.store.grant(grant, make_subject(), SESSION_ID, START)

    async def redeem(self, **changes: str | None) -> httpx2.Response:
        """The genuine token request of client `acme` by client_secret_post; None leaves a parameter out."""
        return await self.http.post(TOKEN_PATH, data=token_request(**changes))

    async def access_token(self) -> str:
        response = await self.redeem()
        assert response.status_code == 200, response.text
        token: str = response.json()["access_token"]
        return token

    async def userinfo(self, access_token: str) -> httpx2.Response:
        return await self.http.get(USERINFO_PATH, headers={"Authorization": f"Bearer {access_token}"})


def token_request(**changes: str | None) -> dict[str, str]:
    parameters = {
        "grant_type": GRANT_TYPE,
        "code": CODE,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": CODE_VERIFIER,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    } | changes
    return {name: value for name, value in parameters.items() if value is not None}


@asynccontextmanager
async def back_channel(folder: Path) -> AsyncIterator[BackChannel]:
    """With `acme` registered, on a database of its own."""
    store, clock = open_store(folder), FixedClock()
    await store.add_configuration(make_configuration())
    await store.add_client(make_client())
    rules = ClaimRules(region="eu")
    tokens = Tokens(issuer=ISSUER, signer=signer(), rules=rules, clock=clock, ids=SeededIds())
    code_grant = AuthorizationCodeGrant(grants=store, tokens=tokens, clock=clock)
    token = TokenEndpoint(ClientAuthentication(store), {GRANT_TYPE: code_grant.exchange})
    userinfo = UserInfoEndpoint(UserInfo(grants=store, rules=rules, clock=clock))
    app = Starlette(
        routes=[
            Route(TOKEN_PATH, token.post, methods=["POST"]),
            Route(USERINFO_PATH, userinfo.get_or_post, methods=["GET", "POST"]),
            Route(JWKS_PATH, PublicDocument({"keys": signer().public_keys()}).get),
            Route(DISCOVERY_PATH, PublicDocument(provider_metadata(ISSUER)).get),
        ]
    )
    try:
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=ISSUER) as http:
            yield BackChannel(http, store, clock)
    finally:
        await store.close()


def open_store(folder: Path) -> Store:
    key = MasterKey("test", bytes(32))
    vault = Vault(MasterKeys((key,), key))
    return open_sqlite(folder / "provider.db", vault, mode="embedded", region="test")
