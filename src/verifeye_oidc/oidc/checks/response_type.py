"""``response_type`` is ``code``, nothing else and nothing more (RFC 6749, 3.1.1 and 4.1.2.1)."""

from verifeye_oidc.oidc.checks import Parameters
from verifeye_oidc.oidc.errors import ProtocolError, invalid_request
from verifeye_oidc.oidc.model import Client

SUPPORTED = ("code",)


def check(parameters: Parameters, client: Client) -> None:  # noqa: ARG001
    response_type = parameters.get("response_type")
    if response_type is None:
        raise invalid_request("response_type is missing")
    if response_type not in SUPPORTED:
        raise ProtocolError("unsupported_response_type", "the only response_type here is code")
