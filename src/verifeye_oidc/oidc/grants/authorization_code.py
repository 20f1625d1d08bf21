"""The authorization code grant (RFC 6749, 4.1.3; RFC 7636, 4.6; OpenID Connect Core 1.0, 3.1.3)."""

from collections.abc import Mapping

from verifeye_oidc.clock import Clock
from verifeye_oidc.ids import digest
from verifeye_oidc.oidc.claims import OFFLINE_ACCESS
from verifeye_oidc.oidc.errors import ProtocolError, invalid_request
from verifeye_oidc.oidc.model import Client, RefreshToken
from verifeye_oidc.oidc.pkce import is_code_verifier, s256
from verifeye_oidc.oidc.tokens import TokenResponse, Tokens
from verifeye_oidc.storage.port import CodeBinding, CodeRefusal, GrantStore

GRANT_TYPE = "authorization_code"


class AuthorizationCodeGrant:
    """Exchanges a code for tokens, once."""

    def __init__(self, *, grants: GrantStore, tokens: Tokens, clock: Clock) -> None:
        self._grants = grants
        self._tokens = tokens
        self._clock = clock

    async def exchange(self, client: Client, parameters: Mapping[str, str]) -> TokenResponse:
        """The tokens for a code that was given to this authenticated client.

        Raises ProtocolError: ``invalid_request`` when a parameter is missing, and otherwise ``invalid_grant``
        in the same words for everything, so that who stole a code does not learn what else they need.
        A wrong caller leaves the code usable by the genuine one; a replay revokes what the code gave.
        """
        code_hash = digest(_required(parameters, "code"))
        binding = CodeBinding(
            client_id=client.client_id,
            redirect_uri=_required(parameters, "redirect_uri"),
            code_challenge=_challenge(parameters.get("code_verifier")),
        )
        if client.is_public and binding.code_challenge is None:
            raise invalid_request("code_verifier is missing: this client has no other way to prove itself")
        access_token, row = self._tokens.new_access_token(client, code_hash)
        refresh_token, family = await self._refresh_token(client, code_hash)
        grant = await self._grants.take_code(code_hash, binding, row, self._clock.now(), family)
        if isinstance(grant, CodeRefusal):
            raise _invalid_grant(f"code {grant} for client {client.client_id}")
        return await self._tokens.response(client, grant, access_token, refresh_token)

    async def _refresh_token(
        self, client: Client, code_hash: bytes
    ) -> tuple[str, RefreshToken] | tuple[None, None]:
        """A refresh token where the client may have one and asked for it (OpenID Connect Core 1.0, 11)."""
        if not client.may_refresh:
            return None, None
        grant = await self._grants.grant_of_code(code_hash)
        if grant is None or OFFLINE_ACCESS not in grant.scope:
            return None, None
        return self._tokens.new_refresh_token(client, code_hash)


def _required(parameters: Mapping[str, str], name: str) -> str:
    if name not in parameters:
        raise invalid_request(f"{name} is missing")
    return parameters[name]


def _challenge(code_verifier: str | None) -> str | None:
    """What the code must be bound to: None, where no verifier came, is equal to *no challenge* only.

    So a verifier for a code without a challenge fails as well (PKCE downgrade: RFC 9700, 4.8.2).
    """
    if code_verifier is None:
        return None
    if not is_code_verifier(code_verifier):
        raise _invalid_grant("malformed code_verifier")
    return s256(code_verifier)


def _invalid_grant(detail: str) -> ProtocolError:
    return ProtocolError("invalid_grant", "the authorization code is not valid for this request", detail)
