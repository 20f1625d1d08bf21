import string

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.support.builders import CODE_CHALLENGE, CODE_VERIFIER
from verifeye_oidc.oidc.pkce import is_code_challenge, is_code_verifier, s256

UNRESERVED = string.ascii_letters + string.digits + "-._~"
verifiers = st.text(UNRESERVED, min_size=43, max_size=128)


def test_the_vector_of_the_rfc() -> None:
    """RFC 7636, appendix B."""
    assert s256(CODE_VERIFIER) == CODE_CHALLENGE


@given(verifiers)
def test_every_well_formed_verifier_has_a_well_formed_challenge(verifier: str) -> None:
    assert is_code_verifier(verifier)
    assert is_code_challenge(s256(verifier))


@given(verifiers, verifiers)
def test_no_two_verifiers_share_a_challenge(one: str, other: str) -> None:
    assume(one != other)
    assert s256(one) != s256(other)


@given(st.text(UNRESERVED, max_size=42) | st.text(UNRESERVED, min_size=129, max_size=200))
def test_a_verifier_of_another_length_is_refused(value: str) -> None:
    assert not is_code_verifier(value)


@given(verifiers, st.characters(exclude_characters=UNRESERVED), st.integers(0, 127))
def test_a_verifier_with_any_other_character_is_refused(verifier: str, foreign: str, at: int) -> None:
    at %= len(verifier)
    assert not is_code_verifier(verifier[:at] + foreign + verifier[at + 1 :])
    assert not is_code_verifier(verifier[:127] + foreign)


@given(st.text(max_size=100))
def test_a_challenge_is_43_characters_of_base64url(value: str) -> None:
    in_form = len(value) == 43 and set(value) <= set(string.ascii_letters + string.digits + "-_")
    assert is_code_challenge(value) == in_form
