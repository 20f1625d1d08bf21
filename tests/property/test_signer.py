"""A token changed anywhere is refused: by RSA alone, and by joserfc as Authlib's client calls it."""

import asyncio
from base64 import urlsafe_b64encode
from functools import cache
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from tests.support.keys import signer
from tests.support.relying_party import decode, verified_claims

CLAIMS = {"iss": "https://login.example", "sub": "ada", "aud": "acme", "amr": ["face"], "exp": 1_800_000_300}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


@cache
def _token() -> str:
    return asyncio.run(signer().sign(CLAIMS, "RS256"))


@settings(max_examples=300)
@given(part=st.sampled_from([0, 1, 2]), position=st.integers(0, 2**16), bit=st.integers(0, 7))
def test_a_token_with_one_bit_changed_is_refused(part: int, position: int, bit: int) -> None:
    parts = _token().split(".")
    raw = bytearray(decode(parts[part]))
    raw[position % len(raw)] ^= 1 << bit
    parts[part] = urlsafe_b64encode(bytes(raw)).rstrip(b"=").decode()
    forged = ".".join(parts)

    with pytest.raises((InvalidSignature, ValueError, KeyError, TypeError)):
        verified_claims(forged, signer().public_keys())
    with pytest.raises((JoseError, ValueError)):
        _as_authlib_decodes(forged)


@settings(max_examples=50)
@given(st.dictionaries(st.text(max_size=10), json_values, max_size=6))
def test_claims_come_back_as_they_were_signed(claims: dict[str, object]) -> None:
    token = asyncio.run(signer().sign(claims, "RS256"))

    assert verified_claims(token, signer().public_keys()) == claims


def test_the_token_itself_is_accepted_by_both() -> None:
    assert verified_claims(_token(), signer().public_keys()) == CLAIMS
    assert _as_authlib_decodes(_token()) == CLAIMS


def _as_authlib_decodes(token: str) -> dict[str, object]:
    published: Any = {"keys": signer().public_keys()}
    keys = KeySet.import_key_set(published)
    registry = JWSRegistry(algorithms=["RS256"], strict_check_header=False)
    return dict(jwt.decode(token, key=keys, registry=registry).claims)
