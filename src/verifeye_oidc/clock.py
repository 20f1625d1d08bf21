"""Time, injected: nothing else in the product reads a clock."""

import time
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> int:
        """UTC seconds since the epoch, as every token, cookie and row uses them."""

    def monotonic(self) -> float:
        """Seconds that never run backwards, for durations only."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        return int(time.time())

    def monotonic(self) -> float:
        return time.monotonic()
