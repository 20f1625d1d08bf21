"""Which pages of other origins may read our answers (Fetch standard, CORS protocol).

What is public is for everybody. Token and userinfo are for browsers only where a public client lives in one:
its pages have the origins of its redirect URIs. A preflight names no client, so an origin is let in when any
public client has it. That is no weaker than asking for the very client: we take no cookie here, and whoever
has a code or a token can use it without a browser. Nobody else's page may read anything.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from verifeye_oidc.clock import Clock
from verifeye_oidc.oidc.discovery import (
    DISCOVERY_PATH,
    JWKS_PATH,
    SERVER_METADATA_PATH,
    TOKEN_PATH,
    USERINFO_PATH,
)
from verifeye_oidc.storage.port import ClientStore

FOR_EVERYBODY = frozenset({DISCOVERY_PATH, SERVER_METADATA_PATH, JWKS_PATH})
FOR_PUBLIC_CLIENTS = frozenset({TOKEN_PATH, USERINFO_PATH})
_READ_BY_BROWSERS = FOR_EVERYBODY | FOR_PUBLIC_CLIENTS
KNOWN_SECONDS = 5.0
"""How long the origins of the clients are taken as they were read: anybody may ask, as often as they like."""
_PREFLIGHT = {
    "access-control-allow-methods": "GET, POST",
    "access-control-allow-headers": "Authorization, Content-Type",
    "access-control-max-age": "600",
}


class Cors:
    """Answers preflights, and says on answers who may read them; to all other paths it does nothing."""

    def __init__(self, app: ASGIApp, *, clients: ClientStore, clock: Clock) -> None:
        self._app = app
        self._clients = clients
        self._clock = clock
        self._known: frozenset[str | None] = frozenset()
        self._known_until = float("-inf")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in _READ_BY_BROWSERS:
            return await self._app(scope, receive, send)
        readers = await self._readers(scope)
        if scope["method"] == "OPTIONS" and "access-control-allow-origin" in readers:
            return await Response(status_code=204, headers=readers | _PREFLIGHT)(scope, receive, send)

        async def send_with_readers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in readers.items():
                    headers[name] = value
            await send(message)

        return await self._app(scope, receive, send_with_readers)

    async def _readers(self, scope: Scope) -> dict[str, str]:
        if scope["path"] in FOR_EVERYBODY:
            return {"access-control-allow-origin": "*"}
        origins = Headers(scope=scope).getlist("origin")
        if len(origins) != 1 or not await self._is_of_a_public_client(origins[0]):
            return {"vary": "Origin"}
        return {
            "access-control-allow-origin": origins[0],
            "access-control-expose-headers": "WWW-Authenticate",
            "vary": "Origin",
        }

    async def _is_of_a_public_client(self, origin: str) -> bool:
        now = self._clock.monotonic()
        if now >= self._known_until:
            self._known = frozenset(
                origin_of(redirect_uri)
                for client in await self._clients.clients()
                if client.is_public
                for redirect_uri in client.redirect_uris
            )
            self._known_until = now + KNOWN_SECONDS
        return origin in self._known


def origin_of(redirect_uri: str) -> str | None:
    """The origin of pages there, as a browser writes it (RFC 6454, 6.2); None where browsers have none."""
    parts = urlsplit(redirect_uri)
    if parts.scheme not in ("http", "https") or parts.hostname is None:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + ("" if parts.port in (None, usual) else f":{parts.port}")
