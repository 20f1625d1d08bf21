"""One capture: frames in, messages for the page out. No web framework, so that it can be driven without one.

Messages, in this order: ``ready``; a ``frame`` for each frame; one last word (``passed``, ``failed``,
``no_face`` or ``over``), after which the connection closes with ``close_code``.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import partial

from verifeye_oidc.clock import Clock
from verifeye_oidc.faces import Capture, Engine, FrameRefused, Hint, Measurement
from verifeye_oidc.storage.port import SessionStore
from verifeye_oidc.verification.port import FailureReason, LivenessMode
from verifeye_oidc.verifier.judge import Judge
from verifeye_oidc.verifier.model import Configuration, SessionResult, VerificationSession
from verifeye_oidc.verifier.pace import INTERVAL_MS, Usage, Usages
from verifeye_oidc.verifier.sessions import without_capture

Message = dict[str, object]


class Close(IntEnum):
    """Why a connection ends (RFC 6455, 7.4.1)."""

    DONE = 1000
    NOT_A_FRAME = 1003
    POLICY = 1008
    TOO_LARGE = 1009


@dataclass(frozen=True, slots=True)
class CaptureLimits:
    """What one session may cost."""

    captures: int = 3
    """Measurements that are compared, in one session."""
    in_flight: int = 2
    """Frames that were sent and not yet answered."""
    frame_bytes: int = 512 * 1024
    frames: int = 400
    """In one capture."""
    seconds: int = 60
    """For one capture."""
    no_face_seconds: int = 20
    session_connections: int = 30
    session_frames: int = 1_200
    """Over all connections of a session, in this process. Whoever needs more is refused."""
    concurrent: int = 16
    """Captures of this process at a time: two threads keep the pace of about so many."""


class CaptureDesk:
    """Begins captures: one at a time for each session, all of them on a bounded pool of threads.

    A second connection takes over from the first, because a lost connection is often noticed last by us.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        judge: Judge,
        sessions: SessionStore,
        clock: Clock,
        executor: ThreadPoolExecutor,
        limits: CaptureLimits,
    ) -> None:
        self.engine = engine
        self.judge = judge
        self.sessions = sessions
        self.clock = clock
        self.executor = executor
        self.limits = limits
        self._running: dict[str, CaptureRun] = {}
        self._usages = Usages()

    def begin(self, session: VerificationSession, configuration: Configuration) -> "CaptureRun":
        """A run for a session whose person consented; an earlier one of the same session is over.

        Where all places are taken, the run says so when it is opened, and takes none.
        """
        earlier = self._running.get(session.session_id)
        busy = earlier is None and len(self._running) >= self.limits.concurrent
        usage = self._usages.of(session.session_id, session.expires_at, self.clock.now())
        usage.connections += 1
        run = CaptureRun(self, session, configuration, usage, busy=busy)
        if earlier is not None:
            earlier.superseded.set()
        if not busy:
            self._running[session.session_id] = run
        return run

    def end(self, run: "CaptureRun") -> None:
        if self._running.get(run.session_id) is run:
            del self._running[run.session_id]


