"""A reverse proxy at the issuer's own address, which can tamper with what the provider answers."""

import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.interop.tampering import HONEST, Json, Tampering
from verifeye_oidc.oidc.discovery import DISCOVERY_PATH, JWKS_PATH, TOKEN_PATH, USERINFO_PATH

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "upgrade"}


class TamperingProxy:
    """Everything passes; what the present tampering names is changed on the way to the relying party."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self._tampering = HONEST
        self.app = Starlette(
            routes=[Route("/{path:path}", self._pass_on, methods=["GET", "HEAD", "POST", "OPTIONS"])],
            lifespan=self._connected,
        )

    @contextlib.contextmanager
    def tampering(self, tampering: Tampering) -> Iterator[None]:
        """Be dishonest for as long as this lasts."""
        self._tampering = tampering
        try:
            yield
        finally:
            self._tampering = HONEST

    @contextlib.asynccontextmanager
    async def _connected(self, _: Starlette) -> AsyncIterator[None]:
        # A client would keep cookies, and give one browser another's.
        async with httpx2.AsyncHTTPTransport() as self._http:
            yield

    async def _pass_on(self, request: Request) -> Response:
        sent = [(name, value) for name, value in request.headers.raw if name.decode() not in _HOP_BY_HOP]
        url = httpx2.URL(self._upstream, path=request.url.path, query=request.scope["query_string"])
        passed_on = httpx2.Request(request.method, url, headers=sent, content=await request.body())
        answer = await self._http.handle_async_request(passed_on)
        await answer.aread()
        body = self._rewritten(request.url.path, answer) if answer.is_success else answer.content
        response = Response(body, answer.status_code)
        response.raw_headers += [
            (name.lower(), self._header(name.lower(), value))
            for name, value in answer.headers.raw
            if name.lower().decode() not in _HOP_BY_HOP
        ]
        return response

    def _rewritten(self, path: str, answer: httpx2.Response) -> bytes:
        tampering = self._tampering
        rewrites: dict[str, Callable[[Json], Json]] = {
            DISCOVERY_PATH: tampering.discovery,
            JWKS_PATH: tampering.jwks,
            TOKEN_PATH: tampering.tokens,
            USERINFO_PATH: tampering.userinfo,
        }
        if path not in rewrites:
            return answer.content
        return json.dumps(rewrites[path](answer.json())).encode()

    def _header(self, name: bytes, value: bytes) -> bytes:
        return self._tampering.location(value.decode()).encode() if name == b"location" else value
