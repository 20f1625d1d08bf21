"""Under which ``sub`` a client knows a person (OpenID Connect Core 1.0, 8)."""

import hmac
from base64 import urlsafe_b64encode
from urllib.parse import urlsplit

from verifeye_oidc.oidc.model import Client, SubjectType


class SubjectIds:
    """Public subjects are the person's own; pairwise ones differ for each sector.

    They are a keyed HMAC (8.1): always the same for a person and a sector, without a table of them, and
    neither to be turned back nor to be guessed by who does not have the key.
    """

    def __init__(self, key: bytes) -> None:
        """``key``: 32 bytes, the same for as long as subjects are to stay the same."""
        self._key = key

    def pairwise(self, client: Client, sub: str) -> str | None:
        """What this client hears in place of a person's own ``sub``; None: that one."""
        if client.subject_type is SubjectType.PUBLIC:
            return None
        derived = hmac.digest(self._key, f"{sector(client)}\0{sub}".encode(), "sha256")
        return urlsafe_b64encode(derived).rstrip(b"=").decode()


def sector(client: Client) -> str:
    """The host that stands for all clients that may know a person under one name."""
    return client.sector_identifier or urlsplit(client.redirect_uris[0]).hostname or client.client_id
