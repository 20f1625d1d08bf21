"""``/healthz``: the process lives. ``/readyz``: it can serve, or says which part cannot."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from verifeye_oidc.storage.port import KeyStore


class Health:
    """What a load balancer asks."""

    def __init__(self, store: KeyStore) -> None:
        self._store = store

    async def live(self, _: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(self, _: Request) -> Response:
        """Ready when the database answers; the keys and the models were loaded at start."""
        try:
            await self._store.signing_keys()
        except Exception:
            return JSONResponse({"status": "unavailable", "parts": {"storage": "unavailable"}}, 503)
        return JSONResponse({"status": "ready", "parts": {"storage": "ok"}})
