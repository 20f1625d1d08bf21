"""A load client of relying party and browser in one: raw keep-alive sockets, every answer checked.

Raw, so that the load is never the bottleneck: a library for HTTP costs more than the servers under test.
"""

import asyncio
import hashlib
import json
import secrets
import time
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

REDIRECT_URI = "http://127.0.0.1:9/callback"
"""Nobody listens there: the load client is where it would lead."""


class WrongAnswer(Exception):
    """A server under load answered something that a relying party must not accept."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    cookies: list[str]
    body: bytes


class Connection:
    """One keep-alive connection (RFC 9112) to a server on this machine."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def request(self, method: str, target: str, *headers: str, body: bytes = b"") -> Answer:
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        lines = [f"{method} {target} HTTP/1.1", f"Host: localhost:{self._port}", *headers]
        if method == "POST":
            lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
        self._writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        return await _read(self._reader)

    async def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            await self._writer.wait_closed()


async def _read(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers: dict[str, str] = {}
    cookies = []
    for line in head[1:-2]:
        name, _, value = line.partition(": ")
        if name.lower() == "set-cookie":
            cookies.append(value)
        headers[name.lower()] = value
    status = int(head[0].split()[1])
    if headers.get("transfer-encoding"):
        raise WrongAnswer("this client reads bodies with a Content-Length only")
    length = int(headers.get("content-length", 0))
    return Answer(status, headers, cookies, await reader.readexactly(length) if length else b"")


@dataclass(slots=True)
class Browser:
    """The cookies of one person's browser."""

    jar: dict[str, tuple[str, str]] = field(default_factory=dict)

    def header(self, target: str) -> list[str]:
        sent = [f"{name}={value}" for name, (value, path) in self.jar.items() if target.startswith(path)]
        return [f"Cookie: {'; '.join(sent)}"] if sent else []

    def keep(self, cookies: list[str]) -> None:
        for cookie in cookies:
            pair, *attributes = cookie.split("; ")
            name, _, value = pair.partition("=")
            paths = [item[5:] for item in attributes if item.lower().startswith("path=")]
            if value:
                self.jar[name] = value, paths[0] if paths else "/"
            else:
                self.jar.pop(name, None)


@dataclass(frozen=True, slots=True)
class Party:
    """A registered client of a provider under load."""

    port: int
    client_id: str
    client_secret: str
    metadata: dict[str, Any]
    keys: dict[str, RSAPublicKey]

    @classmethod
    async def registered(cls, port: int, client_id: str, client_secret: str) -> "Party":
        connection = Connection(port)
        try:
            metadata = json.loads((await connection.request("GET", "/.well-known/openid-configuration")).body)
            keys = json.loads((await connection.request("GET", _target(metadata["jwks_uri"]))).body)["keys"]
        finally:
            await connection.close()
        public = {key["kid"]: _rsa(key) for key in keys if key["kty"] == "RSA"}
        return cls(port, client_id, client_secret, metadata, public)

    async def flow(self, connection: Connection, person: str) -> None:
        """One sign-in of a person whose browser has never been here. Raises WrongAnswer."""
        state, nonce, verifier = secrets.token_hex(8), secrets.token_hex(8), secrets.token_urlsafe(32)
        code = await self._authorize(connection, person, state, nonce, verifier)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": verifier,
        }
        credentials = b64encode(f"{quote(self.client_id)}:{quote(self.client_secret)}".encode()).decode()
        answer = await connection.request(
            "POST",
            _target(self.metadata["token_endpoint"]),
            f"Authorization: Basic {credentials}",
            body=urlencode(form).encode(),
        )
        if answer.status != 200:
            raise WrongAnswer(f"token: {answer.status} {answer.body!r}")
        tokens = json.loads(answer.body)
        _check("token_type", tokens["token_type"], "Bearer")
        self._verify(tokens["id_token"], tokens["access_token"], nonce)

    async def _authorize(
        self, connection: Connection, person: str, state: str, nonce: str, verifier: str
    ) -> str:
        """Three requests, each answered with a redirect; returns the code."""
        request = {
            "client_id": self.client_id,
            "redirect_uri": REDIRECT_URI,
            "response_type": "code",
            "scope": "openid",
            "state": state,
            "nonce": nonce,
            "code_challenge": _base64url(hashlib.sha256(verifier.encode()).digest()),
            "code_challenge_method": "S256",
            "login_hint": person,
        }
        target = f"{_target(self.metadata['authorization_endpoint'])}?{urlencode(request)}"
        browser, location = Browser(), target
        for _ in range(3):
            target = _target(location)
            answer = await connection.request("GET", target, *browser.header(target))
            if answer.status != 303:
                raise WrongAnswer(f"{target.partition('?')[0]}: {answer.status} {answer.body[:300]!r}")
            browser.keep(answer.cookies)
            location = answer.headers["location"]
        _check("redirect", location.partition("?")[0], REDIRECT_URI)
        said = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        _check("state", said.get("state"), state)
        _check("iss", said.get("iss"), self.metadata["issuer"])
        return said["code"]

    def _verify(self, id_token: str, access_token: str, nonce: str) -> None:
        """OpenID Connect Core 1.0, 3.1.3.7."""
        head, payload, signature = id_token.split(".")
        header = json.loads(_decoded(head))
        _check("alg", header["alg"], "RS256")
        key = self.keys[header["kid"]]
        key.verify(_decoded(signature), f"{head}.{payload}".encode(), PKCS1v15(), SHA256())
        claims = json.loads(_decoded(payload))
        _check("iss", claims["iss"], self.metadata["issuer"])
        _check("aud", claims["aud"], self.client_id)
        _check("nonce", claims["nonce"], nonce)
        if "at_hash" in claims:
            half = hashlib.sha256(access_token.encode()).digest()[:16]
            _check("at_hash", claims["at_hash"], _base64url(half))
        if not claims["sub"] or claims["exp"] <= time.time():
            raise WrongAnswer("the ID token names nobody, or is too old")


Act = Callable[[Connection], Awaitable[None]]


async def hammer(port: int, seconds: float, concurrent: int, act: Act) -> int:
    """Act again and again on so many connections; returns how often that was. What fails ends it all."""
    until = time.perf_counter() + seconds

    async def work() -> int:
        connection, done = Connection(port), 0
        try:
            while time.perf_counter() < until:
                await act(connection)
                done += 1
        finally:
            await connection.close()
        return done

    return sum(await asyncio.gather(*(work() for _ in range(concurrent))))


def _target(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _check(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise WrongAnswer(f"{what} is {found!r} and not {expected!r}")


def _rsa(key: dict[str, str]) -> RSAPublicKey:
    exponent, modulus = (int.from_bytes(_decoded(key[name])) for name in ("e", "n"))
    return RSAPublicNumbers(exponent, modulus).public_key()


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
