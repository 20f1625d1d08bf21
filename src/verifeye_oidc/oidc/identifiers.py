"""Who is to be verified, as a person or an identity provider types it."""

import re
import unicodedata

MAX_CHARACTERS = 256
_NOT_SEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"})
_BLANK = frozenset(
    map(chr, (0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x2800, 0x3164))
) | frozenset(map(chr, (*range(0xFE00, 0xFE10), 0xFFA0, *range(0xE0100, 0xE01F0))))
"""Letters and marks that show nothing: Default_Ignorable_Code_Point (Unicode, DerivedCoreProperties), as far
as no category above covers it, and the blank Braille pattern."""

_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_EMAIL = re.compile(rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+(?=[a-z]){_LABEL}")


def canonical_identifier(text: str) -> str | None:
    """The one form under which an identifier is stored and looked up.

    Stripped, NFC, and lower-cased when it contains ``@`` (no mail service in use tells cases apart).
    None when nothing is left, when it is longer than 256 characters, or when it could look like another one:
    by white space inside, by characters that are not seen or not assigned, and with an ``@`` by compatibility
    characters, such as full-width letters (Unicode Standard Annex #15).
    """
    identifier = unicodedata.normalize("NFC", text).strip()
    if "@" in identifier:
        identifier = unicodedata.normalize("NFC", identifier.lower())
    if not 1 <= len(identifier) <= MAX_CHARACTERS:
        return None
    if any(character in _BLANK or unicodedata.category(character) in _NOT_SEEN for character in identifier):
        return None
    plain = unicodedata.normalize("NFKC", identifier)
    return None if "@" in plain and plain != identifier else identifier


def is_email(identifier: str) -> bool:
    """Whether a canonical identifier is an e-mail address that no reader takes for another.

    A dot-atom at a host name of two labels or more (RFC 5322, 3.4.1; RFC 1123, 2.1), all ASCII: nothing
    quoted, no second ``@``, no address literal.
    """
    return _EMAIL.fullmatch(identifier) is not None


def masked_identifier(identifier: str) -> str:
    """Enough for its owner to recognise, too little for others: ``j***@e***.com``."""
    local, at, domain = identifier.partition("@")
    if not at:
        return _masked(local)
    host, dot, suffix = domain.rpartition(".")
    return f"{_masked(local)}@{_masked(host or suffix)}{dot}{suffix if host else ''}"


def _masked(text: str) -> str:
    return f"{text[:1]}***"