class CaptureRun:
    """One connection's capture, from ``open`` to the last word."""

    def __init__(
        self,
        desk: CaptureDesk,
        session: VerificationSession,
        configuration: Configuration,
        usage: Usage,
        *,
        busy: bool,
    ) -> None:
        self._desk = desk
        self._limits = desk.limits
        self._session = session
        self._configuration = configuration
        self._capture: Capture = desk.engine.new_capture(
            liveness=configuration.liveness is not LivenessMode.DISABLED
        )
        self._usage = usage
        self._busy = busy
        self._frames = 0
        self._hint, self._progress = Hint.NO_FACE, 0.0
        self._began = self._usable_at = desk.clock.monotonic()
        self.superseded = asyncio.Event()
        """Set when another connection of the same session took over."""
        self.close_code: Close | None = None
        """Set with the last word."""

    @property
    def session_id(self) -> str:
        return self._session.session_id

    async def open(self) -> list[Message]:
        """The first message: ``ready``, or the last word at once when there is nothing left to capture."""
        if self._session.result is not None:
            return self._tell(self._session.result)
        if self._expired:
            return self.over("expired")
        if self._usage.connections > self._limits.session_connections:
            return await self._finish(self._without(FailureReason.TIME_OUT))
        if self._busy:
            return self.over("busy")
        left = self._limits.captures - self._session.captures
        if left <= 0:  # counted, and then we went down before it was judged
            return await self._finish(self._without(FailureReason.VERIFIER_MISSING))
        ready: Message = {
            "type": "ready",
            "captures_left": left,
            "max_in_flight": self._limits.in_flight,
            "interval_ms": INTERVAL_MS,
            "long_side": 640,
            "quality": 0.8,
        }
        return [ready]

    async def feed(self, jpeg: bytes) -> list[Message]:
        """Look at one frame. Returns its answer and, when the capture ended, the last word.

        A frame that comes before its time is answered as the one before it, and not looked at.
        Raises RecipeMismatch and UnmeasuredRate as ``Judge.judge``: for the operator, and never a pass.
        """
        if self.close_code is not None:
            return []
        refusal = self._refusal(jpeg)
        if refusal is not None:
            return refusal
        self._frames += 1
        self._usage.frames += 1
        if self._usage.frames > self._limits.session_frames:
            return await self._finish(self._without(FailureReason.TIME_OUT))
        at = self._desk.clock.monotonic()
        measurement = None
        if self._usage.may_look(at):
            try:
                measurement = await self._look(jpeg, at)
            except FrameRefused:
                return self.over("limit", Close.NOT_A_FRAME)
        if self.superseded.is_set():
            return self.over("elsewhere")
        answer: Message = {
            "type": "frame",
            "n": self._frames,
            "hint": self._hint,
            "progress": round(self._progress, 2),
        }
        if measurement is not None:
            return [answer, *await self._judge(measurement)]
        if self._gave_up(at):
            return [answer, *self.idle()]
        return [answer]

    async def _look(self, jpeg: bytes, at: float) -> Measurement | None:
        observe = partial(self._capture.observe, jpeg, at)
        observation = await asyncio.get_running_loop().run_in_executor(self._desk.executor, observe)
        self._hint, self._progress = observation.hint, observation.progress
        if observation.hint is Hint.OK:
            self._usable_at = at
        return observation.measurement

    def idle(self) -> list[Message]:
        """The last word when no usable face came for too long, or no frame at all."""
        return self._last({"type": "no_face"})

    def over(self, reason: str, code: Close = Close.DONE) -> list[Message]:
        """The last word that decides nothing: the session can go on in another connection."""
        return self._last({"type": "over", "reason": reason}, code)

    def _refusal(self, jpeg: bytes) -> list[Message] | None:
        if self.superseded.is_set():
            return self.over("elsewhere")
        if self._expired:
            return self.over("expired")
        if len(jpeg) > self._limits.frame_bytes:
            return self.over("limit", Close.TOO_LARGE)
        return None

    def _gave_up(self, at: float) -> bool:
        return (
            at - self._usable_at >= self._limits.no_face_seconds
            or at - self._began >= self._limits.seconds
            or self._frames >= self._limits.frames
        )

    async def _judge(self, measurement: Measurement) -> list[Message]:
        """Count first, compare then: whoever hangs up in between has used the capture up."""
        left = await self._desk.sessions.count_capture(self.session_id, self._limits.captures)
        if left is None:
            return await self._finish(self._without(FailureReason.VERIFIER_MISSING))
        result = await self._desk.judge.judge(self._session, self._configuration, measurement)
        if result.passed or left == 0:
            return await self._finish(result)
        return self._last({"type": "failed", "captures_left": left})

    async def _finish(self, result: SessionResult) -> list[Message]:
        """Write the result, unless the session has one already: that one is told."""
        await self._desk.sessions.finish_session(self.session_id, result)
        session = await self._desk.sessions.session(self.session_id)
        if session is None or session.result is None:
            return self.over("expired")
        self._session = replace(self._session, result=session.result)
        return self._tell(session.result)

    def _tell(self, result: SessionResult) -> list[Message]:
        """A mismatch and a spoof look the same to the person."""
        if result.passed:
            return self._last({"type": "passed"})
        return self._last({"type": "failed", "captures_left": 0})

    def _last(self, message: Message, code: Close = Close.DONE) -> list[Message]:
        self.close_code = code
        return [message]

    def _without(self, reason: FailureReason) -> SessionResult:
        return without_capture(reason, self._desk.clock.now())

    @property
    def _expired(self) -> bool:
        return self._session.expires_at <= self._desk.clock.now()
