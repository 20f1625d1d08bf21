"""The dispatcher: the only place that decides what comes next.

Each request of a browser is answered with one step. States move in the store, by one atomic statement each;
whoever loses a race reads again and answers by what it finds. Nothing that a browser brings decides anything:
its secrets say whose transaction and whose session it is, its result is judged by the verification service.
"""

import hmac
from dataclasses import replace
from typing import Protocol

import structlog

from verifeye_oidc.clock import Clock
from verifeye_oidc.ids import Ids, digest
from verifeye_oidc.oidc.checks import prompt
from verifeye_oidc.oidc.checks.redirect_uri import is_registered
from verifeye_oidc.oidc.decide import Admission, admit, judge
from verifeye_oidc.oidc.errors import ProtocolError, invalid_request
from verifeye_oidc.oidc.identifiers import MAX_CHARACTERS, canonical_identifier
from verifeye_oidc.oidc.issuing import Issuing, outcome_of
from verifeye_oidc.oidc.model import Grant, Subject, Transaction, TransactionState
from verifeye_oidc.oidc.refusals import refusal
from verifeye_oidc.oidc.single_sign_on import SingleSignOn, SingleSignOnStore, is_meant, reaches_essential
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
from verifeye_oidc.oidc.visit import Visit
from verifeye_oidc.storage.port import GrantStore, TransactionStore
from verifeye_oidc.verification.port import (
    Expired,
    Failed,
    FailureReason,
    Passed,
    ResultRefused,
    ServiceUnavailable,
    Verification,
)

LEASE_SECONDS = 10
WAIT_SECONDS = 3
GIVE_UP_SECONDS = 15
"""A silent verification service is given up so long before the deadline, while the client still listens."""

_FINAL = (TransactionState.GRANTED, TransactionState.REFUSED, TransactionState.EXPIRED)

log = structlog.get_logger("verifeye_oidc.flow")


class FlowStore(SingleSignOnStore, TransactionStore, GrantStore, Protocol):
    """What the dispatcher needs of the storage."""


