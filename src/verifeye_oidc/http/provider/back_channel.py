"""What the endpoints share that programs call: a form in, JSON errors out."""

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse

from verifeye_oidc.oidc.errors import ProtocolError, invalid_request
from verifeye_oidc.oidc.params import parse_parameters

FORM = "application/x-www-form-urlencoded"
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}

log = structlog.get_logger("verifeye_oidc.http")


def is_form(request: Request) -> bool:
    media_type, _, _ = request.headers.get("content-type", "").partition(";")
    return media_type.strip().lower() == FORM


async def form_parameters(request: Request) -> dict[str, str]:
    """The body's parameters. Raises ProtocolError (``invalid_request``) when it is no form."""
    if not is_form(request):
        raise invalid_request(f"the content type must be {FORM}")
    return parse_parameters(await request.body())


def json_error(request: Request, error: ProtocolError, challenge: str | None = None) -> JSONResponse:
    """The error for the client, and its detail for the log (RFC 6749, 5.2).

    ``challenge`` becomes ``WWW-Authenticate`` (RFC 9110, 11.6.1).
    """
    log.info("refused", path=request.url.path, error=error.error, detail=error.detail or error.description)
    headers = NO_STORE if challenge is None else NO_STORE | {"WWW-Authenticate": challenge}
    return JSONResponse(
        {"error": error.error, "error_description": error.description}, error.status, headers=headers
    )
