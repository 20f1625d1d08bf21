"""What comes next for a browser: the words in which the dispatcher answers."""

from dataclasses import dataclass

from verifeye_oidc.oidc.responses import AuthorizationResponse
from verifeye_oidc.oidc.visit import Visit


@dataclass(frozen=True, slots=True)
class Begun:
    """A transaction was made for this browser: it gets the secret, and goes on."""

    visit: Visit
    keep_seconds: int
    """How long the browser keeps the secret: longer than the transaction, to answer whoever is late."""

    @property
    def transaction(self) -> str:
        return self.visit.handle

    @property
    def secret(self) -> str:
        return self.visit.secret


@dataclass(frozen=True, slots=True)
class Continue:
    """What a form brought was taken note of: the browser asks again what comes next."""

    transaction: str


@dataclass(frozen=True, slots=True)
class NeedIdentifier:
    """Nobody said who is to be verified."""

    transaction: str
    client_name: str
    value: str = ""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class NeedVerification:
    """The person is to be verified at this URL."""

    url: str


@dataclass(frozen=True, slots=True)
class Respond:
    """A code for the client, or an ID token."""

    response: AuthorizationResponse
    login_secret: str | None = None
    """Of the session that began with it, for this browser to keep."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """An error for the client."""

    response: AuthorizationResponse


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing can be decided now; the same request, repeated later, goes on."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Finished:
    """The code was redeemed or has expired: this page has nothing to give any more."""

    client_name: str


@dataclass(frozen=True, slots=True)
class Enrolled:
    """An invitation was used up, and nobody is waiting for an answer."""

    organisation: str


Step = NeedIdentifier | NeedVerification | Respond | Refuse | Wait | Finished | Enrolled
