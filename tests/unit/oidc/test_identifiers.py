import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifeye_oidc.oidc.identifiers import canonical_identifier, is_email, masked_identifier


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
        ("ada lovelace", None),
        ("ada\u00a0x@x.example", None),
        ("ada@x.example\ufe0f", None),  # variation selector
        ("ada\U000e0100", None),
        ("ada\u3164", None),  # Hangul filler
        ("a\u034fda", None),  # combining grapheme joiner
        ("ada\u2800", None),  # blank Braille pattern
        ("ada\ue000", None),  # private use
        ("ada\u0378", None),  # unassigned
        ("\uff41da@x.example", None),  # full-width a
        ("ada\uff20x.example", None),  # full-width @
        ("\uff41da", "\uff41da"),  # no e-mail address: its owner's name for themselves
        ("\u0430da@x.example", "\u0430da@x.example"),  # Cyrillic: not the same person as Latin
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


@pytest.mark.parametrize(
    "identifier",
    ["ada@example.com", "ada.b+c_d@mail.xn--bcher-kva.example", "1@2.c3", f"{'a' * 64}@{'b' * 63}.example"],
)
def test_an_email_address(identifier: str) -> None:
    assert is_email(identifier)


@pytest.mark.parametrize(
    "identifier",
    [
        "ada",
        "@",
        "@example.com",
        "ada@",
        "victim@corp.example@evil.example",
        "a@b.example,victim@corp.example",
        "<ada@example.com>",
        '"ada"@example.com',
        "ada(x)@example.com",
        ".ada@example.com",
        "a..da@example.com",
        "ada.@example.com",
        "ada@localhost",
        "ada@-x.example",
        "ada@x-.example",
        "ada@x..example",
        "ada@x.example.",
        "ada@[192.0.2.1]",
        "ada@192.0.2.1",
        "ada@x_y.example",
        "\u0430da@example.com",
        "ada@ex\u0430mple.com",
        "ada@example.com\n",
        f"{'a' * 65}@example.com",
        f"ada@{'b' * 64}.example",
    ],
)
def test_no_email_address(identifier: str) -> None:
    assert not is_email(identifier)
