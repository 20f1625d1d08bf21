"""What a client gets for a grant: an ID token, an opaque access token, and at times a refresh token."""

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass

from verifeye_oidc.clock import Clock
from verifeye_oidc.ids import Ids, digest
from verifeye_oidc.keys.port import Signer
from verifeye_oidc.oidc.claims import ClaimRules, scope_claims
from verifeye_oidc.oidc.model import AccessToken, Client, Grant, RefreshToken

SIGNING_ALG = "RS256"


@dataclass(frozen=True, slots=True)
class TokenResponse:
    """A successful answer of the token endpoint (RFC 6749, 5.1; OpenID Connect Core 1.0, 3.1.3.3)."""

    access_token: str
    expires_in: int
    scope: str
    id_token: str
    refresh_token: str | None = None
    token_type: str = "Bearer"  # noqa: S105 - RFC 6750


class Tokens:
    """Makes them. What it makes is live only once storage has written it."""

    def __init__(self, *, issuer: str, signer: Signer, rules: ClaimRules, clock: Clock, ids: Ids) -> None:
        self._issuer = issuer
        self._signer = signer
        self._rules = rules
        self._clock = clock
        self._ids = ids

    def new_access_token(
        self, client: Client, code_hash: bytes, scope: tuple[str, ...] | None = None
    ) -> tuple[str, AccessToken]:
        """An access token, and the row that stands for it. ``scope``: None for the grant's."""
        secret = self._ids.secret()
        expires_at = self._clock.now() + client.access_token_seconds
        return secret, AccessToken(digest(secret), code_hash, client.client_id, expires_at, scope)

    def new_refresh_token(self, client: Client, code_hash: bytes) -> tuple[str, RefreshToken]:
        """The first refresh token of a family, and the row that stands for the family."""
        family, secret = self._ids.handle(), self._ids.secret()
        expires_at = self._clock.now() + client.refresh_token_seconds
        row = RefreshToken(digest(family), digest(secret), code_hash, client.client_id, expires_at)
        return f"{family}.{secret}", row

    def successor(self, refresh_token: str) -> tuple[str, bytes]:
        """What replaces a refresh token in its family, and the hash of its secret."""
        family, _, _ = refresh_token.partition(".")
        secret = self._ids.secret()
        return f"{family}.{secret}", digest(secret)

    async def response(
        self, client: Client, grant: Grant, access_token: str, refresh_token: str | None = None
    ) -> TokenResponse:
        """What the grant says, in the scope and with the nonce that it has."""
        return TokenResponse(
            access_token=access_token,
            expires_in=client.access_token_seconds,
            scope=" ".join(grant.scope),
            id_token=await self.id_token(client, grant, access_token),
            refresh_token=refresh_token,
        )

    async def id_token(self, client: Client, grant: Grant, access_token: str | None = None) -> str:
        """OpenID Connect Core 1.0, 2. ``iat`` is never in the future: some allow no skew at all.

        Without an access token there is no userinfo, and the scopes' claims are in here (5.4).
        """
        now, requested = self._clock.now(), grant.claims.id_token
        claims: dict[str, object] = {
            "iss": self._issuer,
            "aud": client.client_id,
            "iat": now,
            "exp": now + client.id_token_seconds,
        }
        if access_token is None:
            requested = (*requested, *scope_claims(grant.scope))
        else:
            claims["at_hash"] = at_hash(access_token)
        if grant.nonce is not None:
            claims["nonce"] = grant.nonce
        claims |= self._rules.id_token_claims(grant.outcome, grant.scope, grant.acr_values, requested)
        return await self._signer.sign(claims, SIGNING_ALG)


def read_refresh_token(token: str) -> tuple[bytes, bytes] | None:
    """The hashes of a refresh token's family and secret; None for anything of another form."""
    family, dot, secret = token.partition(".")
    return (digest(family), digest(secret)) if dot else None


def at_hash(access_token: str) -> str:
    """The left half of the token's SHA-256, in base64url (OpenID Connect Core 1.0, 3.1.3.6)."""
    half = hashlib.sha256(access_token.encode("ascii")).digest()[:16]
    return urlsafe_b64encode(half).rstrip(b"=").decode()
