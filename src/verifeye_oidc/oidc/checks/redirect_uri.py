"""``redirect_uri`` is registered for this client, character by character.

OpenID Connect Core 1.0, 3.1.2.1 (simple string comparison of RFC 3986, 6.2.1); RFC 9700, 4.1.3. The one
exception is the port of a loopback address, and only for clients marked native (RFC 8252, 7.3).
"""

import re

from verifeye_oidc.oidc.checks import Parameters
from verifeye_oidc.oidc.errors import invalid_request
from verifeye_oidc.oidc.model import Client

_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::([1-9][0-9]{0,4}))?((?:[/?].*)?)")
_HIGHEST_PORT = 65535


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
    """String equality: no normalising, no prefix, no pattern.

    A native client listens on whatever port its machine has free, so that of ``http://127.0.0.1`` and
    ``http://[::1]`` is not compared. ``localhost`` is a name, may resolve to anywhere, and gets no exception.
    """
    if redirect_uri in client.redirect_uris:
        return True
    if not client.native:
        return False
    portless = _without_port(redirect_uri)
    return portless is not None and portless in map(_without_port, client.redirect_uris)


def _without_port(uri: str) -> tuple[str, str] | None:
    """Origin and rest of a loopback address, both exact; None for every other one."""
    match = _LOOPBACK.fullmatch(uri)
    if match is None or int(match[2] or 0) > _HIGHEST_PORT:
        return None
    return match[1], match[3]
