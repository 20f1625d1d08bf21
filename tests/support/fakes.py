"""Time and randomness for tests: a clock that moves when it is told to, ids that a seed decides."""

import base64
import random
import uuid

START = 1_800_000_000
"""When tests happen: 2027-01-15 08:00 UTC."""


class FixedClock:
    """A `Clock` that stands still until `advance`."""

    def __init__(self, now: int = START) -> None:
        self._now = float(now)

    def now(self) -> int:
        return int(self._now)

    def monotonic(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += seconds


class SeededIds:
    """`Ids` in the real formats, the same ones on every run."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)

    def secret(self) -> str:
        return self._text(32)

    def handle(self) -> str:
        return self._text(16)

    def guid(self) -> str:
        return str(uuid.UUID(bytes=self._random.randbytes(16), version=4))

    def key(self) -> bytes:
        return self._random.randbytes(32)

    def _text(self, length: int) -> str:
        return base64.urlsafe_b64encode(self._random.randbytes(length)).rstrip(b"=").decode()
