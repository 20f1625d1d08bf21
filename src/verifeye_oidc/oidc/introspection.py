"""What a client is told about its own tokens (RFC 7662)."""

from verifeye_oidc.clock import Clock
from verifeye_oidc.ids import digest
from verifeye_oidc.oidc.claims import ClaimRules, Claims
from verifeye_oidc.oidc.model import AccessToken, Client, Grant, RefreshToken
from verifeye_oidc.oidc.tokens import read_refresh_token
from verifeye_oidc.storage.port import GrantStore


class Introspection:
    """Says whether a token is live, and what it stands for, to the client that it was given to."""

    def __init__(self, *, issuer: str, grants: GrantStore, rules: ClaimRules, clock: Clock) -> None:
        self._issuer = issuer
        self._grants = grants
        self._rules = rules
        self._clock = clock

    async def state(self, client: Client, token: str) -> Claims:
        """The token's state (RFC 7662, 2.2).

        ``active`` false and nothing else for whatever is not a live token of this client: unknown, expired,
        rotated, revoked, another client's. A token's form says its type, so that no hint is needed.
        """
        found = await self._live(client, token)
        if found is None:
            return {"active": False}
        live, grant = found
        state: Claims = {
            "active": True,
            "iss": self._issuer,
            "client_id": client.client_id,
            "sub": self._rules.sub(grant.outcome),
            "scope": " ".join(grant.scope),
            "exp": live.expires_at,
        }
        if isinstance(live, AccessToken):
            # A refresh token has no such type: nobody shall take it for a bearer token.
            state["token_type"] = "Bearer"  # noqa: S105 - RFC 6750
        return state

    async def _live(self, client: Client, token: str) -> tuple[AccessToken | RefreshToken, Grant] | None:
        now = self._clock.now()
        refresh = read_refresh_token(token)
        if refresh is None:
            access = await self._grants.access_token(digest(token), now)
            return access if access and access[0].client_id == client.client_id else None
        family_hash, secret_hash = refresh
        family = await self._grants.refresh_token(family_hash, client.client_id, now)
        return family if family and family[0].secret_hash == secret_hash else None
