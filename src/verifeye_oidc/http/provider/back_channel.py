"""What the endpoints share that programs call: a form in, JSON errors out."""

from collections.abc import Mapping

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse

from verifeye_oidc.oidc.client_auth import ClientAuthentication
from verifeye_oidc.oidc.errors import ProtocolError, invalid_request
from verifeye_oidc.oidc.model import Client
from verifeye_oidc.oidc.params import parse_parameters

FORM = "application/x-www-form-urlencoded"
_BASIC = 'Basic realm="verifeye-oidc", charset="UTF-8"'
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


async def client_request(
    request: Request, authentication: ClientAuthentication
) -> tuple[Client, dict[str, str]]:
    """The client that proves itself, and the body's parameters. Raises ProtocolError."""
    if request.url.query:
        raise invalid_request("parameters belong in the body, not in the query")
    parameters = await form_parameters(request)
    client = await authentication.authenticate(request.headers.getlist("authorization"), parameters)
    return client, parameters


def presented_token(parameters: Mapping[str, str]) -> str:
    """The token that a request is about (RFC 7009, 2.1; RFC 7662, 2.1)."""
    if "token" not in parameters:
        raise invalid_request("token is missing")
    return parameters["token"]


def client_error(request: Request, error: ProtocolError) -> JSONResponse:
    """The refusal of a client's request; who failed to prove itself is told how it may (RFC 6749, 5.2)."""
    return json_error(request, error, _BASIC if error.status == 401 else None)


def method_not_allowed(allow: str) -> JSONResponse:
    """The answer to any other method than the allowed ones (RFC 9110, 15.5.6)."""
    said = {"error": "invalid_request", "error_description": f"only {allow} is answered here"}
    return JSONResponse(said, 405, headers={**NO_STORE, "Allow": allow})


def json_error(request: Request, error: ProtocolError, challenge: str | None = None) -> JSONResponse:
    """The error for the client, and its detail for the log (RFC 6749, 5.2).

    ``challenge`` becomes ``WWW-Authenticate`` (RFC 9110, 11.6.1).
    """
    log.info("refused", path=request.url.path, error=error.error, detail=error.detail or error.description)
    headers = NO_STORE if challenge is None else NO_STORE | {"WWW-Authenticate": challenge}
    return JSONResponse(
        {"error": error.error, "error_description": error.description}, error.status, headers=headers
    )
