"""``claims`` is a JSON object of the form of OpenID Connect Core 1.0, 5.5."""

from verifeye_oidc.oidc.checks import Parameters
from verifeye_oidc.oidc.model import Client, RequestedClaims
from verifeye_oidc.oidc.requested_claims import read_claims


def check(parameters: Parameters, client: Client) -> None:  # noqa: ARG001
    requested(parameters)


def requested(parameters: Parameters) -> RequestedClaims:
    """What is asked for; nothing, where the parameter is left out."""
    return read_claims(parameters["claims"]) if "claims" in parameters else RequestedClaims()
