"""``response_mode`` is ``query`` or left out (OAuth 2.0 Multiple Response Type Encoding Practices, 2.1)."""

from verifeye_oidc.oidc.checks import Parameters
from verifeye_oidc.oidc.errors import invalid_request
from verifeye_oidc.oidc.model import Client

SUPPORTED = ("query",)


def check(parameters: Parameters, client: Client) -> None:  # noqa: ARG001
    if parameters.get("response_mode", "query") not in SUPPORTED:
        raise invalid_request("the only response_mode here is query")
