"""One error value for three audiences: the client, the person, and the log.

ProtocolError
├── answered as JSON by the token and userinfo endpoints
└── in the front channel: sent to a redirect URI once that is proven, until then shown on a page
"""

from dataclasses import dataclass


@dataclass(eq=False)
class ProtocolError(Exception):
    """A request that is refused.

    RFC 6749, 4.1.2.1 and 5.2; OpenID Connect Core 1.0, 3.1.2.6; RFC 6750, 3.1.
    """

    error: str
    """The OAuth error code."""
    description: str
    """For the client's developer: plain ASCII without quotes and backslashes, nothing about our insides."""
    detail: str = ""
    """For the log only."""
    status: int = 400

    def __str__(self) -> str:
        return f"{self.error}: {self.description}" + (f" ({self.detail})" if self.detail else "")


def invalid_request(description: str, detail: str = "") -> ProtocolError:
    """The commonest refusal, before anything about the client is proven."""
    return ProtocolError("invalid_request", description, detail)
