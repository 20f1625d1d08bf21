"""``prompt``: every request verifies afresh, so ``none`` is never answered (Core 1.0, 3.1.2.1, 3.1.2.6)."""

from verifeye_oidc.oidc.checks import Parameters
from verifeye_oidc.oidc.errors import ProtocolError, invalid_request
from verifeye_oidc.oidc.model import Client

SUPPORTED = ("none", "login", "consent", "select_account")


def check(parameters: Parameters, client: Client) -> None:  # noqa: ARG001
    values = parameters.get("prompt", "").split()
    if any(value not in SUPPORTED for value in values):
        raise invalid_request("prompt contains a value that is not supported")
    if "none" not in values:
        return
    if len(values) > 1:
        raise invalid_request("prompt none cannot be combined with another value")
    raise ProtocolError("login_required", "the person must be verified, and prompt none forbids to ask")
