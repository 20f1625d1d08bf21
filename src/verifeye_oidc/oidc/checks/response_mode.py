"""``response_mode`` is one that we know, and never puts an ID token into a query.

OAuth 2.0 Multiple Response Type Encoding Practices, 2.1 and 3; OAuth 2.0 Form Post Response Mode.
"""

from verifeye_oidc.oidc.checks import Parameters
from verifeye_oidc.oidc.checks.response_type import ID_TOKEN
from verifeye_oidc.oidc.errors import invalid_request
from verifeye_oidc.oidc.model import Client, ResponseMode

_TOKENS = frozenset({ID_TOKEN, "token"})


def check(parameters: Parameters, client: Client) -> None:  # noqa: ARG001
    asked = parameters.get("response_mode")
    if asked is None:
        return
    if asked not in list(ResponseMode):
        raise invalid_request("response_mode must be query, fragment or form_post")
    if asked != requested(parameters):
        raise invalid_request("response_mode query is refused for a response with a token")


def requested(parameters: Parameters) -> ResponseMode:
    """How to answer, whatever the answer is: the mode that was asked for, where it may be used at all."""
    asked = parameters.get("response_mode")
    if asked in (ResponseMode.FRAGMENT, ResponseMode.FORM_POST):
        return ResponseMode(asked)
    carries_token = not _TOKENS.isdisjoint(parameters.get("response_type", "").split(" "))
    return ResponseMode.FRAGMENT if carries_token else ResponseMode.QUERY
