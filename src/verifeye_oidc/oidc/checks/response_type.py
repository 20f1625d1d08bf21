"""``response_type`` is ``code`` or ``id_token``, whichever the client is registered for.

RFC 6749, 3.1.1 and 4.1.2.1; OpenID Connect Core 1.0, 3.2.2.1. Hybrid types are not offered.
"""

from verifeye_oidc.oidc.checks import Parameters
from verifeye_oidc.oidc.errors import ProtocolError, invalid_request
from verifeye_oidc.oidc.model import Client

CODE = "code"
ID_TOKEN = "id_token"  # noqa: S105 - a response type
SUPPORTED = (CODE, ID_TOKEN)


def check(parameters: Parameters, client: Client) -> None:
    response_type = parameters.get("response_type")
    if response_type is None:
        raise invalid_request("response_type is missing")
    if response_type not in SUPPORTED:
        raise ProtocolError("unsupported_response_type", "response_type must be code or id_token")
    if response_type not in client.response_types:
        raise ProtocolError("unauthorized_client", "this client is not registered for this response_type")
