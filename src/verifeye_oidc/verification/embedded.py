"""The verification port over our own service, in process: its store is what is read server to server.

That service is the one with the camera, or the one of sandbox mode: nothing here can tell.
"""

from typing import Protocol

from verifeye_oidc.clock import Clock
from verifeye_oidc.verification import contract
from verifeye_oidc.verification.port import (
    Expired,
    Failed,
    FailureReason,
    Order,
    Passed,
    Provenance,
    ResultRefused,
    ServiceUnavailable,
)
from verifeye_oidc.verifier.links import TRANSACTION, signing_keys, verification_url
from verifeye_oidc.verifier.model import Configuration, SessionResult, VerificationSession


class Service(Protocol):
    """What is asked of the service: `VerificationService` or `Sandbox`."""

    async def configuration(self, configuration_id: str) -> Configuration | None: ...

    async def session_result(self, session_id: str) -> VerificationSession | None:
        """A session as it is stored; its ``result`` is None until it is final."""


class EmbeddedVerification:
    """Implements ``Verification``."""

    def __init__(self, *, service: Service, clock: Clock, issuer: str) -> None:
        self._service = service
        self._clock = clock
        self._issuer = issuer

    async def start(self, order: Order) -> str:
        """Return the signed URL, always the same one for an order. Raises ServiceUnavailable."""
        configuration = await self._service.configuration(order.configuration_id)
        if configuration is None:
            raise ServiceUnavailable("the verification configuration is gone")
        return verification_url(self._issuer, configuration, order)

    async def complete(self, order: Order, query: str) -> Passed | Failed | Expired:
        """Judge what the browser brought by the session that is stored. Raises ResultRefused."""
        configuration = await self._service.configuration(order.configuration_id)
        if configuration is None:
            raise ResultRefused("the verification configuration is gone")
        claimed = _opened(configuration, query)
        session = await self._service.session_result(claimed.reserved.get(contract.SESSION_ID, ""))
        if session is None or claimed.only(TRANSACTION) != order.transaction or not _serves(session, order):
            raise ResultRefused("the result does not belong to this transaction")
        if self._clock.now() >= order.deadline:
            return Expired()
        if session.result is None:
            raise ResultRefused("the session has no result yet")
        said = claimed.reserved.get(contract.RESULT)
        if said != (contract.PASSED if session.result.passed else contract.FAILED):
            raise ResultRefused("the query contradicts the stored result")
        return _judged(configuration, session, session.result)


def _opened(configuration: Configuration, query: str) -> contract.Query:
    try:
        return contract.open_query(
            query.encode("ascii"),
            signing_keys(configuration),
            contract.Direction.OUT,
            configuration.configuration_id,
        )
    except (contract.QueryRefused, UnicodeEncodeError) as refused:
        raise ResultRefused(f"the result was refused: {type(refused).__name__}") from refused


def _serves(session: VerificationSession, order: Order) -> bool:
    """Whether the stored session was made for exactly this order.

    Under *first use* everybody's URL offers an enrolment, also where the order allows none; a result that
    took the offer up is judged by the order.
    """
    offered = order.enrolment or Provenance.FIRST_USE
    transactions = [value for name, value in session.custom if name == TRANSACTION]
    return (
        session.configuration_id == order.configuration_id
        and session.external_id == order.external_id
        and session.enrolment in (None, offered)
        and transactions == [order.transaction]
    )


def _judged(
    configuration: Configuration, session: VerificationSession, result: SessionResult
) -> Passed | Failed:
    if not result.passed:
        return Failed(result.reason or FailureReason.VERIFIER_MISSING, session.session_id)
    if result.event is None or result.provenance is None:
        raise ResultRefused("the stored result says neither matched nor enrolled")
    return Passed(
        session_id=session.session_id,
        face_mode=configuration.face,
        event=result.event,
        provenance=result.provenance,
        results=result.results,
        verified_at=result.finished_at,
    )
