"""How uvicorn serves us: every limit that a connection meets before our own code does."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator, Sequence
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

MAX_HEAD_BYTES = 32 * 1024
"""Request line and header fields together: the longest query that we read, and as much again."""
HEAD_SECONDS = 10.0
KEEP_ALIVE_SECONDS = 15
WRITE_SECONDS = 20.0
"""For a reader to take what was answered; the largest answer of ours is far below 100 KiB."""
MAX_CONNECTIONS = 512
"""Above it new requests get 503; half of the file descriptors that a process has by default."""
MAX_FRAME_BYTES = 512 * 1024
"""What the capture takes."""


class BoundedHttp(HttpToolsProtocol):
    """HTTP/1.1 with what httptools has no limit for: a request's head in size and time, an answer in time.

    Whoever sends more gets 400, whoever is slower is hung up on, also whoever does not read: closing alone
    would wait for them for ever. The body is ``middleware.BodyLimit``'s.
    """

    head_seconds = HEAD_SECONDS
    write_seconds = WRITE_SECONDS

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head_bytes = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.set_write_buffer_limits(0)  # "paused" means that something is unread, "resumed" nothing
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_arrived()
        self._was_read()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(self.write_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        self._was_read()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        if self._between_requests() and self._deadline is None:
            self._expect_head()
        super().data_received(data)
        if self._deadline is None or self.transport.is_closing():
            return
        self._head_bytes += len(data)
        if self._head_bytes > MAX_HEAD_BYTES:
            self.send_400_response("The request head is too large.")

    def on_headers_complete(self) -> None:
        self._head_arrived()
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MAX_HEAD_BYTES:
            raise ValueError("the request head is too large")
        super().on_headers_complete()

    def _between_requests(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _expect_head(self) -> None:
        self._head_bytes = 0
        self._deadline = self.loop.call_later(self.head_seconds, self.timeout_keep_alive_handler)

    def _was_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _head_arrived(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class Server(uvicorn.Server):
    """A server that leaves signals alone: uvicorn would end the process before anything is closed."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def stop_on_signals(servers: Sequence[Server]) -> None:
    """Let SIGINT and SIGTERM end these servers, each within its grace; a second signal ends the grace."""

    def stop() -> None:
        for server in servers:
            server.force_exit = server.should_exit
            server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)


def server_config(app: ASGIApp, **where: Any) -> uvicorn.Config:
    """uvicorn's configuration for an application of ours. ``where``: ``host`` and ``port``, if not a socket.

    Forwarded headers are not read: nothing that we say or decide depends on the caller's address, scheme or
    host, so that a proxy in front needs no trust and a forged header has no effect.
    """
    return uvicorn.Config(
        app,
        http=BoundedHttp,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=10,
        ws_max_size=MAX_FRAME_BYTES,
        ws_max_queue=1,
        ws_per_message_deflate=False,
        proxy_headers=False,
        log_config=None,
        access_log=False,
        server_header=False,
        **where,
    )
