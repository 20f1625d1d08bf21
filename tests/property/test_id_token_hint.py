"""`id_token_hint`: whatever is sent, only a token that we signed is read."""

import asyncio
from base64 import urlsafe_b64encode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.keys import ISSUER, signer
from verifeye_oidc.oidc.errors import ProtocolError
from verifeye_oidc.oidc.id_token_hint import Hint, IdTokenHints

HINTS = IdTokenHints(issuer=ISSUER, signer=signer())
GENUINE = asyncio.run(signer().sign({"iss": ISSUER, "aud": "acme", "sub": "ada", "exp": 1}, "RS256"))
UNSIGNED = urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode() + "." + GENUINE.split(".")[1] + "."


def test_a_genuine_one_is_read_also_when_it_expired() -> None:
    assert HINTS.read(GENUINE) == HINTS.read(GENUINE, "acme") == Hint("acme", "ada")


@given(st.text() | st.lists(st.text(alphabet="eyJhbGciOiUzI1NiJ9_-0", max_size=20), max_size=5).map(".".join))
@example(UNSIGNED)
@example("..")
@example("e30.e30.e30")
@example(GENUINE + " ")
@example(GENUINE + "=")
@example("\ud800")
@example("a" * 100_000)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError, match="invalid_request"):
        HINTS.read(text)


@given(st.integers(0, len(GENUINE) - 1), st.characters(min_codepoint=33, max_codepoint=126))
def test_one_other_character_and_it_is_refused(position: int, character: str) -> None:
    changed = GENUINE[:position] + character + GENUINE[position + 1 :]
    if _bits(changed) != _bits(GENUINE):
        with pytest.raises(ProtocolError):
            HINTS.read(changed)


def _bits(token: str) -> tuple[str, ...]:
    """The last character of a base64url part holds bits that stand for nothing."""
    return tuple(part[:-1] for part in token.split("."))


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "acme", "sub": "ada"},
        {"iss": ISSUER + "/", "aud": "acme", "sub": "ada"},
        {"iss": ISSUER, "aud": ["acme"], "sub": "ada"},
        {"iss": ISSUER, "sub": "ada"},
        {"iss": ISSUER, "aud": "acme"},
        {"iss": ISSUER, "aud": "acme", "sub": 1},
    ],
)
async def test_what_we_signed_for_another_purpose_is_refused(claims: dict[str, object]) -> None:
    with pytest.raises(ProtocolError):
        HINTS.read(await signer().sign(claims, "RS256"))


def test_it_is_for_one_client() -> None:
    with pytest.raises(ProtocolError):
        HINTS.read(GENUINE, "other")
