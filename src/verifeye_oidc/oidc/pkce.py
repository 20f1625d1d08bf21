"""Proof Key for Code Exchange (RFC 7636), S256 only: ``plain`` proves nothing to whoever saw the request."""

import hashlib
import re
from base64 import urlsafe_b64encode

_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")
_CHALLENGE = re.compile(r"[A-Za-z0-9\-_]{43}")


def is_code_verifier(value: str) -> bool:
    """Whether the value has the form of a ``code_verifier`` (RFC 7636, 4.1)."""
    return _VERIFIER.fullmatch(value) is not None


def is_code_challenge(value: str) -> bool:
    """Whether the value can be an S256 ``code_challenge``: 256 bits in base64url (RFC 7636, 4.2)."""
    return _CHALLENGE.fullmatch(value) is not None


def s256(code_verifier: str) -> str:
    """The ``code_challenge`` of a well-formed ``code_verifier`` (RFC 7636, 4.2)."""
    return urlsafe_b64encode(hashlib.sha256(code_verifier.encode("ascii")).digest()).rstrip(b"=").decode()
