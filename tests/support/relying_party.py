"""How a relying party checks an ID token, without our code: RSA by `cryptography`, claims by Authlib."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from typing import Any

from authlib.oidc.core import CodeIDToken
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256


def verified_claims(token: str, keys: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The claims of a token whose RS256 signature is right under the key that its header names.

    Raises InvalidSignature, ValueError or KeyError for anything else.
    """
    header, payload, signature = token.split(".")
    head = json.loads(decode(header))
    if head["alg"] != "RS256":
        raise ValueError("not RS256")
    [key] = [key for key in keys if key["kid"] == head["kid"]]
    numbers = RSAPublicNumbers(e=_integer(key["e"]), n=_integer(key["n"]))
    numbers.public_key().verify(decode(signature), f"{header}.{payload}".encode(), PKCS1v15(), SHA256())
    claims: dict[str, Any] = json.loads(decode(payload))
    return claims


def accepted_claims(
    tokens: Mapping[str, Any],
    keys: Sequence[Mapping[str, Any]],
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    now: int,
) -> dict[str, Any]:
    """The claims as Authlib's client accepts them for this request, allowing no clock skew at all."""
    claims = CodeIDToken(
        verified_claims(tokens["id_token"], keys),
        {"alg": "RS256"},
        {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client_id}},
        {"nonce": nonce, "client_id": client_id, "access_token": tokens["access_token"]},
    )
    claims.validate(now=now, leeway=0)
    return dict(claims)


def decode(part: str) -> bytes:
    """base64url without padding (RFC 7515, 2)."""
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _integer(part: str) -> int:
    return int.from_bytes(decode(part), "big")
