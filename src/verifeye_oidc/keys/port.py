"""The port through which the protocol signs. It never sees a private key."""

from collections.abc import Mapping, Sequence
from typing import Protocol


class Signer(Protocol):
    """Signs tokens, and says with which public keys they are verified."""

    async def sign(self, claims: Mapping[str, object], alg: str) -> str:
        """A compact JWS over the claims (RFC 7515, 7.1), with ``typ`` JWT and the ``kid`` of the active key.

        Raises ValueError when there is no key for the algorithm.
        """

    def public_keys(self) -> Sequence[Mapping[str, object]]:
        """Every key that may have signed a live token, as public JWKs (RFC 7517)."""
