"""Who is to be verified, as a person or an identity provider types it."""

import unicodedata

MAX_CHARACTERS = 256
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def canonical_identifier(text: str) -> str | None:
    """The one form under which an identifier is stored and looked up.

    Stripped, NFC, and lower-cased when it contains ``@`` (no mail service in use tells cases apart).
    None when nothing is left, when it is longer than 256 characters, or when it holds characters that
    cannot be seen (controls, direction overrides, zero-width), which make two identifiers look the same.
    """
    identifier = unicodedata.normalize("NFC", text).strip()
    if "@" in identifier:
        identifier = unicodedata.normalize("NFC", identifier.lower())
    if not 1 <= len(identifier) <= MAX_CHARACTERS:
        return None
    if any(unicodedata.category(character) in _INVISIBLE for character in identifier):
        return None
    return identifier


def masked_identifier(identifier: str) -> str:
    """Enough for its owner to recognise, too little for others: ``j***@e***.com``."""
    local, at, domain = identifier.partition("@")
    if not at:
        return _masked(local)
    host, dot, suffix = domain.rpartition(".")
    return f"{_masked(local)}@{_masked(host or suffix)}{dot}{suffix if host else ''}"


def _masked(text: str) -> str:
    return f"{text[:1]}***"
