"""``POST /v1/openid/revoke`` (RFC 7009, 2)."""

from starlette.requests import Request
from starlette.responses import Response

from verifeye_oidc.http.provider.back_channel import NO_STORE, client_error, client_request, presented_token
from verifeye_oidc.oidc.client_auth import ClientAuthentication
from verifeye_oidc.oidc.errors import ProtocolError
from verifeye_oidc.oidc.revocation import Revocation


class RevocationEndpoint:
    """Takes a client's token back, and says 200 whatever it was (RFC 7009, 2.2)."""

    def __init__(self, authentication: ClientAuthentication, revocation: Revocation) -> None:
        self._authentication = authentication
        self._revocation = revocation

    async def post(self, request: Request) -> Response:
        try:
            client, parameters = await client_request(request, self._authentication)
            await self._revocation.revoke(client, presented_token(parameters))
        except ProtocolError as error:
            return client_error(request, error)
        return Response(headers=NO_STORE)
