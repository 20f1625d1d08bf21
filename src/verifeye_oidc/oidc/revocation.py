"""How a client gives its tokens back (RFC 7009)."""

from verifeye_oidc.clock import Clock
from verifeye_oidc.ids import digest
from verifeye_oidc.oidc.model import Client
from verifeye_oidc.oidc.tokens import read_refresh_token
from verifeye_oidc.storage.port import GrantStore


class Revocation:
    """Ends an access token, or with a refresh token everything that came from the same code."""

    def __init__(self, *, grants: GrantStore, clock: Clock) -> None:
        self._grants = grants
        self._clock = clock

    async def revoke(self, client: Client, token: str) -> None:
        """Leave no live token of this client behind that was presented (RFC 7009, 2.1).

        Whether there was one is told to nobody; another client's is left alone. A refresh token that was
        rotated ends its family as well. A token's form says its type, so that no hint is needed.
        """
        refresh = read_refresh_token(token)
        if refresh is None:
            await self._grants.revoke_access_token(digest(token), client.client_id)
            return
        family_hash, _ = refresh
        found = await self._grants.refresh_token(family_hash, client.client_id, self._clock.now())
        if found is not None:
            await self._grants.end_family(found[0].code_hash)
