"""What every verification has in common over HTTP: a signed URL, one browser's session, the way back.

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
from verifeye_oidc.http.speculative import speculative_answer
from verifeye_oidc.http.verification.problems import problem_page
from verifeye_oidc.oidc.errors import ProtocolError
from verifeye_oidc.verifier.errors import LinkGone, LinkInvalid, NotYours
from verifeye_oidc.verifier.model import VerificationSession
from verifeye_oidc.verifier.results import result_url
from verifeye_oidc.verifier.sessions import Judged, Sessions

COOKIE_SECONDS_AFTER_EXPIRY = 300
"""So that a browser whose time is over is still led back to the application."""

Endpoint = Callable[[Request], Awaitable[Response]]

log = structlog.get_logger("verifeye_oidc.http")


def session_path(session_id: str, step: str = "") -> str:
    return f"/verification/sessions/{session_id}{'/' if step else ''}{step}"


class SessionPages:
    """A session's beginning and end, for the browser that claimed it; what lies between is a subclass's."""

    _judged: Judged | None = None
    """Gives a session its result where it is opened."""

    def __init__(self, *, sessions: Sessions, pages: Pages, cookies: BindingCookies, clock: Clock) -> None:
        self._sessions = sessions
        self._pages = pages
        self._cookies = cookies
        self._clock = clock
        self.open = self._guarded(self._open)
        self.session = self._guarded(self._session)
        self.finish = self._guarded(self._finish)

    async def _open(self, request: Request) -> Response:
        """The signed URL: the first browser claims the session, and no other gets it."""
        if (answer := speculative_answer(request)) is not None:
            return answer
        opening = await self._sessions.open(
            request.path_params["configuration_id"],
            request.scope["query_string"],
            lambda session_id: self._cookies.secret(request, session_id),
            self._judged,
        )
        session = opening.session
        judged_at_once = self._judged is not None and session.result is not None
        response = see(
            await self._result_url(session) if judged_at_once else session_path(session.session_id)
        )
        if opening.new_secret is not None:
            max_age = session.expires_at - self._clock.now() + COOKIE_SECONDS_AFTER_EXPIRY
            self._cookies.set(request, response, session.session_id, opening.new_secret, max_age)
        return response

    async def _session(self, request: Request) -> Response:
        session = await self._claimed(request)
        if session.result is not None:
            finish = session_path(session.session_id, "finish")
            return self._pages.render("returning.html", url=finish, passed=session.result.passed)
        return await self._page(session)

    async def _finish(self, request: Request) -> Response:
        """Back to the caller with the signed result; before there is one, back to the session's page."""
        if (answer := speculative_answer(request)) is not None:
            return answer
        session = await self._claimed(request)
        if session.result is None:
            return see(session_path(session.session_id))
        return see(await self._result_url(session))

    async def _page(self, session: VerificationSession) -> Response:
        """What the person does next, in a session without a result."""
        raise NotImplementedError

    async def _result_url(self, session: VerificationSession) -> str:
        return result_url(await self._sessions.configuration_of(session), session)

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


def see(url: str) -> RedirectResponse:
    return RedirectResponse(url, status_code=303, headers={"Cache-Control": "no-store"})
