"""A relying party on Authlib's Starlette integration: it knows its client, and discovers the rest."""

import contextlib
import secrets
import socket
from collections.abc import Iterator
from typing import Any

import joserfc.errors
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.starlette_client import OAuth
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.interop.installation import SITE, Registered
from tests.interop.served import served


class AuthlibParty:
    """``/login`` sends the browser away; ``/callback`` says in JSON what was accepted or refused."""

    def __init__(self, registered: Registered, auth_method: str) -> None:
        self._redirect_uri = registered.redirect_uri
        oauth = OAuth()
        oauth.register(
            "verifeye",
            client_id=registered.client_id,
            client_secret=registered.client_secret,
            server_metadata_url=f"{registered.issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid profile email verification",
                "code_challenge_method": "S256",
                "token_endpoint_auth_method": auth_method,
            },
        )
        self._provider = oauth.create_client("verifeye")
        self.app = Starlette(
            routes=[Route("/login", self.login), Route("/callback", self.callback)],
            middleware=[Middleware(SessionMiddleware, secret_key=secrets.token_hex(32))],
        )

    async def login(self, request: Request) -> Response:
        response: Response = await self._provider.authorize_redirect(request, self._redirect_uri)
        return response

    async def callback(self, request: Request) -> Response:
        try:
            return JSONResponse({"accepted": await self._signed_in(request)})
        except (OAuthError, joserfc.errors.JoseError) as refused:
            return JSONResponse({"refused": f"{type(refused).__name__}: {refused}"}, 403)

    async def _signed_in(self, request: Request) -> dict[str, Any]:
        token = await self._provider.authorize_access_token(request)
        id_token = dict(token["userinfo"])
        userinfo = dict(await self._provider.userinfo(token=token))
        if userinfo["sub"] != id_token["sub"]:
            # Authlib leaves this to the application (OpenID Connect Core 1.0, 5.3.2).
            raise OAuthError("invalid_userinfo", "sub differs from the ID token's")
        return {"id_token": id_token, "userinfo": userinfo}


@contextlib.contextmanager
def authlib_party(registered: Registered, auth_method: str = "client_secret_basic") -> Iterator[str]:
    """The relying party, newly started: it remembers nothing. Yields its login URL."""
    origin = registered.redirect_uri.removesuffix("/callback")
    listening = socket.create_server((SITE, int(origin.rpartition(":")[2])))
    with served(AuthlibParty(registered, auth_method).app, listening):
        yield f"{origin}/login"
