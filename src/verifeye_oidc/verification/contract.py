"""The Redirect contract: the names on verification URLs and results, and the signature over them.

A signed query is ``<query>&reSignature=<64 lower-case hex>``. The signature is HMAC-SHA256 under a key of the
configuration over the direction, the configuration's id and the exact bytes of the query before it, so that a
URL can neither be changed, nor moved to another configuration, nor a result be played back as an input.
Names that start with ``re`` are reserved; every other one is the caller's own and comes back on the result.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from urllib.parse import quote, unquote_to_bytes, urlencode

EXTERNAL_ID = "reExternalId"
EXPIRATION = "reExpiration"
NONCE = "reNonce"
ENROLLMENT = "reEnrollment"
"""Ours: the provenance under which an unknown external id may enrol, or ``none``."""
SIGNATURE = "reSignature"

SESSION_ID = "reVerificationSessionId"
RESULT = "reVerificationResult"
LIVENESS_RESULT = "reLivenessResult"
FACE_RESULT = "reFaceRecognitionResult"
PASSED = "passed"
FAILED = "failed"

MAX_BYTES = 8 * 1024
MAX_PARAMETERS = 64
_RESERVED = "re"
_SIGNED = re.compile(rb"(?:(?P<query>.*)&)?reSignature=(?P<signature>[0-9a-f]{64})", re.DOTALL)


class Direction(StrEnum):
    """Which way a query travels: to the verification service, or back from it."""

    IN = "in"
    OUT = "out"


class QueryRefused(Exception):
    """A query that is malformed, unsigned, or not signed for this use. The text names no value."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query whose signature holds."""

    reserved: Mapping[str, str]
    custom: tuple[tuple[str, str], ...]
    """The caller's own parameters in order; a name may appear more than once."""

    def only(self, name: str) -> str | None:
        """The value of the caller's parameter of this name; None unless it appears exactly once."""
        values = [value for key, value in self.custom if key == name]
        return values[0] if len(values) == 1 else None


def sign(key: bytes, direction: Direction, configuration_id: str, query: str) -> str:
    """Return ``query`` (URL-encoded, ASCII, without a signature) with its signature appended."""
    signature = _mac(key, direction, configuration_id, query.encode("ascii"))
    return f"{query}&{SIGNATURE}={signature}" if query else f"{SIGNATURE}={signature}"


def encode(parameters: Sequence[tuple[str, str]]) -> str:
    """URL-encode parameters in order (RFC 3986 percent-encoding of UTF-8, ASCII only)."""
    return urlencode(parameters, quote_via=quote, safe="")


def open_query(raw: bytes, keys: Sequence[bytes], direction: Direction, configuration_id: str) -> Query:
    """Check the signature that ends ``raw`` under any of the keys (current and previous), and parse the rest.

    The signature must be last and there once; a reserved parameter must not appear twice.
    Raises QueryRefused.
    """
    if len(raw) > MAX_BYTES:
        raise QueryRefused(f"the query is longer than {MAX_BYTES} bytes")
    signed = _SIGNED.fullmatch(raw)
    if signed is None:
        raise QueryRefused("the query does not end with a signature")
    query, presented = signed["query"] or b"", signed["signature"]
    expected = [_mac(key, direction, configuration_id, query).encode() for key in keys]
    if not any(hmac.compare_digest(presented, signature) for signature in expected):
        raise QueryRefused("the signature is not valid for this query, configuration and direction")
    return _parse(query)


def _mac(key: bytes, direction: Direction, configuration_id: str, query: bytes) -> str:
    """Length-prefixed parts, so that no two different inputs give the same message."""
    parts = (b"verifeye-redirect-v1", direction.encode(), configuration_id.encode(), query)
    message = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def _parse(query: bytes) -> Query:
    pairs = [pair.partition(b"=") for pair in query.split(b"&") if pair]
    if len(pairs) > MAX_PARAMETERS:
        raise QueryRefused(f"the query has more than {MAX_PARAMETERS} parameters")
    reserved: dict[str, str] = {}
    custom: list[tuple[str, str]] = []
    for raw_name, _, raw_value in pairs:
        name, value = _decode(raw_name), _decode(raw_value)
        if not name.startswith(_RESERVED):
            custom.append((name, value))
        elif name in reserved or name == SIGNATURE:
            raise QueryRefused("a reserved parameter appears more than once")
        else:
            reserved[name] = value
    return Query(MappingProxyType(reserved), tuple(custom))


def _decode(raw: bytes) -> str:
    try:
        text = unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        raise QueryRefused("a parameter is not valid UTF-8") from None
    if "\x00" in text:
        raise QueryRefused("a parameter contains a NUL character")
    return text
