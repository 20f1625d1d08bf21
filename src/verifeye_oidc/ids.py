"""Randomness, injected, and the one way in which secrets are hashed for storage."""

import hashlib
import secrets
import uuid
from typing import Protocol


class Ids(Protocol):
    """Where unguessable values come from."""

    def secret(self) -> str:
        """256 random bits, URL-safe: codes, tokens, cookie secrets, client secrets."""

    def handle(self) -> str:
        """128 random bits, URL-safe: names that appear on URLs and prove nothing by themselves."""

    def guid(self) -> str:
        """A random UUID in its usual 36 characters."""

    def key(self) -> bytes:
        """256 random bits for a cipher or a MAC."""


class RandomIds:
    """The operating system's randomness."""

    def secret(self) -> str:
        return secrets.token_urlsafe(32)

    def handle(self) -> str:
        return secrets.token_urlsafe(16)

    def guid(self) -> str:
        return str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))

    def key(self) -> bytes:
        return secrets.token_bytes(32)


def digest(secret: str) -> bytes:
    """The SHA-256 under which a 256-bit random secret is stored (32 bytes).

    Only for values that we made at full entropy ourselves, where a slow hash would add nothing.
    """
    return hashlib.sha256(secret.encode()).digest()
