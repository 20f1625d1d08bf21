"""The dispatcher: the only place that decides what comes next.

Each request of a browser is answered with one step. States move in the store, by one atomic statement each;
whoever loses a race reads again and answers by what it finds. Nothing that a browser brings decides anything:
its secret says whose transaction it is, and its result is judged by the verification service.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Protocol

import structlog

from verifeye_oidc.clock import Clock
from verifeye_oidc.ids import Ids, digest
from verifeye_oidc.oidc.checks.redirect_uri import is_registered
from verifeye_oidc.oidc.decide import admit, judge
from verifeye_oidc.oidc.errors import ProtocolError, invalid_request
from verifeye_oidc.oidc.identifiers import MAX_CHARACTERS, canonical_identifier
from verifeye_oidc.oidc.model import (
    AuthorizationRequest,
    Client,
    Grant,
    Outcome,
    Subject,
    Transaction,
    TransactionState,
)
from verifeye_oidc.oidc.refusals import refusal
from verifeye_oidc.oidc.responses import code_response, error_response
from verifeye_oidc.oidc.steps import (
    Continue,
    Enrolled,
    Finished,
    NeedIdentifier,
    NeedVerification,
    Refuse,
    Respond,
    Step,
    Wait,
)
from verifeye_oidc.storage.port import ClientStore, GrantStore, SubjectStore, TransactionStore
from verifeye_oidc.verification.port import (
    Expired,
    Failed,
    FailureReason,
    Passed,
    ResultRefused,
    ServiceUnavailable,
    Verification,
)

CODE_SECONDS = 60
LEASE_SECONDS = 10
WAIT_SECONDS = 3
GIVE_UP_SECONDS = 15
"""A silent verification service is given up so long before the deadline, while the client still listens."""

_FINAL = (TransactionState.GRANTED, TransactionState.REFUSED, TransactionState.EXPIRED)

log = structlog.get_logger("verifeye_oidc.flow")


class FlowStore(ClientStore, TransactionStore, GrantStore, SubjectStore, Protocol):
    """What the dispatcher needs of the storage."""


@dataclass(frozen=True, slots=True)
class _Visit:
    """A browser that proved that the transaction is its own."""

    transaction: Transaction
    client: Client | None
    """Proven again, with its redirect URI; None for an invitation."""
    secret: str

    @property
    def handle(self) -> str:
        return self.transaction.handle


class Flow:
    """One person's way through one transaction, in one browser."""

    def __init__(
        self,
        *,
        issuer: str,
        store: FlowStore,
        verification: Verification,
        clock: Clock,
        ids: Ids,
        code_key: bytes,
    ) -> None:
        """``code_key``: the 32 bytes under which codes are derived, the same on every replica."""
        self._issuer = issuer
        self._store = store
        self._verification = verification
        self._clock = clock
        self._ids = ids
        self._code_key = code_key

    async def resume(self, handle: str, secret: str | None) -> Step:
        """What comes next. Raises ProtocolError when the transaction is not this browser's."""
        return await self._next(await self._visit(handle, secret))

    async def identify(self, handle: str, secret: str | None, text: str) -> Continue | NeedIdentifier:
        """Take who is to be verified; whoever was named first stays. Raises ProtocolError."""
        visit = await self._visit(handle, secret)
        identifier = canonical_identifier(text)
        if identifier is None:
            return self._ask_again(visit, text)
        if not await self._store.identify(handle, identifier):
            visit = await self._visit(handle, secret)
            if visit.transaction.identifier not in (None, identifier):
                raise ProtocolError(
                    "invalid_request", "this sign-in goes on with another identifier already", status=409
                )
        return Continue(handle)

    async def cancel(self, handle: str, secret: str | None) -> Continue:
        """End the transaction, as its person wants. Raises ProtocolError."""
        visit = await self._visit(handle, secret)
        await self._store.refuse(visit.handle, FailureReason.CANCELLED)
        return Continue(handle)

    async def complete(self, handle: str, secret: str | None, query: str) -> Step:
        """Judge what the browser brought back from the verification, and decide.

        Raises ProtocolError when the transaction is not this browser's, or when the result proves nothing:
        the transaction stays as it was, and its genuine result is still accepted.
        """
        visit = await self._visit(handle, secret)
        if visit.transaction.state is TransactionState.CREATED:
            raise invalid_request("the verification of this sign-in has not begun")
        if visit.transaction.state in _FINAL or self._overdue(visit):
            return await self._next(visit)
        now = self._clock.now()
        if not await self._store.lease(handle, now, now + LEASE_SECONDS):
            return await self._after_race(visit)
        try:
            outcome = await self._verification.complete(visit.transaction.order, query)
        except ResultRefused as refused:
            await self._store.release(handle)
            raise invalid_request("this is no result of this sign-in", str(refused)) from None
        except ServiceUnavailable:
            await self._store.release(handle)
            return await self._wait_for_service(visit)
        return await self._decide(visit, outcome, leased_until=now + LEASE_SECONDS)

    async def _visit(self, handle: str, secret: str | None) -> _Visit:
        transaction = await self._store.transaction(handle)
        if transaction is None or not hmac.compare_digest(digest(secret or ""), transaction.browser_hash):
            raise invalid_request("this sign-in is over, or belongs to another browser")
        request = transaction.request
        if request is None:
            return _Visit(transaction, None, secret or "")
        client = await self._store.client(request.client_id)
        if client is None or not is_registered(request.redirect_uri, client):
            raise ProtocolError("invalid_client", "the application is not registered any more")
        return _Visit(transaction, client, secret or "")

    async def _next(self, visit: _Visit) -> Step:
        transaction = visit.transaction
        if transaction.state is TransactionState.GRANTED:
            return await self._granted(visit)
        if transaction.state in _FINAL:
            return self._refusal(visit, transaction.failure or FailureReason.TIME_OUT)
        if self._overdue(visit):
            return await self._refuse(visit, FailureReason.TIME_OUT)
        if transaction.state is TransactionState.CREATED:
            return await self._begin_verification(visit)
        if transaction.state is TransactionState.DECIDING and not self._lease_lapsed(transaction):
            return Wait(WAIT_SECONDS)
        return await self._verify(visit)

    async def _begin_verification(self, visit: _Visit) -> Step:
        transaction = visit.transaction
        if transaction.identifier is None:
            return _ask(visit)
        collection = await self._store.collection(transaction.configuration_id)
        subject = await self._store.subject(transaction.configuration_id, transaction.identifier)
        admission = admit(visit.client, collection, subject, self._ids.guid())
        if isinstance(admission, FailureReason):
            return await self._refuse(visit, admission)
        await self._store.begin_verification(visit.handle, admission.external_id, admission.enrolment)
        return await self._again(visit)

    async def _verify(self, visit: _Visit) -> Step:
        try:
            return NeedVerification(await self._verification.start(visit.transaction.order))
        except ServiceUnavailable:
            return await self._wait_for_service(visit)

    async def _decide(self, visit: _Visit, outcome: Passed | Failed | Expired, leased_until: int) -> Step:
        transaction, identifier = visit.transaction, visit.transaction.identifier or ""
        collection = await self._store.collection(transaction.configuration_id)
        known = await self._store.subject(transaction.configuration_id, identifier)
        verdict = judge(visit.client, collection, transaction.order, known, outcome)
        if isinstance(verdict, FailureReason):
            return await self._refuse(visit, verdict)
        subject = known or Subject(
            external_id=transaction.order.external_id,
            configuration_id=transaction.configuration_id,
            identifier=identifier,
            sub=self._ids.guid(),
            created_at=self._clock.now(),
        )
        if await self._commit(visit, subject, verdict):
            return await self._respond(visit)
        again = await self._visit(visit.handle, visit.secret)
        if (
            again.transaction.state is TransactionState.DECIDING
            and again.transaction.lease_until == leased_until
        ):
            return await self._refuse(again, FailureReason.ENROLMENT_CONFLICT)
        return await self._after_race(visit)

    async def _commit(self, visit: _Visit, subject: Subject, passed: Passed) -> bool:
        now, request = self._clock.now(), visit.transaction.request
        if request is None:
            return await self._store.enrol_invited(visit.handle, subject, passed.session_id, now)
        grant = _grant(visit.transaction, request, subject, passed, digest(self._code(visit)), now)
        return await self._store.grant(grant, subject, passed.session_id, now)

    async def _granted(self, visit: _Visit) -> Step:
        """The same code again to the same browser, while it lives and nobody redeemed it."""
        if visit.client and await self._store.unredeemed_grant(visit.handle, self._clock.now()) is None:
            return Finished(visit.client.name)
        return await self._respond(visit)

    async def _respond(self, visit: _Visit) -> Step:
        request = visit.transaction.request
        if request is None:
            collection = await self._store.collection(visit.transaction.configuration_id)
            return Enrolled("" if collection is None else collection.name)
        return Respond(code_response(request.redirect_uri, self._code(visit), request.state, self._issuer))

    async def _refuse(self, visit: _Visit, reason: FailureReason) -> Step:
        if not await self._store.refuse(visit.handle, reason):
            return await self._again(visit)
        log.info(
            "transaction refused",
            transaction=visit.handle,
            client_id=visit.client.client_id if visit.client else None,
            reason=reason.value,
        )
        return self._refusal(visit, reason)

    def _refusal(self, visit: _Visit, reason: FailureReason) -> Refuse:
        """Raises ProtocolError, for a page, when no client waits for an answer."""
        error, request = refusal(reason), visit.transaction.request
        if request is None:
            raise error
        return Refuse(error_response(request.redirect_uri, error, request.state, self._issuer))

    async def _wait_for_service(self, visit: _Visit) -> Step:
        if self._clock.now() + GIVE_UP_SECONDS >= visit.transaction.expires_at:
            return await self._refuse(visit, FailureReason.SERVICE_UNAVAILABLE)
        return Wait(WAIT_SECONDS)

    async def _after_race(self, visit: _Visit) -> Step:
        """Another request of this browser was quicker: its decision, or a while for it to decide."""
        again = await self._visit(visit.handle, visit.secret)
        return await self._next(again) if again.transaction.state in _FINAL else Wait(WAIT_SECONDS)

    async def _again(self, visit: _Visit) -> Step:
        return await self._next(await self._visit(visit.handle, visit.secret))

    def _ask_again(self, visit: _Visit, text: str) -> Continue | NeedIdentifier:
        if (
            visit.transaction.state is not TransactionState.CREATED
            or visit.transaction.identifier is not None
        ):
            return Continue(visit.handle)
        error = f"Enter an e-mail address or user name of at most {MAX_CHARACTERS} characters."
        return _ask(visit, text[:MAX_CHARACTERS], error)

    def _code(self, visit: _Visit) -> str:
        """256 bits, derived from the transaction and its browser's secret: a reload gives the same."""
        message = f"{visit.handle}\0{visit.secret}".encode()
        derived = hmac.new(self._code_key, message, hashlib.sha256).digest()
        return urlsafe_b64encode(derived).rstrip(b"=").decode()

    def _overdue(self, visit: _Visit) -> bool:
        return self._clock.now() >= visit.transaction.expires_at

    def _lease_lapsed(self, transaction: Transaction) -> bool:
        return transaction.lease_until is None or transaction.lease_until <= self._clock.now()


def _ask(visit: _Visit, value: str = "", error: str | None = None) -> NeedIdentifier:
    if visit.client is None or visit.transaction.request is None:
        raise ValueError("an invitation names its identifier")
    return NeedIdentifier(
        visit.handle, visit.client.name, visit.transaction.request.redirect_uri, value, error
    )


def _grant(
    transaction: Transaction,
    request: AuthorizationRequest,
    subject: Subject,
    passed: Passed,
    code_hash: bytes,
    now: int,
) -> Grant:
    outcome = Outcome(
        sub=subject.sub,
        identifier=subject.identifier,
        event=passed.event,
        provenance=passed.provenance,
        results=passed.results,
        configuration_id=transaction.configuration_id,
        session_id=passed.session_id,
        auth_time=passed.verified_at,
    )
    return Grant(
        code_hash=code_hash,
        transaction=transaction.handle,
        client_id=request.client_id,
        redirect_uri=request.redirect_uri,
        code_challenge=request.code_challenge,
        nonce=request.nonce,
        scope=request.scope,
        outcome=outcome,
        expires_at=now + CODE_SECONDS,
        acr_values=request.acr_values,
    )
