"""Ways in which a provider can be dishonest, each by one named change, and an honest one to compare with.

A forged ID token is signed with the proxy's own key, which then stands in the JWKS: only the change is wrong.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from tests.support.relying_party import decode

Json = dict[str, Any]

ATTACKER = "https://attacker.example"
SWAPPED_SUB = "sub-of-somebody-else"
FORGER_KID = "forger"

_KEY = generate_private_key(public_exponent=65537, key_size=2048)


def _same(document: Json) -> Json:
    return document


def _untouched(location: str) -> str:
    return location


@dataclass(frozen=True, slots=True)
class Tampering:
    """What a proxy between relying party and provider changes; nothing unless said."""

    name: str
    discovery: Callable[[Json], Json] = _same
    jwks: Callable[[Json], Json] = _same
    tokens: Callable[[Json], Json] = _same
    userinfo: Callable[[Json], Json] = _same
    location: Callable[[str], str] = _untouched
    """The target of a redirect."""

    def __str__(self) -> str:
        return self.name


def _encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _part(content: Json) -> str:
    return _encode(json.dumps(content).encode())


def _forged(claims: Json) -> str:
    message = f"{_part({'alg': 'RS256', 'kid': FORGER_KID})}.{_part(claims)}"
    return f"{message}.{_encode(_KEY.sign(message.encode(), PKCS1v15(), SHA256()))}"


def _claims(token: str) -> Json:
    claims: Json = json.loads(decode(token.split(".")[1]))
    return claims


def _forger_jwks(_: Json) -> Json:
    numbers = _KEY.public_key().public_numbers()
    size = (numbers.n.bit_length() + 7) // 8
    n, e = numbers.n.to_bytes(size, "big"), numbers.e.to_bytes(3, "big")
    return {
        "keys": [
            {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": FORGER_KID, "n": _encode(n), "e": _encode(e)}
        ]
    }


def _with_id_token(rewrite: Callable[[str], str]) -> Callable[[Json], Json]:
    def rewritten(tokens: Json) -> Json:
        return tokens | {"id_token": rewrite(tokens["id_token"])} if "id_token" in tokens else tokens

    return rewritten


def _signed_anew(name: str, **changes: object) -> Tampering:
    """Claims changed (None: left out), under a signature that is right."""

    def forge(token: str) -> str:
        changed = _claims(token) | changes
        return _forged({claim: value for claim, value in changed.items() if value is not None})

    return Tampering(name, jwks=_forger_jwks, tokens=_with_id_token(forge))


def _bit_flipped(token: str) -> str:
    message, _, signature = token.rpartition(".")
    raw = bytearray(decode(signature))
    raw[7] ^= 1
    return f"{message}.{_encode(bytes(raw))}"


def _unsigned(token: str, *, without: tuple[str, ...] = ()) -> str:
    claims = {name: value for name, value in _claims(token).items() if name not in without}
    return f"{_part({'alg': 'none'})}.{_part(claims)}."


def _other_iss_in_answer(location: str) -> str:
    parts = urlsplit(location)
    parameters = dict(parse_qsl(parts.query))
    if not {"code", "iss"} <= parameters.keys():
        return location
    return parts._replace(query=urlencode(parameters | {"iss": ATTACKER})).geturl()


HONEST = Tampering("honest")
SIGNED_ANEW = _signed_anew("signed anew, nothing changed")
"""Shows that it is not the forging itself that is refused."""

BAD_SIGNATURE = Tampering("bad signature", tokens=_with_id_token(_bit_flipped))
UNKNOWN_KEY = Tampering("key not in the JWKS", tokens=_with_id_token(lambda token: _forged(_claims(token))))
OTHER_ISSUER = _signed_anew("other issuer in the ID token", iss=ATTACKER)
OTHER_ISSUER_DISCOVERED = Tampering(
    "other issuer in the discovery", discovery=lambda metadata: metadata | {"issuer": ATTACKER}
)
OTHER_ISSUER_ANSWERED = Tampering("other iss in the answer", location=_other_iss_in_answer)
WRONG_NONCE = _signed_anew("wrong nonce", nonce="a-nonce-that-nobody-sent")
NO_NONCE = _signed_anew("no nonce", nonce=None)
ALG_NONE = Tampering("alg none", tokens=_with_id_token(_unsigned))
ALG_NONE_BARE = Tampering(
    "alg none and no at_hash", tokens=_with_id_token(lambda token: _unsigned(token, without=("at_hash",)))
)
"""Nothing left but the algorithm that could give it away."""
OTHER_AUDIENCE = _signed_anew("other audience", aud="another-client")
EXPIRED = _signed_anew("expired", iat=1_600_000_000, exp=1_600_000_300)
SWAPPED_SUBJECT = Tampering("swapped subject", userinfo=lambda claims: claims | {"sub": SWAPPED_SUB})
