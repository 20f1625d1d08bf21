"""Answers that travel in the browser to a proven redirect URI (RFC 6749, 4.1.2; RFC 9207)."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

from verifeye_oidc.oidc.errors import ProtocolError


@dataclass(frozen=True, slots=True)
class AuthorizationResponse:
    """A redirect URI and what is said there."""

    redirect_uri: str
    parameters: Mapping[str, str]

    @property
    def location(self) -> str:
        """The response mode ``query``: the redirect URI byte for byte, then the parameters."""
        if "?" not in self.redirect_uri:
            separator = "?"
        else:
            separator = "" if self.redirect_uri.endswith(("?", "&")) else "&"
        return self.redirect_uri + separator + urlencode(self.parameters, quote_via=quote, safe="")


def code_response(redirect_uri: str, code: str, state: str | None, issuer: str) -> AuthorizationResponse:
    """Success (OpenID Connect Core 1.0, 3.1.2.5), with the issuer against mix-up (RFC 9207, 2)."""
    return AuthorizationResponse(redirect_uri, {"code": code, **_state(state), "iss": issuer})


def error_response(
    redirect_uri: str, error: ProtocolError, state: str | None, issuer: str
) -> AuthorizationResponse:
    """Refusal (RFC 6749, 4.1.2.1; OpenID Connect Core 1.0, 3.1.2.6), with the issuer (RFC 9207, 2)."""
    said = {"error": error.error, "error_description": error.description}
    return AuthorizationResponse(redirect_uri, {**said, **_state(state), "iss": issuer})


def form_target(redirect_uri: str) -> str:
    """How a content security policy names a redirect URI: its origin, or a native application's scheme."""
    parts = urlsplit(redirect_uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else f"{parts.scheme}:"


def _state(state: str | None) -> dict[str, str]:
    return {} if state is None else {"state": state}
