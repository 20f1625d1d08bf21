"""What a person is told before the camera is asked for (GDPR Art. 7 and 9(2)(a); BIPA section 15(b)).

Whoever changes a text gives it a new version: the record of a consent names version and hash, and the text of
each version must be found again.
"""

import hashlib
from dataclasses import dataclass

from verifeye_oidc.verifier.model import Configuration

_VERSION = "en-1"
_LOCALE = "en"
_PARAGRAPHS = (
    "{organisation} asks you to confirm who you are with your face. Your camera will look at your face for a "
    "few seconds.",
    "The pictures are looked at on this server and are not stored. Out of them come numbers that describe "
    "your face, called a template. It is biometric data.",
    "The first time, the template is stored, encrypted, until it is erased. Later it is used to compare your "
    "face with it, and for nothing else. It is not sold and not given to others.",
    "{organisation} is told whether the check passed, and never gets a picture or a template.",
    "You may say no, and you may take your consent back at any time: ask {organisation} to erase your "
    "template. What was done until then stays lawful.",
)


@dataclass(frozen=True, slots=True)
class ConsentText:
    """One version of the text as it is shown."""

    version: str
    locale: str
    paragraphs: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """Of the paragraphs as shown, in UTF-8, joined by a line feed; 64 lower-case hex digits."""
        return hashlib.sha256("\n".join(self.paragraphs).encode()).hexdigest()


def consent_text(configuration: Configuration) -> ConsentText:
    """The text for a configuration, in its name."""
    paragraphs = tuple(paragraph.replace("{organisation}", configuration.name) for paragraph in _PARAGRAPHS)
    return ConsentText(_VERSION, _LOCALE, paragraphs)
