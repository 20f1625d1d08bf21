"""What a session may ask of this process: so many connections and frames, and so many looks in a second."""

from dataclasses import dataclass

INTERVAL_MS = 125
"""Between two frames: what the page is told."""
_LOOKS_PER_SECOND = 10.0
"""More than the page sends, so that no honest frame is passed over because a network delivers unevenly."""
_BURST = 4.0
"""Frames that may arrive at once after a pause."""


@dataclass(slots=True)
class Usage:
    """One session's, over all of its connections: reconnecting buys nothing. In memory of one process."""

    expires_at: int
    connections: int = 0
    frames: int = 0
    _looks: float = _BURST
    _at: float = 0.0

    def may_look(self, at: float) -> bool:
        """Whether a frame that came at this time (monotonic seconds) is looked at: a token bucket."""
        self._looks = min(_BURST, self._looks + max(0.0, at - self._at) * _LOOKS_PER_SECOND)
        self._at = at
        if self._looks < 1:
            return False
        self._looks -= 1
        return True


class Usages:
    """Of all sessions, each until its time is over."""

    def __init__(self) -> None:
        self._of: dict[str, Usage] = {}

    def of(self, session_id: str, expires_at: int, now: int) -> Usage:
        known = self._of.get(session_id)
        if known is not None:
            return known
        for lapsed in [key for key, usage in self._of.items() if usage.expires_at <= now]:
            del self._of[lapsed]
        usage = self._of[session_id] = Usage(expires_at)
        return usage
