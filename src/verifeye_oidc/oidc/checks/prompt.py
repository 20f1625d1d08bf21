"""``prompt`` is a list of known values, and ``none`` stands alone (OpenID Connect Core 1.0, 3.1.2.1).

``login`` and ``select_account`` ask again; ``consent`` adds nothing: it is asked for before the camera. Where
the client has no sessions every request verifies afresh, and ``none`` is never answered.
"""

from verifeye_oidc.oidc.checks import Parameters
from verifeye_oidc.oidc.errors import ProtocolError, invalid_request
from verifeye_oidc.oidc.model import Client

NONE = "none"
LOGIN = "login"
SELECT_ACCOUNT = "select_account"
SUPPORTED = (NONE, LOGIN, "consent", SELECT_ACCOUNT)


def check(parameters: Parameters, client: Client) -> None:
    values = requested(parameters)
    if any(value not in SUPPORTED for value in values):
        raise invalid_request("prompt contains a value that is not supported")
    if NONE in values and len(values) > 1:
        raise invalid_request("prompt none cannot be combined with another value")
    if NONE in values and not client.session_seconds:
        raise ProtocolError("login_required", "the person must be verified, and prompt none forbids to ask")


def requested(parameters: Parameters) -> tuple[str, ...]:
    """The values asked for, each once."""
    return tuple(dict.fromkeys(parameters.get("prompt", "").split()))
