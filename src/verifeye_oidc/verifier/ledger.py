"""The erasure ledger: a file beside the database, so that restoring an old copy brings nobody back.

A line is ``1 <receipt id> <scope> <through> <mark>``. The mark is a keyed hash of collection and external id:
whoever reads the file learns how many were erased and when, and nobody's name. Lines are only ever appended.
"""

import fcntl
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from verifeye_oidc.keys.vault import Vault
from verifeye_oidc.storage.port_people import Erasure, ErasureScope

_LINE = re.compile(
    r"1 (?P<receipt>[0-9a-f-]{36}) (?P<scope>[a-z]+) (?P<through>\d{1,12}) (?P<mark>[0-9a-f]{64})"
)


class LedgerDamaged(Exception):
    """A line of the ledger cannot be read: an erasure would be forgotten. Names file and line."""


class Ledger:
    """The ledger of one installation."""

    def __init__(self, path: Path, vault: Vault) -> None:
        self._path = path
        self._vault = vault

    def mark(self, configuration_id: str, external_id: str) -> bytes:
        """What the ledger calls a person."""
        return self._vault.lookup("erasure", f"{configuration_id}\x1f{external_id}")

    def append(self, erasures: Sequence[Erasure]) -> None:
        """Write erasures; returns when they are on the disk. The file is made at the first one."""
        text = "".join(map(_line, erasures)).encode("ascii")
        is_new = not self._path.exists()
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            _cut_torn_line(file.fileno())
            file.write(text)
            os.fsync(file.fileno())
        if is_new:
            _sync_folder(self._path.parent)

    def read(self) -> Sequence[Erasure]:
        """Every erasure, oldest first. Raises LedgerDamaged.

        A last line without an end was being written when the process died: nothing was erased after it.
        """
        text = ""
        with suppress(FileNotFoundError):
            text = self._path.read_text(encoding="ascii", errors="replace")
        *lines, _torn = text.split("\n")
        return [self._parsed(number, line) for number, line in enumerate(lines, start=1)]

    def _parsed(self, number: int, line: str) -> Erasure:
        found = _LINE.fullmatch(line)
        if found is None or found["scope"] not in list(ErasureScope):
            raise LedgerDamaged(
                f"{self._path}, line {number}, is not an erasure: restore the file from its newest copy. "
                "Without it a restored database could bring an erased person back"
            )
        return Erasure(
            receipt_id=found["receipt"],
            scope=ErasureScope(found["scope"]),
            through=int(found["through"]),
            mark=bytes.fromhex(found["mark"]),
        )


def _line(erasure: Erasure) -> str:
    return f"1 {erasure.receipt_id} {erasure.scope} {erasure.through} {erasure.mark.hex()}\n"


def _cut_torn_line(descriptor: int) -> None:
    """Drop what a writer that died left of its line: nothing was erased by it."""
    size = os.fstat(descriptor).st_size
    end = size
    while end and os.pread(descriptor, 1, end - 1) != b"\n":
        end -= 1
    if end != size:
        os.ftruncate(descriptor, end)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
