"""``redirect_uri`` is registered for this client, character by character.

OpenID Connect Core 1.0, 3.1.2.1 (simple string comparison of RFC 3986, 6.2.1); RFC 9700, 4.1.3.
"""

from verifeye_oidc.oidc.checks import Parameters
from verifeye_oidc.oidc.errors import invalid_request
from verifeye_oidc.oidc.model import Client


def proven_redirect_uri(parameters: Parameters, client: Client) -> str:
    """Where this request may be answered.

    Raises ProtocolError, to be shown on a page: never a redirect to an address that nobody registered.
    """
    redirect_uri = parameters.get("redirect_uri")
    if redirect_uri is None:
        raise invalid_request("redirect_uri is missing")
    if not is_registered(redirect_uri, client):
        raise invalid_request("redirect_uri is not registered for this client")
    return redirect_uri


def is_registered(redirect_uri: str, client: Client) -> bool:
    """String equality: no normalising, no prefix, no pattern."""
    return redirect_uri in client.redirect_uris
