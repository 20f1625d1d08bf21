"""A verification service without a camera: it speaks the contract, and a test says whose face is there."""

from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import urlsplit

from tests.support.builders import PASSED, face_vector, make_template
from verifeye_oidc.clock import Clock
from verifeye_oidc.ids import Ids
from verifeye_oidc.storage.port import ConfigurationStore, GalleryStore
from verifeye_oidc.verification import contract
from verifeye_oidc.verification.contract import Direction
from verifeye_oidc.verification.port import (
    Event,
    Expired,
    Failed,
    FailureReason,
    Order,
    Passed,
    Provenance,
    ResultRefused,
    ServiceUnavailable,
)
from verifeye_oidc.verifier.links import TRANSACTION, read_link, verification_url
from verifeye_oidc.verifier.model import Configuration

Verdict = Passed | Failed | Expired


class ScriptedStore(ConfigurationStore, GalleryStore, Protocol):
    """What the service needs of the storage."""


@dataclass(frozen=True, slots=True)
class _Session:
    transaction: str
    verdict: Verdict


class ScriptedVerification:
    """Implements ``Verification``; templates live in the real gallery."""

    def __init__(self, *, store: ScriptedStore, clock: Clock, ids: Ids, issuer: str) -> None:
        self.available = True
        self.started: list[Order] = []
        self._store = store
        self._clock = clock
        self._ids = ids
        self._issuer = issuer
        self._sessions: dict[str, _Session] = {}

    async def start(self, order: Order) -> str:
        configuration = await self._configuration(order.configuration_id)
        self.started.append(order)
        return verification_url(self._issuer, configuration, order)

    async def complete(self, order: Order, query: str) -> Verdict:
        configuration = await self._configuration(order.configuration_id)
        try:
            opened = contract.open_query(
                query.encode("ascii"),
                [configuration.signing_key],
                Direction.OUT,
                configuration.configuration_id,
            )
        except contract.QueryRefused as refused:
            raise ResultRefused(str(refused)) from None
        session = self._sessions.get(opened.reserved.get(contract.SESSION_ID, ""))
        if session is None or not session.transaction == opened.only(TRANSACTION) == order.transaction:
            raise ResultRefused("the result does not belong to this transaction")
        return session.verdict

    async def look(self, url: str, face: int = 1, verdict: Verdict | None = None) -> str:
        """A face at a verification URL: an enrolled one is compared, another enrols where the URL allows it.

        ``verdict`` overrides what comes of it. Returns the URL of the result, for the browser that looked.
        """
        parts = urlsplit(url)
        configuration = await self._configuration(parts.path.rpartition("/")[2])
        link = read_link(configuration, parts.query.encode())
        session_id = self._ids.guid()
        found = await self._compare(configuration, link.external_id, link.enrolment, session_id, face)
        custom = dict(link.custom)
        self._sessions[session_id] = _Session(custom[TRANSACTION], verdict or found)
        passed = isinstance(verdict or found, Passed)
        query = contract.encode(
            [
                *link.custom,
                (contract.SESSION_ID, session_id),
                (contract.RESULT, contract.PASSED if passed else contract.FAILED),
            ]
        )
        signed = contract.sign(
            configuration.signing_key, Direction.OUT, configuration.configuration_id, query
        )
        return f"{configuration.passed_url if passed else configuration.failed_url}?{signed}"

    async def _compare(
        self,
        configuration: Configuration,
        external_id: str,
        enrolment: Provenance | None,
        session_id: str,
        face: int,
    ) -> Verdict:
        passed = Passed(
            session_id=session_id,
            face_mode=configuration.face,
            event=Event.MATCHED,
            provenance=Provenance.FIRST_USE,
            results=PASSED,
            verified_at=self._clock.now(),
        )
        template = await self._store.active_template(configuration.configuration_id, external_id)
        if template is not None:
            if template.vector != face_vector(face):
                return Failed(FailureReason.MISMATCH, session_id)
            return replace(passed, provenance=template.provenance)
        if enrolment is None:
            return Failed(FailureReason.NOT_ENROLLED, session_id)
        pending = make_template(
            template_id=self._ids.guid(),
            configuration_id=configuration.configuration_id,
            external_id=external_id,
            vector=face_vector(face),
            provenance=enrolment,
            session_id=session_id,
            created_at=self._clock.now(),
            pending_until=self._clock.now() + 600,
        )
        if not await self._store.enrol_pending(pending, 0, lambda _: True):
            return Failed(FailureReason.ENROLMENT_CONFLICT, session_id)
        return replace(passed, event=Event.ENROLLED, provenance=enrolment)

    async def _configuration(self, configuration_id: str) -> Configuration:
        configuration = await self._store.configuration(configuration_id)
        if configuration is None or not self.available:
            raise ServiceUnavailable("the scripted service is away")
        return configuration
