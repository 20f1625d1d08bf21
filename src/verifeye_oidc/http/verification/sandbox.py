"""The page of sandbox mode: a plain form on which whoever signs in says how the verification ends."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from verifeye_oidc.clock import Clock
from verifeye_oidc.http.cookies import BindingCookies
from verifeye_oidc.http.pages import Pages
from verifeye_oidc.http.verification.session_pages import SessionPages, see, session_path
from verifeye_oidc.oidc.errors import invalid_request
from verifeye_oidc.oidc.params import parse_parameters
from verifeye_oidc.verifier.model import VerificationSession
from verifeye_oidc.verifier.sandbox import FAILURES, PASS, Sandbox


class SandboxPages(SessionPages):
    """One page, or none: an automatic sandbox answers where the signed URL is opened."""

    def __init__(self, *, sandbox: Sandbox, pages: Pages, cookies: BindingCookies, clock: Clock) -> None:
        super().__init__(sessions=sandbox.sessions, pages=pages, cookies=cookies, clock=clock)
        self._sandbox = sandbox
        if sandbox.automatic:
            self._judged = partial(sandbox.judge, outcome=sandbox.automatic)
        self.outcome = self._guarded(self._outcome)

    async def _outcome(self, request: Request) -> Response:
        """What was chosen becomes the session's stored result; the way back carries no choice."""
        session = await self._claimed(request)
        form = parse_parameters(await request.body())
        outcome = _chosen(form.get("decision"), form.get("reason"))
        if session.result is None:
            await self._sandbox.settle(session, outcome)
        return see(session_path(session.session_id))

    async def _page(self, session: VerificationSession) -> Response:
        configuration = await self._sessions.configuration_of(session)
        return self._pages.render(
            "sandbox.html",
            action=session_path(session.session_id, "outcome"),
            organisation=configuration.name,
            event=await self._sandbox.event_of_pass(session),
            failures=[(name, failure.label) for name, failure in FAILURES.items()],
        )


def _chosen(decision: str | None, reason: str | None) -> str:
    """The outcome that a form names. Raises ProtocolError."""
    if decision == "pass":
        return PASS
    if decision == "fail" and reason is not None and reason in FAILURES:
        return reason
    raise invalid_request("the outcome is neither a pass nor one of the failures")


def sandbox_routes(*, sandbox: Sandbox, pages: Pages, issuer: str, clock: Clock) -> list[BaseRoute]:
    """All routes under ``/verification`` in sandbox mode. ``issuer`` is our own origin, byte for byte."""
    cookies = BindingCookies("vs", secure=issuer.startswith("https://"))
    page = SandboxPages(sandbox=sandbox, pages=pages, cookies=cookies, clock=clock)
    session = "/verification/sessions/{session_id}"
    return [
        Route("/verification/{configuration_id}", page.open, methods=["GET"]),
        Route(session, page.session, methods=["GET"]),
        Route(f"{session}/outcome", page.outcome, methods=["POST"]),
        Route(f"{session}/finish", page.finish, methods=["GET"]),
    ]
