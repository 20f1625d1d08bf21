"""Which redirect URIs may be registered. What is registered is compared as it stands, so it stands plainly.

RFC 9700 (2.1, 4.1) and RFC 8252 (7.3): https, and http only to this very machine, where nothing crosses a
network. OpenID Connect Core 1.0, 3.1.2.1 and RFC 6749, 3.1.2: absolute, without a fragment.
"""

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qsl, urlsplit

from verifeye_oidc.admin.refused import Refused

MAX_CHARACTERS = 2048
_PLAIN = re.compile(r"(?:[A-Za-z0-9\-._~:/?\[\]@!$&'()+,;=]|%[0-9A-Fa-f]{2})*")
_ANSWER = {"code", "state", "iss", "error", "error_description", "error_uri", "id_token", "session_state"}


def check_redirect_uri(field: str, uri: str) -> None:
    """Raises Refused, which says what is wrong with the URI and what to write instead."""
    if len(uri) > MAX_CHARACTERS:
        raise Refused(f"{field}: a URI has at most {MAX_CHARACTERS} characters, and this one {len(uri)}")
    problem = _problem(uri)
    if problem:
        raise Refused(f"{field}: {uri!r} {problem}")


def _problem(uri: str) -> str:
    if "#" in uri:
        return "has a fragment, which no redirect can carry; leave out everything from the # on"
    if "*" in uri:
        return "has a wildcard, and nothing is matched by pattern; register each URI in full"
    if "\\" in uri:
        return "has a backslash, which browsers read as a slash; write slashes"
    if not uri.isascii():
        return "is not ASCII; write the host in punycode (xn--...) and other characters percent-encoded"
    if not _PLAIN.fullmatch(uri):
        return "has a character that no URI has (RFC 3986); percent-encode it"
    try:
        parts = urlsplit(uri)
        return _problem_of_parts(parts, parts.port)
    except ValueError:
        return "has a host or a port that cannot be; write it like https://app.example.com/callback"


def _problem_of_parts(parts: SplitResult, port: int | None) -> str:
    if parts.scheme not in ("http", "https"):
        return (
            "is neither https nor http; a native app uses a claimed https URI or http://127.0.0.1 "
            "(RFC 8252, 7.2 and 7.3)"
        )
    if not parts.hostname or port == 0 or parts.netloc.endswith(":"):
        return "names no host, or a port that cannot be; write it like https://app.example.com/callback"
    if "@" in parts.netloc:
        return "has user information before an @; leave it out"
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        return (
            "is plain http, so that anybody on the way can read the answer; use https (http is for "
            "localhost, 127.0.0.1 and [::1] only)"
        )
    said = _ANSWER & {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    if said:
        return f"has a query parameter that the answer adds itself ({', '.join(sorted(said))}); rename it"
    return ""


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
