"""The pages of the verification service's refusals."""

from starlette.requests import Request
from starlette.responses import Response

from verifeye_oidc.http.pages import Pages
from verifeye_oidc.oidc.errors import ProtocolError
from verifeye_oidc.verifier.errors import LinkGone, LinkInvalid, NotYours

Problem = LinkInvalid | LinkGone | NotYours | ProtocolError

_AGAIN = "Go back to the application and start again."


def problem_page(pages: Pages, request: Request, problem: Problem) -> Response:
    """What the person reads: the same for everything that they cannot tell apart."""
    if isinstance(problem, LinkGone):
        return pages.error(
            request,
            status=410,
            code="link_gone",
            title="This link cannot be used any more",
            description="It has expired, or it was opened in another browser already.",
            advice=_AGAIN,
        )
    if isinstance(problem, NotYours):
        return pages.error(
            request,
            status=403,
            code="other_browser",
            title="This verification belongs to another browser",
            description="It can only be finished in the browser that began it, with its cookies.",
            advice=f"Finish it there. Or: {_AGAIN[0].lower()}{_AGAIN[1:]}",
        )
    return pages.error(
        request,
        status=400,
        code="invalid_request",
        title="This request cannot be used",
        description="It is incomplete or was changed on its way.",
        advice=_AGAIN,
    )
