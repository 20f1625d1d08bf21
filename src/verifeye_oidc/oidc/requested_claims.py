"""The parameter ``claims`` (OpenID Connect Core 1.0, 5.5), read once into what we can act on.

Claims that we do not know are ignored, as the specification says. What would be misunderstood is refused:
text that is not one JSON object, a name that stands twice, a member of a form that has no meaning.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from verifeye_oidc.oidc.acr import ACR
from verifeye_oidc.oidc.claims import SCOPE_CLAIMS
from verifeye_oidc.oidc.errors import ProtocolError, invalid_request
from verifeye_oidc.oidc.model import RequestedClaims

MAX_CHARACTERS = 8192
MAX_VALUES = 32

_KNOWN = frozenset(name for names in SCOPE_CLAIMS.values() for name in names)
_UNDERSTOOD = _KNOWN | {"acr", "sub"}


def read_claims(text: str) -> RequestedClaims:
    """What is asked for. Raises ProtocolError (``invalid_request``), which never repeats what it was sent."""
    asked = _json_object(text)
    id_token, userinfo = _member(asked, "id_token"), _member(asked, "userinfo")
    acr, essential = _acr(id_token.get("acr", {}))
    return RequestedClaims(
        id_token=_known(id_token),
        userinfo=_known(userinfo),
        acr=acr,
        essential_acr=acr if essential else None,
        subs=_in_both(_values(id_token.get("sub", {})), _values(userinfo.get("sub", {}))),
    )


def _json_object(text: str) -> dict[str, Any]:
    if len(text) > MAX_CHARACTERS:
        raise invalid_request(f"claims is longer than {MAX_CHARACTERS} characters")
    try:
        asked = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except ProtocolError:
        raise
    except (ValueError, RecursionError):
        raise invalid_request("claims is not valid JSON") from None
    if not isinstance(asked, dict):
        raise invalid_request("claims is not a JSON object")
    return asked


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise invalid_request("claims has a name twice in one object")
    return members


def _no_constant(_: str) -> None:
    raise ValueError("NaN and Infinity are not JSON")


def _member(asked: Mapping[str, Any], name: str) -> dict[str, dict[str, Any]]:
    """The claims asked for in one place, by name: those that we understand."""
    member = asked.get(name)
    if member is None:
        return {}
    if not isinstance(member, dict):
        raise invalid_request(f"the member {name} of claims is not an object")
    return {claim: _request(member[claim]) for claim in member if claim in _UNDERSTOOD}


def _request(request: Any) -> dict[str, Any]:
    """How one claim is asked for; null is the default manner (5.5.1)."""
    if request is None:
        return {}
    if not isinstance(request, dict):
        raise invalid_request("a claim in claims is asked for by neither null nor an object")
    if not isinstance(request.get("essential", False), bool):
        raise invalid_request("essential in claims is neither true nor false")
    return request


def _known(member: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(_KNOWN.intersection(member)))


def _acr(request: Mapping[str, Any]) -> tuple[tuple[str, ...], bool]:
    """The values of ``acr`` that we know, and whether one of them it must be (5.5.1.1)."""
    values = _values(request)
    if values is None:
        return (), False
    return tuple(value for value in values if value in ACR), request.get("essential", False)


def _values(request: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The values of which one is asked for, in order of preference; None: any will do."""
    if "value" in request and "values" in request:
        raise invalid_request("a claim in claims has both value and values")
    if "value" not in request and "values" not in request:
        return None
    values = [request["value"]] if "value" in request else request["values"]
    if not isinstance(values, list) or len(values) > MAX_VALUES:
        raise invalid_request(f"values in claims is not a list of at most {MAX_VALUES}")
    return tuple(value for value in values if isinstance(value, str) and value.isascii())


def _in_both(one: tuple[str, ...] | None, other: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if one is None or other is None:
        return other if one is None else one
    return tuple(value for value in one if value in other)
