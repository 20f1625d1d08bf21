"""Proof key for code exchange: S256 only, required where the client's policy says so.

RFC 7636, 4.3 and 4.4.1; RFC 9700, 2.1.1. Leaving the method out means ``plain``, which is refused as well.
"""

from verifeye_oidc.oidc.checks import Parameters
from verifeye_oidc.oidc.checks.response_type import CODE
from verifeye_oidc.oidc.errors import invalid_request
from verifeye_oidc.oidc.model import Client
from verifeye_oidc.oidc.pkce import is_code_challenge


def check(parameters: Parameters, client: Client) -> None:
    challenge, method = parameters.get("code_challenge"), parameters.get("code_challenge_method")
    if challenge is None:
        if method is not None:
            raise invalid_request("code_challenge_method came without a code_challenge")
        gives_code = parameters.get("response_type") == CODE
        if gives_code and (client.require_pkce or client.is_public):
            raise invalid_request("this client must send a code_challenge (PKCE with S256)")
        return
    if method != "S256":
        raise invalid_request("code_challenge_method must be S256")
    if not is_code_challenge(challenge):
        raise invalid_request("code_challenge must be 43 characters of base64url without padding")
