"""Self-issued registration is not supported, and says so (OpenID Connect Core 1.0, 3.1.2.6)."""

from verifeye_oidc.oidc.checks import Parameters
from verifeye_oidc.oidc.errors import ProtocolError
from verifeye_oidc.oidc.model import Client


def check(parameters: Parameters, client: Client) -> None:  # noqa: ARG001
    if "registration" in parameters:
        raise ProtocolError("registration_not_supported", "the parameter registration is not supported")
