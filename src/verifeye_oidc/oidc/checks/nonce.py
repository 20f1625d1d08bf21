"""``nonce`` is of sane length, and there where it must be.

OpenID Connect Core 1.0, 3.1.2.1; with an ID token in the front channel always (3.2.2.1).
"""

from verifeye_oidc.oidc.checks import Parameters
from verifeye_oidc.oidc.checks.response_type import ID_TOKEN
from verifeye_oidc.oidc.errors import invalid_request
from verifeye_oidc.oidc.model import Client

MAX_CHARACTERS = 1024


def check(parameters: Parameters, client: Client) -> None:
    nonce = parameters.get("nonce")
    if nonce is None and client.require_nonce:
        raise invalid_request("this client must send a nonce")
    if nonce is None and parameters.get("response_type") == ID_TOKEN:
        raise invalid_request("response_type id_token needs a nonce")
    if nonce is not None and len(nonce) > MAX_CHARACTERS:
        raise invalid_request(f"nonce is longer than {MAX_CHARACTERS} characters")
