"""The fields that an operator may set, one line each. Their types and defaults are the dataclass's own.

The command line and its reference are made from these lines: a new field is a new line here.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from verifeye_oidc.admin.redirect_uris import check_redirect_uri
from verifeye_oidc.admin.refused import Refused
from verifeye_oidc.oidc.model import MAX_SESSION_SECONDS

METHODS = ("client_secret_basic", "client_secret_post", "none")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a client or a configuration."""

    name: str
    help: str
    between: tuple[int, int] | None = None
    """The least and the most, for a number."""
    choices: tuple[str, ...] = ()
    each: Callable[[str, str], None] | None = None
    """Gets the field's name and one value, and raises Refused."""
    option: str = ""
    """Its name on the command line, where that is not the field's."""


def check_name(field: str, name: str) -> None:
    """A name is shown to people."""
    if not 1 <= len(name) <= 100 or not name.isprintable() or name != name.strip():
        raise Refused(f"{field}: 1 to 100 printable characters are needed, without spaces around them")


def check_host(field: str, host: str) -> None:
    if not _HOST.fullmatch(host):
        raise Refused(f"{field}: {host!r} is not a host name in lower case, such as app.example.com")


MINUTE, DAY, YEAR = 60, 86_400, 365 * 86_400

CLIENT_FIELDS = (
    Field("name", "What people see it called.", each=check_name),
    Field("redirect_uris", "Where answers may go: compared character by character.", each=check_redirect_uri),
    Field("configuration_id", "Id of the verification configuration.", option="configuration"),
    Field("native", "Runs on the person's own machine: any port on 127.0.0.1 and [::1]."),
    Field("token_endpoint_auth_methods", "How it proves itself; `none`: a public client.", choices=METHODS),
    Field("grant_types", "What it may exchange.", choices=("authorization_code", "refresh_token")),
    Field("require_pkce", "Refuse requests without PKCE (S256)."),
    Field("require_nonce", "Refuse requests without a nonce."),
    Field("required_verifiers", "What must have passed for a sign-in."),
    Field("enrolment_policy", "Stricter than its configuration's; `unset`: the configuration's."),
    Field("max_verification_seconds", "How long a person may take.", between=(30, 60 * MINUTE)),
    Field("id_token_seconds", "How long an ID token is valid.", between=(30, DAY)),
    Field("access_token_seconds", "How long an access token is valid.", between=(30, DAY)),
    Field("refresh_token_seconds", "How long its refresh tokens live in all.", between=(MINUTE, YEAR)),
    Field(
        "session_seconds",
        "How old a verification may be that signs in again without a new one; 0: none.",
        between=(0, MAX_SESSION_SECONDS),
    ),
    Field("response_types", "What it may ask for at once.", choices=("code", "id_token")),
    Field("subject_type", "Whether a person's `sub` is the same at every client."),
    Field("sector_identifier", "The host whose clients share a pairwise `sub`.", each=check_host),
    Field("post_logout_redirect_uris", "Where a logout may go: compared alike.", each=check_redirect_uri),
)

CONFIGURATION_FIELDS = (
    Field("name", "What people see it called.", each=check_name),
    Field("face", "What is done with a face. A client needs one of the two that match."),
    Field("liveness", "Whether a bona fide presentation is required."),
    Field("enrolment_policy", "Who may enrol an identifier that nobody has yet."),
    Field("false_match_rate", "Of two people: how often one may pass for the other."),
    Field("retention_unused_days", "Erase a face that was not used for so many days.", between=(1, 3650)),
    Field("retention_days", "Erase a face so many days after it was enrolled.", between=(1, 3650)),
)


def check_fields(fields: Iterable[Field], values: Mapping[str, Any]) -> None:
    """Judge each value by itself. Raises Refused, which names the field, for the first that cannot be."""
    for field in fields:
        value = values.get(field.name)
        for one in value if isinstance(value, (tuple, frozenset)) else (value,):
            if one is not None:
                _check(field, one)


def _check(field: Field, value: Any) -> None:
    if field.between is not None and not field.between[0] <= value <= field.between[1]:
        raise Refused(f"{field.name}: {value} is not between {field.between[0]} and {field.between[1]}")
    if field.choices and value not in field.choices:
        raise Refused(f"{field.name}: {value!r} is not one of {', '.join(field.choices)}")
    if field.each is not None:
        field.each(field.name, value)
