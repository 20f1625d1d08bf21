"""The refresh token grant (RFC 6749, 6; RFC 9700, 4.14; OpenID Connect Core 1.0, 12)."""

from collections.abc import Mapping
from dataclasses import replace
from hmac import compare_digest

from verifeye_oidc.clock import Clock
from verifeye_oidc.oidc.decide import suffices
from verifeye_oidc.oidc.errors import ProtocolError, invalid_request
from verifeye_oidc.oidc.model import Client, Outcome
from verifeye_oidc.oidc.tokens import TokenResponse, Tokens, read_refresh_token
from verifeye_oidc.storage.port import ClientStore, GrantStore, SubjectStore

GRANT_TYPE = "refresh_token"


class RefreshTokenGrant:
    """Exchanges a refresh token for new tokens, once: the next exchange needs the next refresh token."""

    def __init__(
        self,
        *,
        grants: GrantStore,
        subjects: SubjectStore,
        clients: ClientStore,
        tokens: Tokens,
        clock: Clock,
    ) -> None:
        self._grants = grants
        self._subjects = subjects
        self._clients = clients
        self._tokens = tokens
        self._clock = clock

    async def exchange(self, client: Client, parameters: Mapping[str, str]) -> TokenResponse:
        """The tokens for a refresh token that was given to this authenticated client.

        Raises ProtocolError: ``invalid_request`` when it is missing, ``invalid_scope`` when more is asked for
        than was granted (the refresh token stays good), and otherwise ``invalid_grant`` in the same words.
        A replay ends the family, an honest retry after a lost answer too (docs/adr/0002).
        """
        if "refresh_token" not in parameters:
            raise invalid_request("refresh_token is missing")
        presented = read_refresh_token(parameters["refresh_token"])
        if presented is None:
            raise _invalid_grant(client, "malformed")
        family_hash, secret_hash = presented
        found = await self._grants.refresh_token(family_hash, client.client_id, self._clock.now())
        if found is None:
            raise _invalid_grant(client, "unknown, expired, or its family has ended")
        family, grant = found
        if not compare_digest(family.secret_hash, secret_hash):
            await self._grants.end_family(family.code_hash)
            raise _invalid_grant(client, "replayed: its family is ended")
        if not await self._is_enrolled(grant.outcome):
            await self._grants.end_family(family.code_hash)
            raise _invalid_grant(client, "of a person who is not enrolled any more: its family is ended")
        if not await self._suffices(client, grant.outcome):
            await self._grants.end_family(family.code_hash)
            raise _invalid_grant(client, "of a verification that its policy refuses now: its family is ended")
        scope = _narrowed(grant.scope, parameters.get("scope"))
        access_token, row = self._tokens.new_access_token(client, family.code_hash, scope)
        refresh_token, successor_hash = self._tokens.successor(parameters["refresh_token"])
        if not await self._grants.rotate(family, successor_hash, row, self._clock.now()):
            raise _invalid_grant(client, "used twice at once: its family is ended")
        # Core 12.2: the ID token is about the same verification, and answers no authentication request.
        refreshed = replace(grant, scope=scope, nonce=None)
        return await self._tokens.response(client, refreshed, access_token, refresh_token)

    async def _is_enrolled(self, outcome: Outcome) -> bool:
        """Nothing is said any more about somebody whose face was erased."""
        subject = await self._subjects.subject(outcome.configuration_id, outcome.identifier)
        return subject is not None and subject.sub == outcome.sub and subject.enrolled is not None

    async def _suffices(self, client: Client, outcome: Outcome) -> bool:
        """Policies may have been tightened since: who would not be signed in now is not refreshed either."""
        collection = await self._clients.collection(outcome.configuration_id)
        return collection is not None and suffices(client, collection, outcome.results, outcome.provenance)


def _narrowed(granted: tuple[str, ...], scope: str | None) -> tuple[str, ...]:
    """The scope of the new access token; the refresh token keeps what was granted (RFC 6749, 6)."""
    if scope is None:
        return granted
    asked = set(scope.split(" "))
    if not asked <= set(granted) or "openid" not in asked:
        raise ProtocolError("invalid_scope", "scope must contain openid, and nothing that was not granted")
    return tuple(value for value in granted if value in asked)


def _invalid_grant(client: Client, detail: str) -> ProtocolError:
    return ProtocolError(
        "invalid_grant",
        "the refresh token is not valid for this client",
        f"refresh token of client {client.client_id} {detail}",
    )
