"""``POST /v1/openid/introspect`` (RFC 7662, 2)."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from verifeye_oidc.http.provider.back_channel import NO_STORE, client_error, client_request, presented_token
from verifeye_oidc.oidc.client_auth import ClientAuthentication
from verifeye_oidc.oidc.errors import ProtocolError
from verifeye_oidc.oidc.introspection import Introspection


class IntrospectionEndpoint:
    """Answers a client that can keep a secret about its own tokens."""

    def __init__(self, authentication: ClientAuthentication, introspection: Introspection) -> None:
        self._authentication = authentication
        self._introspection = introspection

    async def post(self, request: Request) -> Response:
        try:
            client, parameters = await client_request(request, self._authentication)
            state = await self._introspection.state(client, presented_token(parameters))
        except ProtocolError as error:
            return client_error(request, error)
        return JSONResponse(state, headers=NO_STORE)
