"""``POST /v1/openid/token`` (RFC 6749, 3.2)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from verifeye_oidc.http.provider.back_channel import NO_STORE, form_parameters, json_error
from verifeye_oidc.oidc.client_auth import ClientAuthentication
from verifeye_oidc.oidc.errors import ProtocolError, invalid_request
from verifeye_oidc.oidc.model import Client
from verifeye_oidc.oidc.tokens import TokenResponse

Exchange = Callable[[Client, Mapping[str, str]], Awaitable[TokenResponse]]

_CHALLENGE = 'Basic realm="verifeye-oidc", charset="UTF-8"'


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
            return json_error(request, error, _CHALLENGE if error.status == 401 else None)
        return JSONResponse(asdict(tokens), headers=NO_STORE)

    async def _exchange(self, request: Request) -> TokenResponse:
        if request.url.query:
            raise invalid_request("parameters belong in the body, not in the query")
        parameters = await form_parameters(request)
        client = await self._authentication.authenticate(request.headers.getlist("authorization"), parameters)
        if "grant_type" not in parameters:
            raise invalid_request("grant_type is missing")
        exchange = self._grants.get(parameters["grant_type"])
        if exchange is None:
            raise ProtocolError("unsupported_grant_type", "this grant_type is not supported")
        return await exchange(client, parameters)
