"""``max_age`` is a number of seconds (OpenID Connect Core 1.0, 3.1.2.1)."""

import re

from verifeye_oidc.oidc.checks import Parameters
from verifeye_oidc.oidc.errors import invalid_request
from verifeye_oidc.oidc.model import Client

_SECONDS = re.compile(r"[0-9]{1,10}")


def check(parameters: Parameters, client: Client) -> None:  # noqa: ARG001
    max_age = parameters.get("max_age")
    if max_age is not None and _SECONDS.fullmatch(max_age) is None:
        raise invalid_request("max_age must be a whole number of seconds")


def requested(parameters: Parameters) -> int | None:
    """The greatest age in seconds that a verification may have; None: any."""
    max_age = parameters.get("max_age")
    return None if max_age is None else int(max_age)
