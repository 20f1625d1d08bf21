"""What browsers ask the provider for: from the authorization request to the answer at the redirect URI."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from verifeye_oidc.http.cookies import BindingCookies, SessionCookie
from verifeye_oidc.http.pages import Pages
from verifeye_oidc.http.provider.answers import CONTINUE_PATH, FORM, IDENTIFY_PATH, Answers, our_form
from verifeye_oidc.http.provider.back_channel import form_parameters
from verifeye_oidc.http.provider.logout import LogoutPages
from verifeye_oidc.oidc.begin import Begin
from verifeye_oidc.oidc.discovery import AUTHORIZATION_PATH
from verifeye_oidc.oidc.errors import invalid_request
from verifeye_oidc.oidc.flow import Flow
from verifeye_oidc.oidc.identifiers import masked_identifier
from verifeye_oidc.oidc.logout import Logout
from verifeye_oidc.oidc.params import parse_parameters
from verifeye_oidc.oidc.steps import Continue, Refuse

VERIFY_RESULT_PATH = "/v1/openid/verify-result"
INVITATION_PATH = "/v1/openid/invitation"


class FrontChannel:
    """The endpoints: parse, ask the dispatcher, answer."""

    def __init__(
        self,
        *,
        issuer: str,
        begin: Begin,
        flow: Flow,
        logout: Logout,
        pages: Pages,
        cookies: BindingCookies,
    ) -> None:
        """``cookies``: of the kind ``tx``."""
        self._issuer = issuer
        self._begin = begin
        self._flow = flow
        self._pages = pages
        self._answers = Answers(issuer=issuer, pages=pages, cookies=cookies)
        self._logout = LogoutPages(
            issuer=issuer,
            logout=logout,
            pages=pages,
            answers=self._answers,
            cookie=SessionCookie(cookies.secure),
        )

    def routes(self) -> list[Route]:
        guarded = self._answers.guarded
        return [
            Route(AUTHORIZATION_PATH, guarded(self.authorize), methods=["GET", "POST"]),
            Route(CONTINUE_PATH, guarded(self.continue_), methods=["GET"]),
            Route(IDENTIFY_PATH, guarded(self.identify), methods=["POST"]),
            Route(VERIFY_RESULT_PATH, guarded(self.verify_result), methods=["GET"]),
            Route(INVITATION_PATH, guarded(self.show_invitation), methods=["GET"]),
            Route(INVITATION_PATH, guarded(self.accept_invitation), methods=["POST"]),
            *self._logout.routes(),
        ]

    async def authorize(self, request: Request) -> Response:
        """OpenID Connect Core 1.0, 3.1.2.1: by GET or by POST, with the same end.

        A cross-site POST arrives without our cookies, so that the browser has to come again before anything
        is judged. What a GET leads to is answered at once, unless that is a page: reloading it would begin
        anew.
        """
        posted = request.method == "POST"
        parameters = await form_parameters(request) if posted else _query_parameters(request)
        begun = await self._begin.authorize(parameters)
        if isinstance(begun, Refuse):
            return self._answers.step(begun)
        if posted:
            await self._begin.keep(begun)
            return self._answers.begun(request, begun)
        step = await self._flow.enter(begun.visit, self._answers.login_secret(request))
        return self._answers.begun(request, begun, step)

    async def continue_(self, request: Request) -> Response:
        parameters = _query_parameters(request)
        transaction = _required(parameters, "transaction")
        secret = self._answers.secret(request, transaction)
        step = await self._flow.resume(transaction, secret, self._answers.login_secret(request))
        if parameters.get("after") == FORM:
            return self._answers.step_after_form(transaction, step)
        return self._answers.continued(request, transaction, step)

    async def identify(self, request: Request) -> Response:
        """The answer of the identifier page."""
        form = await form_parameters(request)
        transaction = _required(form, "transaction")
        secret = self._answers.secret(request, transaction)
        if form.get("decision") == "cancel":
            return self._answers.proceed_after_form(await self._flow.cancel(transaction, secret))
        step = await self._flow.identify(transaction, secret, form.get("identifier", ""))
        if isinstance(step, Continue):
            return self._answers.proceed_after_form(step)
        return self._answers.step(step)

    async def verify_result(self, request: Request) -> Response:
        """Where the verification service sends the browser back; what it brings is a hint and no proof."""
        transaction = _required(_query_parameters(request), "transaction")
        secret = self._answers.secret(request, transaction)
        login_secret = self._answers.login_secret(request)
        query = _ascii_query(request)
        return self._answers.step(await self._flow.complete(transaction, secret, query, login_secret))

    async def show_invitation(self, request: Request) -> Response:
        token = _required(_query_parameters(request), "token")
        invitation, collection = await self._begin.invitation(token)
        return self._pages.render(
            "invite.html",
            organisation=collection.name,
            identifier_masked=masked_identifier(invitation.identifier),
            action=self._issuer + INVITATION_PATH,
            token=token,
        )

    async def accept_invitation(self, request: Request) -> Response:
        token = _required(await our_form(request), "token")
        return self._answers.begun(request, await self._begin.accept(token))


def _query_parameters(request: Request) -> dict[str, str]:
    return parse_parameters(request.scope["query_string"])


def _ascii_query(request: Request) -> str:
    """The query's exact bytes: its signature covers them."""
    raw: bytes = request.scope["query_string"]
    if not raw.isascii():
        raise invalid_request("the query is not ASCII")
    return raw.decode("ascii")


def _required(parameters: Mapping[str, str], name: str) -> str:
    if name not in parameters:
        raise invalid_request(f"{name} is missing")
    return parameters[name]
