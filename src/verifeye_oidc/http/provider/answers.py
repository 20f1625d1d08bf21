"""What a browser gets for each step of the dispatcher, and for each refusal."""

from collections.abc import Awaitable, Callable
from typing import assert_never
from urllib.parse import urlencode

import structlog
from starlette.requests import Request
from starlette.responses import Response

from verifeye_oidc.http.cookies import BindingCookies, SessionCookie
from verifeye_oidc.http.pages import Pages
from verifeye_oidc.http.provider.back_channel import form_parameters
from verifeye_oidc.http.speculative import speculative_answer
from verifeye_oidc.oidc.errors import ProtocolError, invalid_request
from verifeye_oidc.oidc.model import MAX_SESSION_SECONDS, ResponseMode
from verifeye_oidc.oidc.responses import AuthorizationResponse
from verifeye_oidc.oidc.steps import (
    Begun,
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

CONTINUE_PATH = "/v1/openid/continue"
IDENTIFY_PATH = "/v1/openid/identify"
FORM = "form"

Handler = Callable[[Request], Awaitable[Response]]

log = structlog.get_logger("verifeye_oidc.http")

_AGAIN = "Go back to the application and start the sign-in again."
_WORDS = {
    403: ("It was not set up", "Open the link of your invitation to try again."),
    409: ("Somebody else was named before", _AGAIN),
    410: ("This invitation is over", "Ask whoever sent it to you for a new one."),
    503: ("The service cannot be reached", "Please try again in a few minutes."),
}
_OTHERWISE = (
    "This cannot go on",
    f"{_AGAIN} If that does not help, tell its operator the error and the reference below.",
)


class Answers:
    """Turns steps into responses. Every address in them comes from the issuer, none from the request."""

    def __init__(self, *, issuer: str, pages: Pages, cookies: BindingCookies) -> None:
        self._issuer = issuer
        self._pages = pages
        self._cookies = cookies
        self._session = SessionCookie(cookies.secure)

    def guarded(self, handler: Handler, otherwise: tuple[str, str] = _OTHERWISE) -> Handler:
        """The handler, with refusals on a page, and deaf to requests that nobody has made yet.

        ``otherwise``: the page's title and advice where the refusal's status has no words of its own.
        """

        async def endpoint(request: Request) -> Response:
            if (answer := speculative_answer(request)) is not None:
                return answer
            try:
                return await handler(request)
            except ProtocolError as error:
                return self._error(request, error, otherwise)

        return endpoint

    def secret(self, request: Request, transaction: str) -> str | None:
        """What this browser holds for a transaction."""
        return self._cookies.secret(request, transaction)

    def login_secret(self, request: Request) -> str | None:
        """What this browser holds for its session."""
        return self._session.secret(request)

    def begun(self, request: Request, begun: Begun, step: Step | None = None) -> Response:
        """The transaction's cookie, and on to where the step leads, or else to our own GET."""
        response = self.proceed(Continue(begun.transaction))
        if isinstance(step, NeedVerification | Respond | Refuse):
            leading = self.step(step)
            response = leading if "location" in leading.headers else response
        self._cookies.set(request, response, begun.transaction, begun.secret, begun.keep_seconds)
        return response

    def continued(self, request: Request, transaction: str, step: Step) -> Response:
        """As ``step``, at the GET that brings all cookies of this browser: here their limit holds."""
        response = self.step(step)
        self._cookies.evict(request, response, transaction)
        return response

    def proceed(self, step: Continue) -> Response:
        return _see_other(self._continue_url(transaction=step.transaction))

    def proceed_after_form(self, step: Continue) -> Response:
        return _see_other(self._continue_url(transaction=step.transaction, after=FORM))

    def step_after_form(self, transaction: str, step: Step) -> Response:
        """The response for what comes next; out of our origin only by way of a page.

        Browsers apply the ``form-action`` of the page with the form to every redirect that follows, also to
        those of the application behind its redirect URI. A page of ours ends that chain.
        """
        response = self.step(step)
        if response.headers.get("location", f"{self._issuer}/").startswith(f"{self._issuer}/"):
            return response
        url = self._continue_url(transaction=transaction)
        return self._pages.render("returning.html", url=url, passed=False)

    def _continue_url(self, **parameters: str) -> str:
        return f"{self._issuer}{CONTINUE_PATH}?{urlencode(parameters)}"

    def step(self, step: Step) -> Response:
        """The response for what comes next."""
        match step:
            case NeedIdentifier():
                return self._identifier_page(step)
            case NeedVerification():
                return _see_other(step.url)
            case Respond():
                return self._with_session(self._answer(step.response), step.login_secret)
            case Refuse():
                return self._answer(step.response)
            case Wait():
                return self._pages.render("please_wait.html", seconds=step.seconds)
            case Finished():
                return self._pages.render("return_to_application.html", client_name=step.client_name)
            case Enrolled():
                return self._pages.render("enrolled.html", organisation=step.organisation)
            case _:
                assert_never(step)

    def _answer(self, answer: AuthorizationResponse) -> Response:
        """To the redirect URI: by a redirect, or by a form that sends itself."""
        if answer.mode is not ResponseMode.FORM_POST:
            return _see_other(answer.location)
        return self._pages.render(
            "form_post.html", form_action=None, action=answer.redirect_uri, fields=answer.parameters
        )

    def _with_session(self, response: Response, login_secret: str | None) -> Response:
        if login_secret is not None:
            self._session.set(response, login_secret, MAX_SESSION_SECONDS)
        return response

    def _identifier_page(self, step: NeedIdentifier) -> Response:
        return self._pages.render(
            "identifier.html",
            status=200 if step.error is None else 400,
            action=self._issuer + IDENTIFY_PATH,
            transaction=step.transaction,
            client_name=step.client_name,
            value=step.value,
            error=step.error,
        )

    def _error(self, request: Request, error: ProtocolError, otherwise: tuple[str, str]) -> Response:
        log.info("refused", path=request.scope["path"], error=error.error, detail=error.detail)
        title, advice = _WORDS.get(error.status, otherwise)
        return self._pages.error(
            request,
            status=error.status,
            code=error.error,
            title=title,
            description=f"{error.description[:1].upper()}{error.description[1:]}.",
            advice=advice,
        )


async def our_form(request: Request) -> dict[str, str]:
    """The parameters of a form on a page of ours, which no other site may send in a person's name.

    A browser that says where a request is from (Fetch Metadata, ``Sec-Fetch-Site``) must name our origin.
    Raises ProtocolError (``invalid_request``).
    """
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise invalid_request("this form was not sent by our page")
    return await form_parameters(request)


def _see_other(location: str) -> Response:
    """303, so that whatever the method was, a GET follows. The location goes out byte for byte."""
    return Response(status_code=303, headers={"Location": location, "Cache-Control": "no-store"})
