"""The verification service's pages: thin, each does one thing and says where to go next.

After a form the browser is sent to the session's own page, never straight away to the caller: browsers apply
``form-action`` to the whole redirect chain after a form.
"""

from collections.abc import Awaitable, Callable
from functools import wraps

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from verifeye_oidc.clock import Clock
from verifeye_oidc.http.cookies import BindingCookies
from verifeye_oidc.http.pages import Pages
from verifeye_oidc.http.verification.problems import problem_page
from verifeye_oidc.oidc.errors import ProtocolError, invalid_request
from verifeye_oidc.oidc.params import parse_parameters
from verifeye_oidc.verification.port import FailureReason
from verifeye_oidc.verifier.consent import consent_text
from verifeye_oidc.verifier.errors import LinkGone, LinkInvalid, NotYours
from verifeye_oidc.verifier.model import SessionState, VerificationSession
from verifeye_oidc.verifier.results import result_url
from verifeye_oidc.verifier.service import VerificationService

COOKIE_SECONDS_AFTER_EXPIRY = 300
"""So that a browser whose time is over is still led back to the application."""

Endpoint = Callable[[Request], Awaitable[Response]]

log = structlog.get_logger("verifeye_oidc.http")


def session_path(session_id: str, step: str = "") -> str:
    return f"/verification/sessions/{session_id}{'/' if step else ''}{step}"


class VerificationPages:
    """Every page of a session, for the browser that claimed it."""

    def __init__(
        self, *, service: VerificationService, pages: Pages, cookies: BindingCookies, clock: Clock
    ) -> None:
        self._service = service
        self._sessions = service.sessions
        self._pages = pages
        self._cookies = cookies
        self._clock = clock
        self.open = self._guarded(self._open)
        self.session = self._guarded(self._session)
        self.consent = self._guarded(self._consent)
        self.cancel = self._guarded(self._cancel)
        self.finish = self._guarded(self._finish)

    async def _open(self, request: Request) -> Response:
        """The signed URL: the first browser claims the session, and no other gets it."""
        if is_speculative(request):
            return Response(status_code=204)
        opening = await self._sessions.open(
            request.path_params["configuration_id"],
            request.scope["query_string"],
            lambda session_id: self._cookies.secret(request, session_id),
        )
        session = opening.session
        response = _see(session_path(session.session_id))
        if opening.new_secret is not None:
            max_age = session.expires_at - self._clock.now() + COOKIE_SECONDS_AFTER_EXPIRY
            self._cookies.set(request, response, session.session_id, opening.new_secret, max_age)
        return response

    async def _session(self, request: Request) -> Response:
        session = await self._claimed(request)
        if session.result is not None:
            finish = session_path(session.session_id, "finish")
            return self._pages.render("returning.html", url=finish, passed=session.result.passed)
        if session.state is SessionState.CONSENT:
            return await self._consent_page(session)
        return await self._capture_page(session)

    async def _consent(self, request: Request) -> Response:
        session = await self._claimed(request)
        decision = parse_parameters(await request.body()).get("decision")
        if decision not in ("accept", "decline"):
            raise invalid_request("decision is neither accept nor decline")
        if session.result is None:
            await self._sessions.answer_consent(session, accepted=decision == "accept")
        return _see(session_path(session.session_id))

    async def _cancel(self, request: Request) -> Response:
        session = await self._claimed(request)
        if session.result is None:
            await self._sessions.fail(session, FailureReason.CANCELLED)
        return _see(session_path(session.session_id))

    async def _finish(self, request: Request) -> Response:
        """Back to the caller with the signed result; before there is one, back to the session's page."""
        if is_speculative(request):
            return Response(status_code=204)
        session = await self._claimed(request)
        if session.result is None:
            return _see(session_path(session.session_id))
        return _see(result_url(await self._sessions.configuration_of(session), session))

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
            first_time=await self._service.enrols(session),
        )

    async def _claimed(self, request: Request) -> VerificationSession:
        session_id = request.path_params["session_id"]
        return await self._sessions.claimed(session_id, self._cookies.secret(request, session_id))

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        """Turn refusals into pages, once."""

        @wraps(endpoint)
        async def guarded(request: Request) -> Response:
            try:
                return await endpoint(request)
            except (LinkInvalid, LinkGone, NotYours, ProtocolError) as problem:
                log.info(
                    "refused", path=request.url.path, problem=type(problem).__name__, detail=str(problem)
                )
                return problem_page(self._pages, request, problem)

        return guarded


def is_speculative(request: Request) -> bool:
    """Whether nobody is looking: HEAD, or a browser that fetches ahead (Sec-Purpose, Fetch standard)."""
    purposes = (request.headers.get(name, "") for name in ("sec-purpose", "purpose", "x-moz"))
    return request.method == "HEAD" or any("prefetch" in purpose.lower() for purpose in purposes)


def _see(url: str) -> RedirectResponse:
    return RedirectResponse(url, status_code=303, headers={"Cache-Control": "no-store"})
