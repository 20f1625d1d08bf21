"""Requests that nobody has made yet."""

from starlette.requests import Request
from starlette.responses import Response


def speculative_answer(request: Request) -> Response | None:
    """The answer to a request behind which no person is, and which therefore must not advance anything.

    HEAD gets 204. A prefetch (``Sec-Purpose``, Fetch standard) gets 403, which browsers throw away: they ask
    again when the person really goes there. None: somebody is there.
    """
    if request.method == "HEAD":
        return Response(status_code=204)
    purposes = (request.headers.get(name, "") for name in ("sec-purpose", "purpose", "x-moz"))
    if any("prefetch" in purpose.lower() for purpose in purposes):
        return Response(status_code=403)
    return None
