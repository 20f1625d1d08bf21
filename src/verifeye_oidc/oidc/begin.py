"""How a transaction comes to be: from an authorization request, or from an invitation to enrol."""

from dataclasses import replace
from typing import Protocol

import structlog

from verifeye_oidc.clock import Clock
from verifeye_oidc.ids import Ids, digest
from verifeye_oidc.oidc.acr import reachable
from verifeye_oidc.oidc.authorize import authorization_request
from verifeye_oidc.oidc.checks import Parameters, prompt, response_mode, state
from verifeye_oidc.oidc.checks.client import proven_client
from verifeye_oidc.oidc.checks.redirect_uri import proven_redirect_uri
from verifeye_oidc.oidc.errors import ProtocolError
from verifeye_oidc.oidc.id_token_hint import IdTokenHints
from verifeye_oidc.oidc.identifiers import canonical_identifier
from verifeye_oidc.oidc.model import (
    AuthorizationRequest,
    Client,
    Invitation,
    Transaction,
    TransactionState,
)
from verifeye_oidc.oidc.responses import Answering
from verifeye_oidc.oidc.steps import Begun, Refuse
from verifeye_oidc.oidc.visit import Visit
from verifeye_oidc.storage.port import ClientStore, SubjectStore, TransactionStore
from verifeye_oidc.verification.port import Collection

INVITED_SECONDS = 900
KEEP_SECONDS = 600
"""The browser keeps its secret for so much longer than the transaction lives."""

log = structlog.get_logger("verifeye_oidc.flow")


class BeginStore(ClientStore, TransactionStore, SubjectStore, Protocol):
    """What a beginning needs of the storage."""


class Begin:
    """Makes transactions, each for the browser that asked."""

    def __init__(
        self, *, issuer: str, store: BeginStore, hints: IdTokenHints, clock: Clock, ids: Ids
    ) -> None:
        self._issuer = issuer
        self._hints = hints
        self._store = store
        self._clock = clock
        self._ids = ids

    async def authorize(self, parameters: Parameters) -> Begun | Refuse:
        """Make a transaction for an authorization request; `keep` or ``Flow.enter`` stores it.

        Raises ProtocolError, for a page, until the client and its redirect URI are proven.
        """
        client = await proven_client(parameters, self._store)
        redirect_uri = proven_redirect_uri(parameters, client)
        try:
            request = await self._request(parameters, client, redirect_uri)
        except ProtocolError as error:
            log.info("request refused", client_id=client.client_id, error=str(error))
            mode = response_mode.requested(parameters)
            return Refuse(Answering(self._issuer, redirect_uri, state.echo(parameters), mode).error(error))
        chooses = prompt.SELECT_ACCOUNT in request.prompt
        return self._new(
            client.configuration_id,
            client.max_verification_seconds,
            client=client,
            identifier=None if chooses else canonical_identifier(request.login_hint or ""),
            request=request,
        )

    async def _request(
        self, parameters: Parameters, client: Client, redirect_uri: str
    ) -> AuthorizationRequest:
        """The request, if its parameters are in order and it can be fulfilled here at all."""
        request = authorization_request(parameters, client, redirect_uri)
        collection = await self._comparing_collection(client.configuration_id)
        essential = request.claims.essential_acr
        if essential is not None and set(essential).isdisjoint(reachable(collection)):
            raise ProtocolError(
                "unmet_authentication_requirements",
                "no verification under the configuration of this client can reach the essential acr",
            )
        if "id_token_hint" in parameters:
            hint = self._hints.read(parameters["id_token_hint"], client.client_id)
            request = replace(request, hinted_sub=hint.sub)
        return request

    async def invitation(self, token: str) -> tuple[Invitation, Collection]:
        """What an invitation's link invites to. Changes nothing.

        Raises ProtocolError: 410 when the invitation is unknown, used or expired.
        """
        invitation = await self._store.invitation(digest(token))
        if invitation is None or invitation.used_at is not None or self._clock.now() >= invitation.expires_at:
            raise ProtocolError("invalid_request", "this invitation was used or has expired", status=410)
        return invitation, await self._comparing_collection(invitation.configuration_id)

    async def accept(self, token: str) -> Begun:
        """Open a transaction for an invitation, which only its end uses up. Raises ProtocolError as above."""
        invitation, _ = await self.invitation(token)
        begun = self._new(
            invitation.configuration_id,
            INVITED_SECONDS,
            identifier=invitation.identifier,
            invitation_hash=invitation.invitation_hash,
        )
        await self.keep(begun)
        return begun

    async def keep(self, begun: Begun) -> None:
        """Store a new transaction; its browser comes back for what is next."""
        await self._store.add_transaction(begun.visit.transaction)

    async def _comparing_collection(self, configuration_id: str) -> Collection:
        collection = await self._store.collection(configuration_id)
        if collection is None or not collection.face.compares:
            raise ProtocolError(
                "unauthorized_client",
                "this client is not set up for signing in",
                "its configuration compares no faces",
            )
        return collection

    def _new(
        self,
        configuration_id: str,
        seconds: int,
        *,
        identifier: str | None,
        client: Client | None = None,
        request: AuthorizationRequest | None = None,
        invitation_hash: bytes | None = None,
    ) -> Begun:
        handle, secret, now = self._ids.handle(), self._ids.secret(), self._clock.now()
        transaction = Transaction(
            handle=handle,
            browser_hash=digest(secret),
            configuration_id=configuration_id,
            request=request,
            invitation_hash=invitation_hash,
            identifier=identifier,
            state=TransactionState.CREATED,
            created_at=now,
            expires_at=now + seconds,
        )
        return Begun(Visit(transaction, client, secret, None), seconds + KEEP_SECONDS)
