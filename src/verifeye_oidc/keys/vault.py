"""The vault: what is at rest is sealed under the master key, and looked up without being opened."""

import base64
import hmac
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from verifeye_oidc.ids import Ids

_NONCE = 12
_FORMAT = 1


class Unsealable(Exception):
    """A sealed value does not open: another master key, another row or column, or it was changed."""


class MasterKeyRefused(Exception):
    """The master key file cannot be used. The message says why and what to do."""


@dataclass(frozen=True, slots=True)
class MasterKey:
    """256 random bits and the name that every value sealed under them carries."""

    key_id: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class MasterKeys:
    """What a master key file holds."""

    keys: tuple[MasterKey, ...]
    """The first one seals, every one opens."""
    root: MasterKey
    """Look-ups and derived keys come from this one, so that a new sealing key leaves them as they are."""
    sandbox: bool = False
    """Whether they were made for sandbox mode: no other mode uses them, and it uses no others."""


def create_master_key(path: Path, ids: Ids, *, sandbox: bool = False) -> MasterKeys:
    """Make a master key file with one key, readable by its owner only.

    The file appears at once and whole, or not at all. Raises FileExistsError when it is there already.
    """
    key = MasterKey(ids.handle()[:8], ids.key())
    encoded = base64.b64encode(key.secret).decode()
    document: dict[str, Any] = {"current": key.key_id, "root": key.key_id, "keys": {key.key_id: encoded}}
    if sandbox:
        document["sandbox"] = True
    draft = path.with_name(f".{path.name}.{ids.handle()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump(document, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    finally:
        draft.unlink()
    return MasterKeys((key,), key, sandbox)


def load_master_key(path: Path) -> MasterKeys:
    """Read a master key file: ``{"current": id, "root": id, "keys": {id: base64 of 32 bytes}}``,
    and ``"sandbox": true`` where they were made for sandbox mode.

    The group may read it (that is how a Kubernetes secret reaches a process that is not root); nobody else
    may do anything with it. Raises MasterKeyRefused, and FileNotFoundError when there is none.
    """
    with path.open(encoding="utf-8") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & 0o037:
            raise MasterKeyRefused(
                f"{path} has mode {mode:04o}, so that others can read or change the master key: "
                f"run `chmod 600 {path}`, and replace the key if somebody may have read it"
            )
        text = file.read()
    try:
        return _parse(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as wrong:
        raise MasterKeyRefused(
            f"{path} is not a master key file: restore it from your backup. Without the right file nothing "
            "in the database can be read; a new one is for a new database only"
        ) from wrong


def _parse(document: Mapping[str, Any]) -> MasterKeys:
    keys = {
        name: MasterKey(name, base64.b64decode(text, validate=True))
        for name, text in document["keys"].items()
    }
    for key in keys.values():
        if len(key.secret) != 32 or not key.key_id.isascii() or not 1 <= len(key.key_id) <= 64:
            raise ValueError("a master key has 32 bytes and a short ASCII name")
    current = keys[document["current"]]
    others = (key for key in keys.values() if key is not current)
    sandbox = document.get("sandbox", False)
    if not isinstance(sandbox, bool):
        raise TypeError("sandbox is true or false")
    return MasterKeys((current, *others), keys[document["root"]], sandbox)


class Vault:
    """Seals, opens and looks up under the master keys. Safe to use from several threads."""

    def __init__(self, master: MasterKeys) -> None:
        self._current = master.keys[0].key_id.encode()
        self._sealing = {key.key_id.encode(): _derive(key.secret, "seal") for key in master.keys}
        self._root = master.root.secret
        self._lookups: dict[str, bytes] = {}

    def seal(self, plaintext: bytes, context: str) -> bytes:
        """Encrypt and authenticate (AES-256-GCM, NIST SP 800-38D).

        ``context`` names the table, the column and the row: the value opens nowhere else. Each context has an
        AES key of its own, so that random nonces never come near the 2^32 that one key bears.
        """
        header = bytes((_FORMAT, len(self._current))) + self._current
        nonce = os.urandom(_NONCE)
        return header + nonce + self._cipher(self._current, context).encrypt(nonce, plaintext, header)

    def open(self, sealed: bytes, context: str) -> bytes:
        """The inverse of `seal`, under whichever of the master keys it was. Raises Unsealable."""
        if len(sealed) < 2 or sealed[0] != _FORMAT:
            raise Unsealable("this is not a sealed value of this version")
        end = 2 + sealed[1]
        header, nonce, ciphertext = sealed[:end], sealed[end : end + _NONCE], sealed[end + _NONCE :]
        if header[2:] not in self._sealing:
            raise Unsealable(f"the master key {header[2:].decode('ascii', 'replace')} is not in the key file")
        try:
            return self._cipher(header[2:], context).decrypt(nonce, ciphertext, header)
        except (InvalidTag, ValueError):
            raise Unsealable("a sealed value was changed, or belongs to another row") from None

    def lookup(self, purpose: str, value: str) -> bytes:
        """32 bytes that find a value without storing it: HMAC-SHA256, one key for each purpose."""
        key = self._lookups.get(purpose)
        if key is None:
            key = self._lookups[purpose] = self.derive(f"lookup:{purpose}")
        return hmac.digest(key, value.encode(), "sha256")

    def derive(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose (HKDF-SHA256, RFC 5869); it lives as long as the root key."""
        return _derive(self._root, f"purpose:{purpose}")

    def _cipher(self, key_id: bytes, context: str) -> AESGCM:
        return AESGCM(hmac.digest(self._sealing[key_id], context.encode(), "sha256"))


def sealed_under(sealed: bytes) -> str:
    """Id of the master key that a sealed value says it was sealed under; it proves nothing."""
    return sealed[2 : 2 + sealed[1]].decode("ascii", "replace")


def _derive(secret: bytes, purpose: str) -> bytes:
    info = b"verifeye-oidc/1/" + purpose.encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret)
