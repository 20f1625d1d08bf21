"""Logout that a relying party asks for (OpenID Connect RP-Initiated Logout 1.0)."""

from dataclasses import dataclass
from typing import Protocol

from verifeye_oidc.ids import digest
from verifeye_oidc.oidc.checks import Parameters, state
from verifeye_oidc.oidc.checks.client import proven_client
from verifeye_oidc.oidc.errors import invalid_request
from verifeye_oidc.oidc.id_token_hint import IdTokenHints
from verifeye_oidc.oidc.model import Client
from verifeye_oidc.oidc.responses import AuthorizationResponse
from verifeye_oidc.storage.port import ClientStore, LoginStore


class LogoutStore(ClientStore, LoginStore, Protocol):
    """What a logout needs of the storage."""


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """A request for which the person is to be asked."""

    client_name: str | None
    """None: nobody says who asks."""
    location: str | None
    """Where the browser goes afterwards, which that client registered; None: nowhere."""


class Logout:
    """Judges the requests, and ends sessions."""

    def __init__(self, *, store: LogoutStore, hints: IdTokenHints) -> None:
        self._store = store
        self._hints = hints

    async def request(self, parameters: Parameters) -> LogoutRequest:
        """What is asked for (2 and 3). A hint says who asks, and need not be about the session that ends.

        Raises ProtocolError, for a page: nobody is sent to an address that the client has not registered.
        """
        client = await self._client(parameters)
        redirect_uri = parameters.get("post_logout_redirect_uri")
        if redirect_uri is None:
            return LogoutRequest(None if client is None else client.name, None)
        if client is None:
            raise invalid_request("post_logout_redirect_uri needs an id_token_hint or a client_id")
        if redirect_uri not in client.post_logout_redirect_uris:
            raise invalid_request("post_logout_redirect_uri is not registered for this client")
        state.check(parameters, client)
        said = {"state": parameters["state"]} if "state" in parameters else {}
        location = AuthorizationResponse(redirect_uri, said).location if said else redirect_uri
        return LogoutRequest(client.name, location)

    async def end(self, login_secret: str | None) -> None:
        """End the browser's session, if it has one."""
        if login_secret is not None:
            await self._store.end_login(digest(login_secret))

    async def _client(self, parameters: Parameters) -> Client | None:
        named = parameters.get("client_id")
        if "id_token_hint" in parameters:
            named = self._hints.read(parameters["id_token_hint"], named).client_id
        return None if named is None else await proven_client({"client_id": named}, self._store)
