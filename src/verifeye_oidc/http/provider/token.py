"""``POST /v1/openid/token`` (RFC 6749, 3.2)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from verifeye_oidc.http.provider.back_channel import NO_STORE, client_error, client_request
from verifeye_oidc.oidc.client_auth import ClientAuthentication
from verifeye_oidc.oidc.errors import ProtocolError, invalid_request
from verifeye_oidc.oidc.model import Client
from verifeye_oidc.oidc.tokens import TokenResponse

Exchange = Callable[[Client, Mapping[str, str]], Awaitable[TokenResponse]]


class TokenEndpoint:
    """Authenticates the client, then hands over to the grant that it names."""

    def __init__(self, authentication: ClientAuthentication, grants: Mapping[str, Exchange]) -> None:
        """``grants``: what each ``grant_type`` is exchanged by."""
        self._authentication = authentication
        self._grants = grants

    async def post(self, request: Request) -> Response:
        try:
            tokens = await self._exchange(request)
        except ProtocolError as error:
            return client_error(request, error)
        said = {name: value for name, value in asdict(tokens).items() if value is not None}
        return JSONResponse(said, headers=NO_STORE)

    async def _exchange(self, request: Request) -> TokenResponse:
        client, parameters = await client_request(request, self._authentication)
        if "grant_type" not in parameters:
            raise invalid_request("grant_type is missing")
        grant_type = parameters["grant_type"]
        if grant_type not in self._grants:
            raise ProtocolError("unsupported_grant_type", "this grant_type is not supported")
        if grant_type not in client.grant_types:
            raise ProtocolError("unauthorized_client", "this client is not registered for this grant_type")
        return await self._grants[grant_type](client, parameters)
