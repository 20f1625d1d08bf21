"""ID tokens of our own that come back as ``id_token_hint``.

OpenID Connect Core 1.0, 3.1.2.1; OpenID Connect RP-Initiated Logout 1.0, 2 and 4. A hint says whom a client
means. It proves nothing about who is there, and never vouches for anybody.
"""

from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from verifeye_oidc.keys.port import Signer
from verifeye_oidc.oidc.errors import invalid_request
from verifeye_oidc.oidc.tokens import SIGNING_ALG

MAX_CHARACTERS = 8192


@dataclass(frozen=True, slots=True)
class Hint:
    """What a genuine ID token says about whom."""

    client_id: str
    sub: str


class IdTokenHints:
    """Reads them: our signature under a key that we still publish, our issuer; expired ones count as well."""

    def __init__(self, *, issuer: str, signer: Signer) -> None:
        self._issuer = issuer
        self._signer = signer

    def read(self, token: str, client_id: str | None = None) -> Hint:
        """Read a hint, which must be about ``client_id`` where that is given.

        Raises ProtocolError (``invalid_request``), in the same words whatever is wrong.
        """
        hint = self._read(token) if len(token) <= MAX_CHARACTERS else None
        if hint is None or client_id not in (None, hint.client_id):
            raise invalid_request("id_token_hint is not an ID token that this client got from us")
        return hint

    def _read(self, token: str) -> Hint | None:
        published: Any = {"keys": [dict(key) for key in self._signer.public_keys()]}
        keys = KeySet.import_key_set(published)
        try:
            claims = jwt.decode(token, keys, algorithms=[SIGNING_ALG]).claims
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            return None
        said = [claims.get("iss"), claims.get("aud"), claims.get("sub")]
        if said[0] != self._issuer or not all(isinstance(value, str) for value in said):
            return None
        return Hint(client_id=str(said[1]), sub=str(said[2]))
