"""The URL table of the embedded verification service."""

from starlette.routing import BaseRoute, Route, WebSocketRoute

from verifeye_oidc.clock import Clock
from verifeye_oidc.http.cookies import BindingCookies
from verifeye_oidc.http.pages import Pages
from verifeye_oidc.http.verification.endpoints import VerificationPages
from verifeye_oidc.http.verification.socket import CaptureSocket
from verifeye_oidc.verifier.service import VerificationService


def verification_routes(
    *, service: VerificationService, pages: Pages, issuer: str, clock: Clock
) -> list[BaseRoute]:
    """All routes under ``/verification``. ``issuer`` is our own origin, byte for byte."""
    cookies = BindingCookies("vs", secure=issuer.startswith("https://"))
    page = VerificationPages(service=service, pages=pages, cookies=cookies, clock=clock)
    socket = CaptureSocket(service=service, cookies=cookies, issuer=issuer)
    session = "/verification/sessions/{session_id}"
    return [
        Route("/verification/{configuration_id}", page.open, methods=["GET"]),
        Route(session, page.session, methods=["GET"]),
        Route(f"{session}/consent", page.consent, methods=["POST"]),
        Route(f"{session}/cancel", page.cancel, methods=["POST"]),
        Route(f"{session}/finish", page.finish, methods=["GET"]),
        WebSocketRoute(f"{session}/capture", socket.connect),
    ]
