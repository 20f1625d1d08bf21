"""The capture socket: frames of the claimer's own page go in, messages come out."""

import asyncio
import contextlib
from enum import Enum, auto

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from verifeye_oidc.http.cookies import BindingCookies
from verifeye_oidc.verifier.capture import CaptureLimits, CaptureRun, Close, Message
from verifeye_oidc.verifier.errors import NotYours
from verifeye_oidc.verifier.model import SessionState
from verifeye_oidc.verifier.service import VerificationService

log = structlog.get_logger("verifeye_oidc.http")

_INTERNAL_ERROR = 1011


class _Signal(Enum):
    """What may happen on a connection beside frames."""

    GONE = auto()
    NOT_A_FRAME = auto()
    TOO_FAST = auto()
    ELSEWHERE = auto()
    SILENT = auto()


class CaptureSocket:
    """The endpoint. Refuses before accepting: another origin, another browser, no consent."""

    def __init__(self, *, service: VerificationService, cookies: BindingCookies, issuer: str) -> None:
        self._service = service
        self._cookies = cookies
        self._issuer = issuer

    async def connect(self, websocket: WebSocket) -> None:
        session_id = websocket.path_params["session_id"]
        if websocket.headers.getlist("origin") != [self._issuer]:
            return await websocket.close(Close.POLICY)
        try:
            session = await self._service.sessions.claimed(
                session_id, self._cookies.secret(websocket, session_id)
            )
            configuration = await self._service.sessions.configuration_of(session)
        except NotYours:
            return await websocket.close(Close.POLICY)
        if session.state is SessionState.CONSENT:
            return await websocket.close(Close.POLICY)
        await websocket.accept()
        run = self._service.captures.begin(session, configuration)
        try:
            await _Conversation(websocket, run, self._service.captures.limits).hold()
        finally:
            self._service.captures.end(run)
        return None


class _Conversation:
    """One connection: a reader that never waits for the engine, and a loop that answers in order."""

    def __init__(self, websocket: WebSocket, run: CaptureRun, limits: CaptureLimits) -> None:
        self._websocket = websocket
        self._run = run
        self._limits = limits
        self._in_flight = 0
        self._inbox: asyncio.Queue[bytes | _Signal] = asyncio.Queue()

    async def hold(self) -> None:
        helpers = [asyncio.create_task(self._read()), asyncio.create_task(self._watch())]
        try:
            with contextlib.suppress(WebSocketDisconnect):
                await self._answer_until_over()
        except Exception as failure:
            # Nothing was passed; the traceback names our code and never a frame or a template.
            log.exception("capture failed", failure=type(failure).__name__)
            with contextlib.suppress(Exception):
                await self._websocket.close(_INTERNAL_ERROR)
        finally:
            for helper in helpers:
                helper.cancel()

    async def _answer_until_over(self) -> None:
        await self._say(await self._run.open())
        while self._run.close_code is None:
            item = await self._next()
            if item is _Signal.GONE:
                return
            await self._say(await self._answer(item))
        await self._websocket.close(self._run.close_code)

    async def _next(self) -> bytes | _Signal:
        try:
            async with asyncio.timeout(self._limits.no_face_seconds):
                return await self._inbox.get()
        except TimeoutError:
            return _Signal.SILENT

    async def _answer(self, item: bytes | _Signal) -> list[Message]:
        match item:
            case _Signal.SILENT:
                return self._run.idle()
            case _Signal.ELSEWHERE:
                return self._run.over("elsewhere")
            case _Signal.TOO_FAST:
                return self._run.over("limit", Close.POLICY)
            case bytes():
                messages = await self._run.feed(item)
                self._in_flight -= 1
                return messages
            case _:
                return self._run.over("limit", Close.NOT_A_FRAME)

    async def _read(self) -> None:
        """Whoever has more frames under way than allowed, or sends what is no frame, is not read on."""
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return self._inbox.put_nowait(_Signal.GONE)
            frame = message.get("bytes")
            if frame is None:
                return self._inbox.put_nowait(_Signal.NOT_A_FRAME)
            self._in_flight += 1
            if self._in_flight > self._limits.in_flight:
                return self._inbox.put_nowait(_Signal.TOO_FAST)
            self._inbox.put_nowait(frame)

    async def _watch(self) -> None:
        await self._run.superseded.wait()
        self._inbox.put_nowait(_Signal.ELSEWHERE)

    async def _say(self, messages: list[Message]) -> None:
        for message in messages:
            await self._websocket.send_json(message)
