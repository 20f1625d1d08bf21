"""``scope`` contains ``openid``; values that nobody here knows are accepted and give nothing.

RFC 6749, 3.3; OpenID Connect Core 1.0, 3.1.2.1 and 5.4.
"""

from verifeye_oidc.oidc.checks import Parameters
from verifeye_oidc.oidc.claims import OFFLINE_ACCESS, SCOPES
from verifeye_oidc.oidc.errors import ProtocolError
from verifeye_oidc.oidc.model import Client

_NOT_IN_A_SCOPE = frozenset('"\\')


def check(parameters: Parameters, client: Client) -> None:  # noqa: ARG001
    scope = parameters.get("scope", "")
    if not all(" " <= character <= "~" and character not in _NOT_IN_A_SCOPE for character in scope):
        raise ProtocolError("invalid_scope", "scope contains characters that no scope value has")
    if "openid" not in scope.split(" "):
        raise ProtocolError("invalid_scope", "scope must contain openid")


def requested(parameters: Parameters, client: Client) -> tuple[str, ...]:
    """The values asked for that give this client something, each once.

    ``offline_access`` gives something where a code does, and needs no ``prompt=consent``: that the operator
    registered the client for refresh tokens is the other condition that permits it (Core 1.0, 11).
    """
    asked = set(parameters.get("scope", "").split(" "))
    if not client.may_refresh or parameters.get("response_type") != "code":
        asked.discard(OFFLINE_ACCESS)
    return tuple(value for value in SCOPES if value in asked)
