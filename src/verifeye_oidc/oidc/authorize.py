"""What an authorization request must satisfy, in order (OpenID Connect Core 1.0, 3.1.2.1 and 3.1.2.2).

`proven_client` and `proven_redirect_uri` come first: until both have answered, a refusal is shown on a page
and the browser is sent nowhere. From then on the rows below run in order, and what the first of them refuses
goes back to the client, in the response mode that it asked for. What depends on more than the parameters
(the configuration, our own keys) is judged by `oidc.begin`. Parameters that no row knows are ignored
(RFC 6749, 3.1); ``display``, ``ui_locales`` and ``claims_locales`` cause no error, whatever they hold.
"""

from verifeye_oidc.oidc.checks import (
    Check,
    Parameters,
    claims,
    max_age,
    nonce,
    pkce,
    prompt,
    registration,
    request_object,
    response_mode,
    response_type,
    scope,
    state,
)
from verifeye_oidc.oidc.model import AuthorizationRequest, Client

CHECKS: tuple[Check, ...] = (
    state.check,           # printable, at most 4096 characters  else invalid_request
    request_object.check,  # neither request nor request_uri     else request[_uri]_not_supported
    registration.check,    # no registration                     else registration_not_supported
    response_type.check,   # one that the client may have        else unsupported_..., unauthorized_client
    response_mode.check,   # known, and no token in a query      else invalid_request
    scope.check,           # contains openid                     else invalid_scope
    pkce.check,            # S256, or none where the client may  else invalid_request
    nonce.check,           # there where it must be              else invalid_request
    max_age.check,         # whole seconds                       else invalid_request
    prompt.check,          # known values, none alone            else invalid_request
    claims.check,          # a JSON object of the right form     else invalid_request
)  # fmt: skip

MAX_HINTS = 16


def authorization_request(parameters: Parameters, client: Client, redirect_uri: str) -> AuthorizationRequest:
    """The request of a proven client, to be answered at its proven redirect URI.

    Raises ProtocolError, which goes back to the client by redirect.
    """
    for check in CHECKS:
        check(parameters, client)
    return AuthorizationRequest(
        client_id=client.client_id,
        redirect_uri=redirect_uri,
        scope=scope.requested(parameters, client),
        state=parameters.get("state"),
        nonce=parameters.get("nonce"),
        code_challenge=parameters.get("code_challenge"),
        login_hint=parameters.get("login_hint"),
        acr_values=_words(parameters, "acr_values"),
        ui_locales=_words(parameters, "ui_locales"),
        max_age=max_age.requested(parameters),
        response_type=parameters["response_type"],
        response_mode=response_mode.requested(parameters),
        prompt=prompt.requested(parameters),
        claims=claims.requested(parameters),
    )


def _words(parameters: Parameters, name: str) -> tuple[str, ...]:
    """A list of preferences; whoever sends very many has lost the right to the later ones."""
    return tuple(parameters.get(name, "").split()[:MAX_HINTS])
