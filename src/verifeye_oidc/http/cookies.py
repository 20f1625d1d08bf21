"""Cookies: those that bind a flow to the browser that began it, and that of the OP session.

One cookie per flow, so that two tabs never disturb each other; at most eight of a kind, the oldest goes.
Name prefix and ``Secure`` follow the scheme of the issuer, never of the request.
"""

from dataclasses import dataclass
from typing import Literal

from starlette.requests import HTTPConnection
from starlette.responses import Response

MAX_COOKIES = 8


@dataclass(frozen=True, slots=True)
class BindingCookies:
    """The cookies of one kind of flow: ``tx`` for transactions, ``vs`` for verification sessions."""

    kind: Literal["tx", "vs"]
    secure: bool

    def secret(self, connection: HTTPConnection, ident: str) -> str | None:
        """The secret that this browser holds for a flow; proof of nothing until its hash is compared."""
        return connection.cookies.get(self._name(ident))

    def set(
        self, connection: HTTPConnection, response: Response, ident: str, secret: str, max_age: int
    ) -> None:
        """Give the browser the flow's secret, and drop its oldest flows beyond the limit."""
        self.evict(connection, response, ident)
        self._write(response, self._name(ident), secret, max_age)

    def evict(self, connection: HTTPConnection, response: Response, ident: str) -> None:
        """Drop the browser's oldest flows beyond the limit, but never this one.

        Browsers send cookies of one path oldest first (RFC 6265, 5.4), so the first ones go. Some requests
        come without them: a POST from another site cannot keep the limit, our own GET that follows can.
        """
        prefix, name = self._name(""), self._name(ident)
        others = [held for held in connection.cookies if held.startswith(prefix) and held != name]
        for oldest in others[: max(0, len(others) - MAX_COOKIES + 1)]:
            self._write(response, oldest, "", 0)

    def clear(self, response: Response, ident: str) -> None:
        self._write(response, self._name(ident), "", 0)

    def _name(self, ident: str) -> str:
        return _name(f"{self.kind}-{ident}", self.secure)

    def _write(self, response: Response, name: str, value: str, max_age: int) -> None:
        _write(response, name, value, max_age, self.secure)


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """The cookie with the secret of the browser's OP session. There is one, whoever the client is."""

    secure: bool

    def secret(self, connection: HTTPConnection) -> str | None:
        """Proof of nothing until its hash is found."""
        return connection.cookies.get(_name("session", self.secure))

    def set(self, response: Response, secret: str, max_age: int) -> None:
        _write(response, _name("session", self.secure), secret, max_age, self.secure)

    def clear(self, response: Response) -> None:
        self.set(response, "", 0)


def _name(name: str, secure: bool) -> str:
    return f"{'__Host-' if secure else ''}verifeye-{name}"


def _write(response: Response, name: str, value: str, max_age: int, secure: bool) -> None:
    response.set_cookie(name, value, max_age=max_age, path="/", secure=secure, httponly=True, samesite="lax")
