"""The whole URL table."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from verifeye_oidc.http.health import Health
from verifeye_oidc.http.pages import Pages
from verifeye_oidc.http.provider.back import BackChannel
from verifeye_oidc.http.provider.front import FrontChannel


def provider_routes(
    *,
    front: FrontChannel,
    back: BackChannel,
    health: Health,
    pages: Pages,
) -> list[BaseRoute]:
    """Every URL of the provider; those of the verification service stand in ``verification/routes.py``."""
    return [
        *back.routes(),
        *front.routes(),
        Route("/healthz", health.live, methods=["GET"]),
        Route("/readyz", health.ready, methods=["GET"]),
        pages.static_files,
    ]


def error_pages(pages: Pages) -> Mapping[int, Callable[[Request, Exception], Awaitable[Response]]]:
    """What a browser sees where there is nothing, or where something broke."""

    async def not_found(request: Request, _: Exception) -> Response:
        return pages.error(
            request,
            status=404,
            code="not_found",
            title="There is nothing here",
            description="This address does not exist.",
            advice="Go back to the application and start the sign-in again.",
        )

    async def not_allowed(request: Request, error: Exception) -> Response:
        page = pages.error(
            request,
            status=405,
            code="invalid_request",
            title="This address does not work that way",
            description="The request was sent in a way that this address does not take.",
            advice="Go back to the application and start the sign-in again.",
        )
        if isinstance(error, HTTPException):
            page.headers.update(error.headers or {})
        return page

    return {404: not_found, 405: not_allowed}


def last_resort(pages: Pages) -> ASGIApp:
    """What is answered when we broke: a page to a browser, JSON to a program, nothing about us to either."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        response: Response
        if "text/html" in request.headers.get("accept", ""):
            response = pages.error(
                request,
                status=500,
                code="server_error",
                title="Something went wrong on our side",
                description="Nothing that you did caused this, and nothing was decided.",
                advice="Return to the application and try again. If it happens again, pass the reference on.",
            )
        else:
            said = "the request could not be answered; try again"
            response = JSONResponse({"error": "server_error", "error_description": said}, 500)
        await response(scope, receive, send)

    return answer