class Flow:
    """One person's way through one transaction, in one browser."""

    def __init__(
        self, *, store: FlowStore, verification: Verification, issuing: Issuing, clock: Clock, ids: Ids
    ) -> None:
        self._store = store
        self._verification = verification
        self._issuing = issuing
        self._single_sign_on = SingleSignOn(store=store, issuing=issuing, clock=clock)
        self._clock = clock
        self._ids = ids

    async def enter(self, new: Visit, login_secret: str | None) -> Step:
        """Store a new transaction of a proven client, and say what comes next.

        Where nothing but the verification can, it is stored as begun: one write instead of two, and nothing
        read again.
        """
        visit, named = replace(new, login_secret=login_secret), new.transaction.identifier
        asks = new.request is not None and prompt.NONE not in new.request.prompt
        if asks and named is not None and login_secret is None:
            admission = await self._admission(visit, named)
            if isinstance(admission, Admission):
                visit = visit.verifying(admission.external_id, admission.enrolment)
        await self._store.add_transaction(visit.transaction)
        return await self._next(visit)

    async def resume(self, handle: str, secret: str | None, login_secret: str | None = None) -> Step:
        """What comes next. Raises ProtocolError when the transaction is not this browser's."""
        return await self._next(await self._visit(handle, secret, login_secret))

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

    async def complete(
        self, handle: str, secret: str | None, query: str, login_secret: str | None = None
    ) -> Step:
        """Judge what the browser brought back from the verification, and decide.

        Raises ProtocolError when the transaction is not this browser's, or when the result proves nothing:
        the transaction stays as it was, and its genuine result is still accepted.
        """
        visit = await self._visit(handle, secret, login_secret)
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

    async def _visit(self, handle: str, secret: str | None, login_secret: str | None = None) -> Visit:
        transaction = await self._store.transaction(handle)
        if transaction is None or not hmac.compare_digest(digest(secret or ""), transaction.browser_hash):
            raise invalid_request("this sign-in is over, or belongs to another browser")
        request = transaction.request
        if request is None:
            return Visit(transaction, None, secret or "", None)
        client = await self._store.client(request.client_id)
        if client is None or not is_registered(request.redirect_uri, client):
            raise ProtocolError("invalid_client", "the application is not registered any more")
        return Visit(transaction, client, secret or "", login_secret)

    async def _next(self, visit: Visit) -> Step:
        transaction = visit.transaction
        if transaction.state is TransactionState.GRANTED:
            return await self._granted(visit)
        if transaction.state in _FINAL:
            return self._refusal(visit, transaction.failure or FailureReason.TIME_OUT)
        if self._overdue(visit):
            return await self._refuse(visit, FailureReason.TIME_OUT)
        if transaction.state is TransactionState.CREATED:
            return await self._begin(visit)
        if transaction.state is TransactionState.DECIDING and not self._lease_lapsed(transaction):
            return Wait(WAIT_SECONDS)
        return await self._verify(visit)

    async def _begin(self, visit: Visit) -> Step:
        """Before the person was asked anything."""
        if (grant := await self._single_sign_on.grant(visit)) is not None:
            return await self._respond(visit, grant)
        request = visit.request
        if request is not None and prompt.NONE in request.prompt:
            return await self._refuse(visit, FailureReason.LOGIN_REQUIRED)
        if visit.transaction.identifier is None:
            return _ask(visit)
        return await self._begin_verification(visit, visit.transaction.identifier)

    async def _begin_verification(self, visit: Visit, identifier: str) -> Step:
        admission = await self._admission(visit, identifier)
        if isinstance(admission, FailureReason):
            return await self._refuse(visit, admission)
        person = admission.external_id, admission.enrolment
        if not await self._store.begin_verification(visit.handle, *person):
            return await self._again(visit)
        return await self._verify(visit.verifying(*person))

    async def _admission(self, visit: Visit, identifier: str) -> Admission | FailureReason:
        collection = await self._store.collection(visit.transaction.configuration_id)
        subject = await self._store.subject(visit.transaction.configuration_id, identifier)
        admission = admit(visit.client, collection, subject, self._ids.guid())
        if isinstance(admission, Admission) and (refused := self._not_asked_for(visit, subject, admission)):
            return refused
        return admission

    def _not_asked_for(
        self, visit: Visit, subject: Subject | None, admission: Admission
    ) -> FailureReason | None:
        """Why this person cannot be who the request asks for, whatever the camera sees; None: they can."""
        client, request = visit.client, visit.request
        if client is None or request is None:
            return None
        if not is_meant(request, None if subject is None else self._issuing.sub(client, subject)):
            return FailureReason.MISMATCH
        if admission.enrolment is not None and request.claims.essential_acr is not None:
            return FailureReason.NOT_ENROLLED
        return None

    async def _verify(self, visit: Visit) -> Step:
        try:
            return NeedVerification(await self._verification.start(visit.transaction.order))
        except ServiceUnavailable:
            return await self._wait_for_service(visit)

    async def _decide(self, visit: Visit, outcome: Passed | Failed | Expired, leased_until: int) -> Step:
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
        done = await self._commit(visit, subject, verdict)
        if done is not None:
            return done
        again = await self._same(visit)
        if (
            again.transaction.state is TransactionState.DECIDING
            and again.transaction.lease_until == leased_until
        ):
            return await self._refuse(again, FailureReason.ENROLMENT_CONFLICT)
        return await self._after_race(visit)

    async def _commit(self, visit: Visit, subject: Subject, passed: Passed) -> Step | None:
        """Write what was decided, and say it; None: somebody else wrote first."""
        now, client, request = self._clock.now(), visit.client, visit.request
        if client is None or request is None:
            enrolled = await self._store.enrol_invited(visit.handle, subject, passed.session_id, now)
            return await self._enrolled(visit) if enrolled else None
        outcome = outcome_of(subject, passed)
        grant = self._issuing.grant(visit, client, request, outcome, now)
        if not is_meant(request, grant.outcome.said_sub) or not reaches_essential(request, outcome):
            return await self._refuse(visit, FailureReason.VERIFIER_MISSING)
        login = self._issuing.login(visit, client, subject.external_id, outcome, now)
        if not await self._store.grant(grant, subject, passed.session_id, now, login, visit.login_hash):
            return None
        return await self._respond(visit, grant)

    async def _granted(self, visit: Visit) -> Step:
        """The same answer again to the same browser, while it lives and nobody redeemed it."""
        if visit.client is None:
            return await self._enrolled(visit)
        grant = await self._store.unredeemed_grant(visit.handle, self._clock.now())
        return Finished(visit.client.name) if grant is None else await self._respond(visit, grant)

    async def _respond(self, visit: Visit, grant: Grant) -> Step:
        if visit.client is None or visit.request is None:
            raise ValueError("an invitation is answered by a page")
        response = await self._issuing.success(visit, visit.client, visit.request, grant)
        secret = self._issuing.login_secret(visit)
        begun = visit.client.session_seconds and await self._store.login(digest(secret), self._clock.now())
        return Respond(response, secret if begun else None)

    async def _enrolled(self, visit: Visit) -> Step:
        collection = await self._store.collection(visit.transaction.configuration_id)
        return Enrolled("" if collection is None else collection.name)

    async def _refuse(self, visit: Visit, reason: FailureReason) -> Step:
        if not await self._store.refuse(visit.handle, reason):
            return await self._again(visit)
        log.info(
            "transaction refused",
            transaction=visit.handle,
            client_id=visit.client.client_id if visit.client else None,
            reason=reason.value,
        )
        return self._refusal(visit, reason)

    def _refusal(self, visit: Visit, reason: FailureReason) -> Refuse:
        """Raises ProtocolError, for a page, when no client waits for an answer."""
        if visit.request is None:
            raise refusal(reason)
        return Refuse(self._issuing.error(visit.request, refusal(reason)))

    async def _wait_for_service(self, visit: Visit) -> Step:
        if self._clock.now() + GIVE_UP_SECONDS >= visit.transaction.expires_at:
            return await self._refuse(visit, FailureReason.SERVICE_UNAVAILABLE)
        return Wait(WAIT_SECONDS)

    async def _after_race(self, visit: Visit) -> Step:
        """Another request of this browser was quicker: its decision, or a while for it to decide."""
        again = await self._same(visit)
        return await self._next(again) if again.transaction.state in _FINAL else Wait(WAIT_SECONDS)

    async def _again(self, visit: Visit) -> Step:
        return await self._next(await self._same(visit))

    async def _same(self, visit: Visit) -> Visit:
        """The visit, with the transaction as it is now."""
        return await self._visit(visit.handle, visit.secret, visit.login_secret)

    def _ask_again(self, visit: Visit, text: str) -> Continue | NeedIdentifier:
        if (
            visit.transaction.state is not TransactionState.CREATED
            or visit.transaction.identifier is not None
        ):
            return Continue(visit.handle)
        error = f"Enter an e-mail address or a user name: no spaces, at most {MAX_CHARACTERS} characters."
        return _ask(visit, text[:MAX_CHARACTERS], error)

    def _overdue(self, visit: Visit) -> bool:
        return self._clock.now() >= visit.transaction.expires_at

    def _lease_lapsed(self, transaction: Transaction) -> bool:
        return transaction.lease_until is None or transaction.lease_until <= self._clock.now()


def _ask(visit: Visit, value: str | None = None, error: str | None = None) -> NeedIdentifier:
    if visit.client is None or visit.request is None:
        raise ValueError("an invitation names its identifier")
    hint = canonical_identifier(visit.request.login_hint or "")
    return NeedIdentifier(visit.handle, visit.client.name, (hint or "") if value is None else value, error)
