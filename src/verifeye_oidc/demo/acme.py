"""Acme, a relying party as anybody would write it: Authlib's client, configured from discovery alone.

It lives on another site than the provider, as every real relying party does, so that cookies, redirects and
content security policies are those of real life.
"""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.starlette_client import OAuth
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

SCOPE = "openid profile email verification"


@dataclass(frozen=True, slots=True)
class Registration:
    """What the provider gave Acme when it was registered, and where both of them live."""

    issuer: str
    client_id: str
    client_secret: str
    origin: str

    @property
    def redirect_uri(self) -> str:
        return f"{self.origin}/callback"


class Acme:
    """The relying party's four pages."""

    def __init__(self, registration: Registration, *, sandbox: bool) -> None:
        self._registration = registration
        oauth = OAuth()
        oauth.register(
            "verifeye",
            client_id=registration.client_id,
            client_secret=registration.client_secret,
            server_metadata_url=f"{registration.issuer}/.well-known/openid-configuration",
            client_kwargs={"scope": SCOPE, "code_challenge_method": "S256"},
        )
        self._provider = oauth.create_client("verifeye")
        self._templates = Environment(
            loader=PackageLoader("verifeye_oidc.demo"), autoescape=True, undefined=StrictUndefined
        )
        self._templates.globals["static"] = lambda name: f"/static/{name}"
        self._templates.globals["sandbox"] = sandbox

    async def home(self, _: Request) -> Response:
        return self._page("home.html")

    async def login(self, request: Request) -> Response:
        hint = request.query_params.get("login_hint", "").strip()
        extra = {"login_hint": hint} if hint else {}
        response: Response = await self._provider.authorize_redirect(
            request, self._registration.redirect_uri, **extra
        )
        return response

    async def callback(self, request: Request) -> Response:
        try:
            token: dict[str, Any] = await self._provider.authorize_access_token(request)
        except OAuthError as refused:
            return self._page("error.html", error=refused.error, error_description=refused.description or "")
        claims = dict(token["userinfo"])
        verification = claims.get("verification", {})
        return self._page(
            "signed_in.html",
            event=verification.get("event", ""),
            claims=json.dumps(claims, indent=2),
            verification=verification.get("results", {}),
            sub=claims["sub"],
        )

    async def sign_out(self, request: Request) -> Response:
        request.session.clear()
        return RedirectResponse("/", status_code=303)

    def _page(self, template: str, **context: object) -> HTMLResponse:
        return HTMLResponse(self._templates.get_template(template).render(**context))


def acme_app(registration: Registration, *, sandbox: bool = False) -> Starlette:
    """Acme as an ASGI application; every page of a ``sandbox`` says that nobody's face is looked at."""
    acme = Acme(registration, sandbox=sandbox)
    return Starlette(
        routes=[
            Route("/", acme.home),
            Route("/login", acme.login),
            Route("/callback", acme.callback),
            Route("/sign-out", acme.sign_out, methods=["GET", "POST"]),
            Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        ],
        middleware=[
            Middleware(
                SessionMiddleware, secret_key=secrets.token_hex(32), session_cookie="acme", max_age=600
            )
        ],
    )
