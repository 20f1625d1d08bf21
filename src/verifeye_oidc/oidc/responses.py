"""Answers that travel in the browser to a proven redirect URI (RFC 6749, 4.1.2; RFC 9207)."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from verifeye_oidc.oidc.errors import ProtocolError
from verifeye_oidc.oidc.model import ResponseMode


@dataclass(frozen=True, slots=True)
class AuthorizationResponse:
    """A redirect URI, what is said there, and how it travels."""

    redirect_uri: str
    parameters: Mapping[str, str]
    mode: ResponseMode = ResponseMode.QUERY

    @property
    def location(self) -> str:
        """Where to redirect to: the redirect URI byte for byte, then the parameters.

        Raises ValueError for ``form_post``, whose parameters are on no URL.
        """
        if self.mode is ResponseMode.FORM_POST:
            raise ValueError("a form_post response is a page")
        parameters = urlencode(self.parameters, quote_via=quote, safe="")
        if self.mode is ResponseMode.FRAGMENT:
            return f"{self.redirect_uri}#{parameters}"
        if "?" not in self.redirect_uri:
            separator = "?"
        else:
            separator = "" if self.redirect_uri.endswith(("?", "&")) else "&"
        return self.redirect_uri + separator + parameters


@dataclass(frozen=True, slots=True)
class Answering:
    """How one request is answered, whatever is said: always with the issuer, against mix-up (RFC 9207)."""

    issuer: str
    redirect_uri: str
    state: str | None
    mode: ResponseMode = ResponseMode.QUERY

    def success(self, name: str, value: str) -> AuthorizationResponse:
        """``code`` or ``id_token`` (OpenID Connect Core 1.0, 3.1.2.5 and 3.2.2.5)."""
        return self._with({name: value})

    def error(self, error: ProtocolError) -> AuthorizationResponse:
        """RFC 6749, 4.1.2.1; OpenID Connect Core 1.0, 3.1.2.6."""
        return self._with({"error": error.error, "error_description": error.description})

    def _with(self, said: dict[str, str]) -> AuthorizationResponse:
        state = {} if self.state is None else {"state": self.state}
        return AuthorizationResponse(self.redirect_uri, {**said, **state, "iss": self.issuer}, self.mode)
