"""Client authentication in the back channel (RFC 6749, 2.3; OpenID Connect Core 1.0, 9).

Every way to fail is one answer, ``invalid_client``, after the same work: nobody learns which clients exist.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hmac import compare_digest
from urllib.parse import unquote_to_bytes

import structlog

from verifeye_oidc.ids import digest
from verifeye_oidc.oidc.errors import ProtocolError, invalid_request
from verifeye_oidc.oidc.model import Client
from verifeye_oidc.storage.port import ClientStore

SECRET_METHODS = ("client_secret_basic", "client_secret_post")
METHODS = (*SECRET_METHODS, "none")
_LIVE_SECRETS = 2
_NO_SECRET = bytes(32)
"""A hash that no known value has: compared where a client has no (second) secret."""

log = structlog.get_logger("verifeye_oidc.client_auth")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a caller presented, and how."""

    client_id: str
    client_secret: str
    """Empty for the method ``none``."""
    method: str


class ClientAuthentication:
    """Finds out which registered client is calling."""

    def __init__(self, clients: ClientStore, methods: Sequence[str] = METHODS) -> None:
        """``methods``: what this endpoint accepts; a client's policy narrows it further."""
        self._clients = clients
        self._methods = methods

    async def authenticate(self, authorization: Sequence[str], parameters: Mapping[str, str]) -> Client:
        """The client that the request's ``Authorization`` headers or body parameters prove.

        Raises ProtocolError: ``invalid_client`` (401), or ``invalid_request`` for two ways at once.
        """
        credentials = presented_credentials(authorization, parameters)
        client = await self._clients.client(credentials.client_id)
        secret = _live_secret(client, credentials.client_secret)
        if client is None:
            raise invalid_client("unknown client")
        if credentials.method not in self._methods:
            raise invalid_client(f"{credentials.method} is not a method of this endpoint")
        if credentials.method not in client.token_endpoint_auth_methods:
            raise invalid_client(f"{credentials.method} is not a method of this client")
        if secret is None and credentials.method != "none":
            raise invalid_client("wrong secret")
        if secret:
            log.info("previous client secret used", client_id=client.client_id)
        return client


def presented_credentials(authorization: Sequence[str], parameters: Mapping[str, str]) -> Credentials:
    """Read the credentials from exactly one place.

    Raises ProtocolError: ``invalid_client`` when there are none or they cannot be read, ``invalid_request``
    when there is more than one set or the two disagree.
    """
    if len(authorization) > 1:
        raise invalid_request("more than one Authorization header")
    if authorization:
        if "client_secret" in parameters:
            raise invalid_request("client credentials in the header and in the body")
        credentials = _basic(authorization[0])
        if parameters.get("client_id", credentials.client_id) != credentials.client_id:
            raise invalid_request("client_id differs from the client that authenticates")
        return credentials
    if "client_id" not in parameters:
        raise invalid_client("no credentials")
    if "client_secret" not in parameters:
        return Credentials(parameters["client_id"], "", "none")
    return Credentials(parameters["client_id"], parameters["client_secret"], "client_secret_post")


def invalid_client(detail: str) -> ProtocolError:
    """RFC 6749, 5.2. The edge adds ``WWW-Authenticate``."""
    return ProtocolError("invalid_client", "client authentication failed", detail, status=401)


def _basic(header: str) -> Credentials:
    """HTTP Basic over form-encoded halves (RFC 6749, 2.3.1 and appendix B)."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise invalid_client("not the Basic scheme")
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True)
        client_id, colon, secret = decoded.partition(b":")
        credentials = Credentials(_form_decode(client_id), _form_decode(secret), "client_secret_basic")
    except (binascii.Error, UnicodeError, ValueError):
        raise invalid_client("malformed Basic credentials") from None
    if not colon or "\x00" in credentials.client_id:
        raise invalid_client("malformed Basic credentials")
    return credentials


def _form_decode(raw: bytes) -> str:
    return unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")


def _live_secret(client: Client | None, secret: str) -> int | None:
    """Which live secret it is, 0 the newest; compared with all, so that time tells nothing of a wrong one."""
    stored = client.secret_hashes if client else ()
    presented = digest(secret)
    slots = (*stored, *[_NO_SECRET] * _LIVE_SECRETS)[: max(len(stored), _LIVE_SECRETS)]
    equal = [compare_digest(slot, presented) for slot in slots]
    return equal.index(True) if any(equal) else None
