"""``/v1/openid/logout``: a page that asks, and a page that says so (RP-Initiated Logout 1.0, 2)."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from verifeye_oidc.http.cookies import SessionCookie
from verifeye_oidc.http.pages import Pages
from verifeye_oidc.http.provider.answers import Answers, our_form
from verifeye_oidc.http.provider.back_channel import form_parameters
from verifeye_oidc.oidc.discovery import END_SESSION_PATH
from verifeye_oidc.oidc.logout import Logout
from verifeye_oidc.oidc.params import parse_parameters

CONFIRM_PATH = END_SESSION_PATH + "/confirm"
_PARAMETERS = ("client_id", "id_token_hint", "post_logout_redirect_uri", "state")
_ERROR = ("You are still signed in", "Go back to the application. To sign out of it, close your browser.")


class LogoutPages:
    """The person is always asked: a hint travels in URLs and histories, and anybody may have it."""

    def __init__(
        self, *, issuer: str, logout: Logout, pages: Pages, answers: Answers, cookie: SessionCookie
    ) -> None:
        self._issuer = issuer
        self._logout = logout
        self._pages = pages
        self._answers = answers
        self._cookie = cookie

    def routes(self) -> list[Route]:
        return [
            Route(END_SESSION_PATH, self._answers.guarded(self.ask, _ERROR), methods=["GET", "POST"]),
            Route(CONFIRM_PATH, self._answers.guarded(self.confirm, _ERROR), methods=["POST"]),
        ]

    async def ask(self, request: Request) -> Response:
        """By GET or by POST. A POST comes from another site, without our cookies: nothing is ended here."""
        if request.method == "POST":
            parameters = await form_parameters(request)
        else:
            parameters = parse_parameters(request.scope["query_string"])
        asked = await self._logout.request(parameters)
        return self._pages.render(
            "logout.html",
            action=self._issuer + CONFIRM_PATH,
            fields={name: parameters[name] for name in _PARAMETERS if name in parameters},
            client_name=asked.client_name,
        )

    async def confirm(self, request: Request) -> Response:
        """The answer of the page above.

        Another site cannot give it in the person's name: the session's cookie does not come along from there
        (SameSite=Lax), nor is it our form.
        """
        form = await our_form(request)
        asked = await self._logout.request(form)
        ends = form.get("decision") == "logout"
        if ends:
            await self._logout.end(self._cookie.secret(request))
        response = self._pages.render(
            "logged_out.html", ended=ends, client_name=asked.client_name, url=asked.location if ends else None
        )
        if ends:
            self._cookie.clear(response)
        return response
