"""Request objects are not supported, and say so (OpenID Connect Core 1.0, 3.1.2.6 and 6).

A ``request_uri`` makes no outgoing call.
"""

from verifeye_oidc.oidc.checks import Parameters
from verifeye_oidc.oidc.errors import ProtocolError
from verifeye_oidc.oidc.model import Client


def check(parameters: Parameters, client: Client) -> None:  # noqa: ARG001
    for name in ("request", "request_uri"):
        if name in parameters:
            raise ProtocolError(f"{name}_not_supported", f"the parameter {name} is not supported")
