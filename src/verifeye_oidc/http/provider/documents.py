"""``GET`` of what we publish: metadata (OpenID Connect Discovery 1.0, 4) and keys (RFC 7517, 5)."""

import json
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from verifeye_oidc.http.middleware import has_no_body

_MAX_AGE_SECONDS = 3600
"""Short beside the days for which a new key is published before it signs."""


class PublicDocument:
    """A JSON object that is the same for everybody, made once."""

    def __init__(self, content: Mapping[str, object]) -> None:
        self._body = json.dumps(content, separators=(",", ":")).encode()
        self._headers = {
            "Cache-Control": f"public, max-age={_MAX_AGE_SECONDS}",
            "Access-Control-Allow-Origin": "*",
        }
        self._raw_headers = self._response().raw_headers

    async def get(self, _: Request) -> Response:
        return self._response()

    async def send(self, send: Send) -> None:
        """The answer to a GET, as it stands ready."""
        await send({"type": "http.response.start", "status": 200, "headers": self._raw_headers})
        await send({"type": "http.response.body", "body": self._body})

    def _response(self) -> Response:
        return Response(self._body, headers=self._headers, media_type="application/json")


class Published:
    """Answers for the documents before any routing, in half of the time: every relying party asks for them.

    Whatever is not a plain GET goes on to the routes.
    """

    def __init__(self, app: ASGIApp, *, documents: Mapping[str, PublicDocument]) -> None:
        self._app = app
        self._documents = documents

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET" and has_no_body(scope):
            document = self._documents.get(scope["path"])
            if document is not None:
                return await document.send(send)
        return await self._app(scope, receive, send)
