import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifeye_oidc.oidc.identifiers import canonical_identifier, masked_identifier


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("ada@example.com", "ada@example.com"),
        ("  Ada@Example.COM\t", "ada@example.com"),
        ("Ada", "Ada"),  # no e-mail address: cases may differ
        ("e\u0301@x.example", "\u00e9@x.example"),  # composed
        ("x" * 256, "x" * 256),
        ("x" * 257, None),
        ("", None),
        (" \u2003 ", None),
        ("ada\x00", None),
        ("ada\nx", None),
        ("ada\u202eada", None),  # right-to-left override
        ("ad\u200ba", None),  # zero-width space
        ("ada\ud800", None),  # half a surrogate
        ("ada\u2028x", None),
    ],
)
def test_canonical_form(typed: str, canonical: str | None) -> None:
    assert canonical_identifier(typed) == canonical


@given(st.text(max_size=300))
def test_the_canonical_form_is_its_own(typed: str) -> None:
    canonical = canonical_identifier(typed)
    assert canonical is None or canonical_identifier(canonical) == canonical


@pytest.mark.parametrize(
    ("identifier", "masked"),
    [
        ("ada@example.com", "a***@e***.com"),
        ("ada@mail.example.com", "a***@m***.com"),
        ("ada@localhost", "a***@l***"),
        ("ada", "a***"),
    ],
)
def test_masked(identifier: str, masked: str) -> None:
    assert masked_identifier(identifier) == masked
