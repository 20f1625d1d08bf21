"""Every error that the provider can give. ``docs/reference/errors.md`` is made from it.

Tests hold it against the source, where errors are raised, and against the tables of refused requests, where
they are seen: an error that is not here fails, and so does a line that nothing gives.
"""

from dataclasses import dataclass
from enum import StrEnum


class Channel(StrEnum):
    """Who hears the error, and how."""

    PAGE = "page"
    """The person: the client or its redirect URI is not proven, or nobody waits for an answer."""
    REDIRECT = "redirect"
    """The client, at its redirect URI, in the response mode that it asked for."""
    JSON = "JSON"
    """The caller of an endpoint for programs."""


@dataclass(frozen=True, slots=True)
class ErrorLine:
    """One error in one situation. The status of a redirect is that of the answer to the browser."""

    error: str
    status: int
    channel: Channel
    when: str
    advice: str


_PAGE, _BACK, _JSON = Channel.PAGE, Channel.REDIRECT, Channel.JSON
_FIX = "Correct the request; error_description names the parameter."

# fmt: off
ERRORS: tuple[ErrorLine, ...] = (
    ErrorLine(
        "invalid_request", 400, _PAGE,
        "client_id or redirect_uri is missing, redirect_uri is not registered for this client, or the "
        "request cannot be read: a doubled parameter, a NUL, bad UTF-8, more than 64 parameters or 16 "
        "KiB, not a form",
        "Compare redirect_uri with the registered one character by character.",
    ),
    ErrorLine(
        "invalid_request", 400, _PAGE,
        "the sign-in is over or belongs to another browser (its cookie did not come), or what came back "
        "from the verification was changed",
        "Start again from the application, in one browser, with cookies.",
    ),
    ErrorLine(
        "invalid_request", 405, _PAGE,
        "the address does not take this method",
        "Send the method that the Allow field names.",
    ),
    ErrorLine(
        "invalid_request", 409, _PAGE,
        "a second identifier was given for a sign-in that has one",
        "Start again from the application.",
    ),
    ErrorLine(
        "invalid_request", 410, _PAGE,
        "the invitation was used or has expired",
        "Make a new one: enrollment invite.",
    ),
    ErrorLine(
        "invalid_client", 400, _PAGE,
        "no client is registered under this client_id, or not any more, or not with this redirect_uri",
        "Compare client_id with client list.",
    ),
    ErrorLine(
        "unauthorized_client", 400, _PAGE,
        "an invitation to a configuration that compares no faces",
        "Use a configuration with MatchVerification or UniqueMatchVerification.",
    ),
    ErrorLine(
        "access_denied", 403, _PAGE,
        "an invited person was not verified, declined or cancelled",
        "Open the link again; it is used up by success only.",
    ),
    ErrorLine(
        "temporarily_unavailable", 503, _PAGE,
        "the verification service could not be reached until an invited person's time was over",
        "Open the link again later.",
    ),
    ErrorLine(
        "link_gone", 410, _PAGE,
        "a verification URL has expired, or another browser opened it first",
        "Start again from the application.",
    ),
    ErrorLine(
        "other_browser", 403, _PAGE,
        "a verification session belongs to another browser",
        "Go on in the browser that began, with its cookies.",
    ),
    ErrorLine(
        "not_found", 404, _PAGE,
        "there is nothing at this address",
        "Take endpoint addresses from the discovery document.",
    ),
    ErrorLine(
        "server_error", 500, _PAGE,
        "we are broken; nothing was decided",
        "Try again; look the reference up in the log.",
    ),

    ErrorLine(
        "invalid_request", 303, _BACK,
        "a parameter is missing or malformed: response_type, response_mode, PKCE, nonce, state, max_age, "
        "prompt, claims, id_token_hint",
        _FIX,
    ),
    ErrorLine(
        "invalid_scope", 303, _BACK,
        "scope lacks openid, or has characters that no scope has",
        "Ask for openid, and for what discovery lists.",
    ),
    ErrorLine(
        "unsupported_response_type", 303, _BACK,
        "response_type is neither code nor id_token",
        "Use code with PKCE.",
    ),
    ErrorLine(
        "unauthorized_client", 303, _BACK,
        "the client is not registered for this response_type, or its configuration compares no faces",
        "Change the client: client update.",
    ),
    ErrorLine(
        "request_not_supported", 303, _BACK,
        "the request carries a request object",
        "Leave it out.",
    ),
    ErrorLine(
        "request_uri_not_supported", 303, _BACK,
        "the request carries a request_uri",
        "Leave it out.",
    ),
    ErrorLine(
        "registration_not_supported", 303, _BACK,
        "the request carries registration",
        "Leave it out.",
    ),
    ErrorLine(
        "login_required", 303, _BACK,
        "prompt is none, and no session of this browser answers the request",
        "Ask again without prompt=none.",
    ),
    ErrorLine(
        "unmet_authentication_requirements", 303, _BACK,
        "an essential acr cannot be reached under the client's configuration",
        "Ask for a value that the configuration can reach, or make it voluntary.",
    ),
    ErrorLine(
        "access_denied", 303, _BACK,
        "the person was not verified. Another face, a spoof, not enrolled and not allowed to enrol are "
        "the same to you; cancelled (also: no camera, consent declined) and too late have words of their "
        "own",
        "Let the person try again. The operator's log has the reason.",
    ),
    ErrorLine(
        "temporarily_unavailable", 303, _BACK,
        "the verification service could not be reached until shortly before the deadline",
        "Try again later; this sign-in is over.",
    ),

    ErrorLine(
        "invalid_request", 400, _JSON,
        "a parameter is missing or doubled, the body is no form, a parameter is in the query, credentials"
        " or tokens came in two ways",
        _FIX,
    ),
    ErrorLine(
        "invalid_request", 405, _JSON,
        "the endpoint does not take this method",
        "Send the method that the Allow field names.",
    ),
    ErrorLine(
        "invalid_request", 408, _JSON,
        "the body took longer than 15 s",
        "Send it at once.",
    ),
    ErrorLine(
        "invalid_request", 413, _JSON,
        "the body is larger than 64 KiB",
        "Send less.",
    ),
    ErrorLine(
        "invalid_client", 401, _JSON,
        "the client is unknown, its secret is wrong, or its method is not the registered one: always in "
        "the same words",
        "Compare client_id, secret and token_endpoint_auth_methods with the registration.",
    ),
    ErrorLine(
        "invalid_grant", 400, _JSON,
        "the code is unknown, expired (60 s), used, another client's, for another redirect_uri or "
        "code_verifier; the refresh token is unknown, expired, used or another client's",
        "Start a new sign-in. A used code or refresh token ends everything that it gave.",
    ),
    ErrorLine(
        "unauthorized_client", 400, _JSON,
        "the client is not registered for this grant_type",
        "Change the client: client update --grant-type.",
    ),
    ErrorLine(
        "unsupported_grant_type", 400, _JSON,
        "there is no such grant_type here",
        "Use authorization_code or refresh_token.",
    ),
    ErrorLine(
        "invalid_scope", 400, _JSON,
        "a refresh asks for more than was granted, or without openid",
        "Ask for the granted scope or less.",
    ),
    ErrorLine(
        "invalid_token", 401, _JSON,
        "the access token is unknown, expired or revoked",
        "Get a new one.",
    ),
    ErrorLine(
        "server_error", 500, _JSON,
        "we are broken; nothing was decided",
        "Try again; look X-Correlation-Id up in the log.",
    ),
)
# fmt: on

KNOWN = frozenset((line.error, line.status, line.channel.value.lower()) for line in ERRORS)
