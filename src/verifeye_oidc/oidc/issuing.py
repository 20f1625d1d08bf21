"""What is given for an outcome: the grant, its code or ID token, and the session that begins with it."""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import replace

from verifeye_oidc.ids import digest
from verifeye_oidc.oidc.checks.response_type import CODE, ID_TOKEN
from verifeye_oidc.oidc.errors import ProtocolError
from verifeye_oidc.oidc.model import (
    MAX_SESSION_SECONDS,
    AuthorizationRequest,
    Client,
    Grant,
    Login,
    Outcome,
    Subject,
)
from verifeye_oidc.oidc.responses import Answering, AuthorizationResponse
from verifeye_oidc.oidc.subject_ids import SubjectIds
from verifeye_oidc.oidc.tokens import Tokens
from verifeye_oidc.oidc.visit import Visit
from verifeye_oidc.verification.port import Passed

CODE_SECONDS = 60


class Issuing:
    """Makes them.

    The code and the session's secret are derived from the transaction and its browser's secret, so that a
    reload gives the same ones; neither is stored but as a hash.
    """

    def __init__(self, *, issuer: str, tokens: Tokens, subject_ids: SubjectIds, code_key: bytes) -> None:
        """``code_key``: the 32 bytes under which they are derived, the same on every replica."""
        self._issuer = issuer
        self._tokens = tokens
        self._subject_ids = subject_ids
        self._code_key = code_key

    def sub(self, client: Client, subject: Subject) -> str:
        """Under which ``sub`` this client knows the person."""
        return self._subject_ids.pairwise(client, subject.sub) or subject.sub

    def grant(
        self, visit: Visit, client: Client, request: AuthorizationRequest, outcome: Outcome, now: int
    ) -> Grant:
        """What the request is granted. For an ID token too, whose code nobody is ever told."""
        return Grant(
            code_hash=digest(self._derived(visit, CODE)),
            transaction=visit.handle,
            client_id=request.client_id,
            redirect_uri=request.redirect_uri,
            code_challenge=request.code_challenge,
            nonce=request.nonce,
            scope=request.scope,
            outcome=replace(outcome, pairwise_sub=self._subject_ids.pairwise(client, outcome.sub)),
            expires_at=now + CODE_SECONDS,
            acr_values=request.all_acr_values,
            claims=request.claims,
        )

    def login_secret(self, visit: Visit) -> str:
        """The secret of the session that begins with this transaction, if one does."""
        return self._derived(visit, "session")

    def login(
        self, visit: Visit, client: Client, external_id: str, outcome: Outcome, now: int
    ) -> Login | None:
        """The session that begins; None where the client wants none."""
        if not client.session_seconds:
            return None
        return Login(digest(self.login_secret(visit)), external_id, outcome, now + MAX_SESSION_SECONDS)

    async def success(
        self, visit: Visit, client: Client, request: AuthorizationRequest, grant: Grant
    ) -> AuthorizationResponse:
        """The code, or an ID token in its place."""
        if request.response_type == ID_TOKEN:
            return self._answering(request).success(ID_TOKEN, await self._tokens.id_token(client, grant))
        return self._answering(request).success(CODE, self._derived(visit, CODE))

    def error(self, request: AuthorizationRequest, error: ProtocolError) -> AuthorizationResponse:
        return self._answering(request).error(error)

    def _answering(self, request: AuthorizationRequest) -> Answering:
        return Answering(self._issuer, request.redirect_uri, request.state, request.response_mode)

    def _derived(self, visit: Visit, purpose: str) -> str:
        """256 bits for a transaction and the browser that holds its secret."""
        message = f"{purpose}\0{visit.handle}\0{visit.secret}".encode()
        return urlsafe_b64encode(hmac.digest(self._code_key, message, "sha256")).rstrip(b"=").decode()


def outcome_of(subject: Subject, passed: Passed) -> Outcome:
    """A result of the verification service, as tokens tell of it."""
    return Outcome(
        sub=subject.sub,
        identifier=subject.identifier,
        event=passed.event,
        provenance=passed.provenance,
        results=passed.results,
        configuration_id=subject.configuration_id,
        session_id=passed.session_id,
        auth_time=passed.verified_at,
    )
