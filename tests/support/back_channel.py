"""The token, userinfo, discovery and key endpoints over a real database, without the front channel."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from starlette.applications import Starlette

from tests.support.builders import (
    CLIENT_ID,
    CLIENT_SECRET,
    CODE,
    CODE_VERIFIER,
    CONFIGURATION_ID,
    EXTERNAL_ID,
    IDENTIFIER,
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
from tests.support.stores import make_known
from verifeye_oidc.http.provider.back import BackChannel
from verifeye_oidc.ids import digest
from verifeye_oidc.keys.vault import MasterKey, MasterKeys, Vault
from verifeye_oidc.oidc.claims import SCOPES, ClaimRules
from verifeye_oidc.oidc.discovery import INTROSPECTION_PATH, REVOCATION_PATH, TOKEN_PATH, USERINFO_PATH
from verifeye_oidc.oidc.grants.authorization_code import GRANT_TYPE
from verifeye_oidc.storage.port import Store
from verifeye_oidc.storage.sqlite import open_sqlite
from verifeye_oidc.verification.port import Event

OFFLINE = "offline"
"""A client that may refresh."""
BOTH_GRANTS = ("authorization_code", "refresh_token")
OFFLINE_SCOPE = SCOPES


@dataclass
class Back:
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

    async def offline_tokens(self, client_id: str = OFFLINE, code: str = CODE) -> dict[str, Any]:
        """What a code gives a client that may refresh, about Ada, who is enrolled."""
        if await self.store.subject(CONFIGURATION_ID, IDENTIFIER) is None:
            await make_known(self.store)
        await self.give_code(code, transaction=code, client_id=client_id, scope=OFFLINE_SCOPE)
        response = await self.redeem(client_id=client_id, code=code)
        assert response.status_code == 200, response.text
        tokens: dict[str, Any] = response.json()
        return tokens

    async def refresh(self, refresh_token: str, **changes: str | None) -> httpx2.Response:
        """The genuine refresh of client `offline`; None leaves a parameter out."""
        parameters = credentials(OFFLINE) | {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return await self.http.post(TOKEN_PATH, data=_present(parameters | changes))

    async def introspect(self, token: str, client_id: str = OFFLINE, **changes: str) -> httpx2.Response:
        data = credentials(client_id) | {"token": token} | changes
        return await self.http.post(INTROSPECTION_PATH, data=data)

    async def revoke(self, token: str, client_id: str = OFFLINE, **changes: str) -> httpx2.Response:
        data = credentials(client_id) | {"token": token} | changes
        return await self.http.post(REVOCATION_PATH, data=data)


def credentials(client_id: str) -> dict[str, str]:
    """Every client here has the same secret."""
    return {"client_id": client_id, "client_secret": CLIENT_SECRET}


def _present(parameters: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in parameters.items() if value is not None}


def token_request(**changes: str | None) -> dict[str, str]:
    parameters = {
        "grant_type": GRANT_TYPE,
        "code": CODE,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": CODE_VERIFIER,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }
    return _present(parameters | changes)


@asynccontextmanager
async def back_channel(folder: Path) -> AsyncIterator[Back]:
    """With `acme` and `offline` registered, on a database of its own."""
    store, clock = open_store(folder), FixedClock()
    await store.add_configuration(make_configuration())
    await store.add_client(make_client())
    await store.add_client(make_client(client_id=OFFLINE, name="Offline", grant_types=BOTH_GRANTS))
    back = BackChannel(
        issuer=ISSUER,
        store=store,
        signer=signer(),
        rules=ClaimRules(region="eu"),
        clock=clock,
        ids=SeededIds(),
    )
    app = Starlette(routes=back.routes())
    try:
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=ISSUER) as http:
            yield Back(http, store, clock)
    finally:
        await store.close()


def open_store(folder: Path) -> Store:
    key = MasterKey("test", bytes(32))
    vault = Vault(MasterKeys((key,), key))
    return open_sqlite(folder / "provider.db", vault, mode="embedded", region="test")
