"""``GET`` and ``POST /v1/openid/userinfo`` (OpenID Connect Core 1.0, 5.3.1)."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from verifeye_oidc.http.provider.back_channel import NO_STORE, form_parameters, is_form, json_error
from verifeye_oidc.oidc.errors import ProtocolError
from verifeye_oidc.oidc.params import parse_parameters
from verifeye_oidc.oidc.userinfo import UserInfo, presented_token

_CHALLENGE = 'Bearer realm="verifeye-oidc"'


class UserInfoEndpoint:
    """Answers the bearer of a live access token."""

    def __init__(self, userinfo: UserInfo) -> None:
        self._userinfo = userinfo

    async def get_or_post(self, request: Request) -> Response:
        try:
            token = await _token_of(request)
            if token is None:
                # RFC 6750, 3.1: who brought no token is told no error code.
                return Response(status_code=401, headers={**NO_STORE, "WWW-Authenticate": _CHALLENGE})
            return JSONResponse(await self._userinfo.claims(token), headers=NO_STORE)
        except ProtocolError as error:
            challenge = f'{_CHALLENGE}, error="{error.error}", error_description="{error.description}"'
            return json_error(request, error, challenge)


async def _token_of(request: Request) -> str | None:
    query = parse_parameters(request.scope["query_string"])
    body = await form_parameters(request) if request.method == "POST" and is_form(request) else {}
    return presented_token(request.headers.getlist("authorization"), query, body)
