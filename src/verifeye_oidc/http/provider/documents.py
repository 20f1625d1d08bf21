"""``GET`` of what we publish: metadata (OpenID Connect Discovery 1.0, 4) and keys (RFC 7517, 5)."""

import json
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

_MAX_AGE_SECONDS = 3600
"""Short beside the days for which a new key is published before it signs."""


class PublicDocument:
    """A JSON object that is the same for everybody, made once."""

    def __init__(self, content: Mapping[str, object]) -> None:
        self._body = json.dumps(content, separators=(",", ":")).encode()
        self._headers = {"Cache-Control": f"public, max-age={_MAX_AGE_SECONDS}"}

    async def get(self, _: Request) -> Response:
        return Response(self._body, headers=self._headers, media_type="application/json")
