"""Pages: templates under a content security policy that allows no inline code and no other origin."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC_DIR = Path(__file__).parent / "static"


class Pages:
    """Renders the product's pages. One per application."""

    def __init__(self) -> None:
        self._version = _digest_of(STATIC_DIR)
        self._environment = Environment(
            loader=PackageLoader("verifeye_oidc.http"), autoescape=True, undefined=StrictUndefined
        )
        self._environment.globals["static"] = lambda name: f"/static/{self._version}/{name}"

    @property
    def static_files(self) -> Mount:
        """The static files, under a path that changes with their content and so may be cached for ever."""
        return Mount(f"/static/{self._version}", _ImmutableFiles(directory=STATIC_DIR), name="static")

    def render(
        self,
        template: str,
        *,
        status: int = 200,
        form_action: Sequence[str] | None = (),
        camera: bool = False,
        **context: object,
    ) -> HTMLResponse:
        """Render a template.

        ``form_action`` names the origins, beside our own, to which a form on the page may lead. Browsers
        apply the directive to the whole redirect chain after a form, and nobody knows where a relying party
        sends the browser from its redirect URI. So a form leads to a page of ours, which leads on; only a
        page whose form posts the answer straight to the redirect URI sets None: anywhere. ``camera`` lets
        the page ask for one.
        """
        html = self._environment.get_template(template).render(status=status, **context)
        headers = {
            "Content-Security-Policy": _policy(form_action),
            "Permissions-Policy": f"camera={'(self)' if camera else '()'}, microphone=(), geolocation=()",
        }
        return HTMLResponse(html, status_code=status, headers=headers)

    def error(
        self, request: Request, *, status: int, code: str, title: str, description: str, advice: str
    ) -> HTMLResponse:
        """A page that says what happened, what it means and what to do next."""
        return self.render(
            "error.html",
            status=status,
            code=code,
            title=title,
            description=description,
            advice=advice,
            correlation_id=request.scope.get("correlation_id", ""),
        )


def _policy(form_action: Sequence[str] | None) -> str:
    forms = "" if form_action is None else " ".join(["form-action 'self'", *form_action]) + "; "
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        f"{forms}frame-ancestors 'none'; base-uri 'none'"
    )


def _digest_of(folder: Path) -> str:
    content = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            content.update(file.name.encode() + b"\0" + file.read_bytes())
    return content.hexdigest()[:12]


class _ImmutableFiles(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response
