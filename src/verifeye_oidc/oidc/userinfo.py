"""The userinfo endpoint's rules (OpenID Connect Core 1.0, 5.3; RFC 6750)."""

from collections.abc import Mapping, Sequence

from verifeye_oidc.clock import Clock
from verifeye_oidc.ids import digest
from verifeye_oidc.oidc.claims import ClaimRules, Claims
from verifeye_oidc.oidc.errors import ProtocolError, invalid_request
from verifeye_oidc.storage.port import ClientStore, GrantStore


class UserInfo:
    """Says what the grant behind a live access token allows."""

    def __init__(self, *, grants: GrantStore, clients: ClientStore, rules: ClaimRules, clock: Clock) -> None:
        self._grants = grants
        self._clients = clients
        self._rules = rules
        self._clock = clock

    async def claims(self, access_token: str) -> Claims:
        """The claims, with the ID token's ``sub``. Raises ProtocolError (``invalid_token``, 401)."""
        found = await self._grants.access_token(digest(access_token), self._clock.now())
        if found is None:
            raise _invalid_token("unknown, expired or revoked")
        _, grant = found
        if await self._clients.client(grant.client_id) is None:
            raise _invalid_token("of a client that was deleted")
        return self._rules.userinfo_claims(grant.outcome, grant.scope, grant.claims.userinfo)


def _invalid_token(detail: str) -> ProtocolError:
    return ProtocolError("invalid_token", "the access token is not valid", detail, status=401)


def presented_token(
    authorization: Sequence[str], query: Mapping[str, str], body: Mapping[str, str]
) -> str | None:
    """The one bearer token of a request (RFC 6750, 2); None when it carries none.

    Raises ProtocolError (``invalid_request``): two at once, a malformed header, or a token in the query,
    which would end up in logs and histories.
    """
    if "access_token" in query:
        raise invalid_request("an access token in the query is refused: send an Authorization header")
    if len(authorization) + ("access_token" in body) > 1:
        raise invalid_request("more than one access token in one request")
    if not authorization:
        return body.get("access_token")
    scheme, _, token = authorization[0].partition(" ")
    if scheme.lower() != "bearer":
        return None
    if not token.strip():
        raise invalid_request("the Authorization header carries no token")
    return token.strip()
