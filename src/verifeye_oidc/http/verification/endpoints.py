"""The pages of the embedded verification service: consent, and the camera."""

from starlette.requests import Request
from starlette.responses import Response

from verifeye_oidc.clock import Clock
from verifeye_oidc.http.cookies import BindingCookies
from verifeye_oidc.http.pages import Pages
from verifeye_oidc.http.verification.session_pages import SessionPages, see, session_path
from verifeye_oidc.oidc.errors import invalid_request
from verifeye_oidc.oidc.params import parse_parameters
from verifeye_oidc.verification.port import FailureReason, Provenance
from verifeye_oidc.verifier.consent import consent_text
from verifeye_oidc.verifier.model import SessionState, VerificationSession
from verifeye_oidc.verifier.service import VerificationService


class VerificationPages(SessionPages):
    """Each does one thing and says where to go next."""

    def __init__(
        self, *, service: VerificationService, pages: Pages, cookies: BindingCookies, clock: Clock
    ) -> None:
        super().__init__(sessions=service.sessions, pages=pages, cookies=cookies, clock=clock)
        self._service = service
        self.consent = self._guarded(self._consent)
        self.cancel = self._guarded(self._cancel)

    async def _consent(self, request: Request) -> Response:
        session = await self._claimed(request)
        decision = parse_parameters(await request.body()).get("decision")
        if decision not in ("accept", "decline"):
            raise invalid_request("decision is neither accept nor decline")
        if session.result is None:
            await self._sessions.answer_consent(session, accepted=decision == "accept")
        return see(session_path(session.session_id))

    async def _cancel(self, request: Request) -> Response:
        session = await self._claimed(request)
        if session.result is None:
            await self._sessions.fail(session, FailureReason.CANCELLED)
        return see(session_path(session.session_id))

    async def _page(self, session: VerificationSession) -> Response:
        if session.state is SessionState.CONSENT:
            return await self._consent_page(session)
        return await self._capture_page(session)

    async def _consent_page(self, session: VerificationSession) -> Response:
        configuration = await self._sessions.configuration_of(session)
        text = consent_text(configuration)
        return self._pages.render(
            "consent.html",
            action=session_path(session.session_id, "consent"),
            organisation=configuration.name,
            text=text.paragraphs,
            locale=text.locale,
            version=text.version,
        )

    async def _capture_page(self, session: VerificationSession) -> Response:
        configuration = await self._sessions.configuration_of(session)
        return self._pages.render(
            "capture.html",
            camera=True,
            socket=session_path(session.session_id, "capture"),
            finish=session_path(session.session_id, "finish"),
            cancel=session_path(session.session_id, "cancel"),
            organisation=configuration.name,
            first_time=session.enrolment is Provenance.INVITE,
        )
