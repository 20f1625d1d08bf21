"""Body, head and time: what a connection meets before our own code does, over a real socket."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from typing import Any

import httpx2
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Message
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

from verifeye_oidc.http.middleware import BodyLimit
from verifeye_oidc.http.server import MAX_HEAD_BYTES, BoundedHttp, server_config
from verifeye_oidc.verifier.capture import CaptureLimits

FORM = {"content-type": "application/x-www-form-urlencoded"}


class Impatient(BoundedHttp):
    head_seconds = 0.2
    write_seconds = 0.3


async def _size(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def _sizes(websocket: WebSocket) -> None:
    await websocket.accept()
    async for frame in websocket.iter_bytes():
        await websocket.send_text(str(len(frame)))


async def _large(request: Request) -> Response:
    return PlainTextResponse(bytes(8 * 1024 * 1024))


def _limited(**limits: Any) -> BodyLimit:
    routes = [
        Route("/", _size, methods=["GET", "POST"]),
        Route("/large", _large),
        WebSocketRoute("/frames", _sizes),
    ]
    return BodyLimit(Starlette(routes=routes), **limits)


@asynccontextmanager
async def _served(connections: int | None = None, **limits: Any) -> AsyncIterator[int]:
    """The port of a real server with a short patience."""
    config = server_config(_limited(**limits), port=0)
    config.http = Impatient
    config.limit_concurrency = connections or config.limit_concurrency
    server = uvicorn.Server(config)
    server.capture_signals = nullcontext  # type: ignore[method-assign, assignment]
    bound = config.bind_socket()
    bound.listen()
    serving = asyncio.create_task(server.serve([bound]))
    try:
        yield bound.getsockname()[1]
    finally:
        server.should_exit = True
        await serving
        bound.close()


async def _talk(port: int, parts: Sequence[bytes], pause: float = 0) -> bytes:
    """Send parts, one after each pause, and return all that is said until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    said = bytearray()

    async def listen() -> None:
        with suppress(ConnectionError):
            while chunk := await reader.read(4096):
                said.extend(chunk)

    listening = asyncio.create_task(listen())
    for part in parts:
        if listening.done():
            break
        writer.write(part)
        await asyncio.sleep(pause)
    async with asyncio.timeout(5):
        await listening
    writer.close()
    return bytes(said)


def _head(*fields: bytes, method: bytes = b"GET") -> bytes:
    return b"\r\n".join([method + b" / HTTP/1.1", b"Host: login.example", *fields, b"", b""])


async def test_a_plain_request_is_answered() -> None:
    async with _served() as port:
        said = await _talk(port, [_head(b"Connection: close")])
    assert said.startswith(b"HTTP/1.1 200 ")
    assert b"server:" not in said.lower()


SLOW = [
    ("says nothing at all", []),
    ("drips its request line", [bytes([byte]) for byte in b"GET / HTTP/1.1\r\nHost: x"]),
    ("drips header fields", [_head()[:-2], *[b"X: y\r\n"] * 20]),
    ("drips empty lines", [b"\r\n"] * 20),
    ("drips a second request", [_head(), *[bytes([byte]) for byte in b"GET / HTTP/1.1\r\nHost: x"]]),
    ("drips empty lines after an answer", [_head(), *[b"\r\n"] * 20]),
]


@pytest.mark.parametrize("parts", [parts for _, parts in SLOW], ids=[name for name, _ in SLOW])
async def test_a_slow_head_is_hung_up_on(parts: list[bytes]) -> None:
    async with _served() as port:
        started = asyncio.get_running_loop().time()
        said = await _talk(port, parts, pause=0.03)
        took = asyncio.get_running_loop().time() - started
    assert said.count(b"HTTP/1.1 200") == (1 if parts[:1] == [_head()] else 0)
    assert took < 2


async def test_between_two_requests_somebody_may_think() -> None:
    async with _served() as port:
        said = await _talk(port, [_head(), b"", b"", _head(b"Connection: close")], pause=0.15)
    assert said.count(b"HTTP/1.1 200") == 2


LARGE = [
    ("one field", _head(b"X: " + b"x" * MAX_HEAD_BYTES)),
    ("many fields", _head(*[b"X: y" + b"y" * 100] * 400)),
    ("the query", b"GET /?" + b"q" * MAX_HEAD_BYTES + b" HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("a field without an end", b"GET / HTTP/1.1\r\nX: " + b"x" * MAX_HEAD_BYTES),
]


@pytest.mark.parametrize("head", [head for _, head in LARGE], ids=[name for name, _ in LARGE])
async def test_a_large_head_is_refused(head: bytes) -> None:
    async with _served() as port:
        assert (await _talk(port, [head])).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "head",
    [
        b"NONSENSE\r\n\r\n",
        _head(b"Content-Length: 1", b"Content-Length: 2", method=b"POST"),
        _head(b"Content-Length: 5", b"Transfer-Encoding: chunked", method=b"POST"),
        _head(b"Content-Length: -1", method=b"POST"),
        _head(b"Bad Field: x"),
    ],
)
async def test_a_malformed_head_is_refused(head: bytes) -> None:
    async with _served() as port:
        assert (await _talk(port, [head])).startswith(b"HTTP/1.1 400 ")


async def test_a_slow_body_is_ended() -> None:
    parts = [_head(b"Content-Length: 60", method=b"POST"), *[b"x"] * 30]
    async with _served(seconds=0.2) as port:
        said = await _talk(port, parts, pause=0.03)
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b'"error":"invalid_request"' in said
    assert b"connection: close" in said.lower()


@pytest.mark.parametrize("field", [b"Connection: keep-alive", b"Connection: close"])
async def test_who_does_not_read_is_hung_up_on(field: bytes) -> None:
    async with _served() as port:
        reader, writer = await _asked_for_much(port, field)
        await asyncio.sleep(0.6)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(8 * 1024 * 1024)
        writer.close()


async def test_who_reads_late_but_in_time_is_served() -> None:
    async with _served() as port:
        reader, writer = await _asked_for_much(port, b"Connection: keep-alive")
        await asyncio.sleep(0.1)
        assert len(await reader.readexactly(8 * 1024 * 1024)) == 8 * 1024 * 1024
        await asyncio.sleep(0.4)
        writer.write(_head(b"Connection: close"))
        assert b"HTTP/1.1 200 " in await reader.read()
        writer.close()


async def _asked_for_much(port: int, field: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    writer.write(_head(field).replace(b" / ", b" /large "))
    return reader, writer


async def test_who_hangs_up_amid_a_body_leaves_nothing_behind() -> None:
    reached = []

    async def app(*_: Any) -> None:
        reached.append(1)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    scope = {"type": "http", "headers": [], "method": "POST", "path": "/"}
    await BodyLimit(app)(scope, receive, _never)
    assert reached == []


async def _never(_: Message) -> None:
    raise AssertionError("nobody is there to be answered")


@pytest.mark.parametrize(("length", "status"), [(1024, 200), (1025, 413)])
@pytest.mark.parametrize("announced", [True, False])
async def test_the_size_of_a_body_counts_as_announced_and_as_it_is(
    length: int, status: int, announced: bool
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(length):
            yield b"x"

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(_limited(max_bytes=1024))) as http:
        content: Any = b"x" * length if announced else chunks()
        response = await http.post("http://login.example/", content=content, headers=FORM)
    assert response.status_code == status
    assert ("content-length" in response.request.headers) == announced


@pytest.mark.parametrize("announced", [b"1025", b"99999999999", b"9" * 5000, b"-1", b"x", b"1 1"])
async def test_an_announced_length_that_cannot_be_is_refused_unread(announced: bytes) -> None:
    said: list[Message] = []

    async def unread() -> Message:
        raise AssertionError("the body was read")

    async def send(message: Message) -> None:
        said.append(message)

    headers = [(b"content-length", announced)]
    scope = {"type": "http", "headers": headers, "method": "POST", "path": "/"}
    await _limited(max_bytes=1024)(scope, unread, send)
    assert said[0]["status"] == 413


async def test_more_connections_than_can_be_served_are_told_so() -> None:
    async with _served(connections=3) as port:
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        assert (await _talk(port, [_head(b"Connection: close")])).startswith(b"HTTP/1.1 503 ")
        for _, writer in idle:
            writer.close()
            await writer.wait_closed()
        assert (await _talk(port, [_head(b"Connection: close")])).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(("length", "fits"), [(512 * 1024, True), (512 * 1024 + 1, False)])
async def test_a_frame_larger_than_any_picture_ends_its_connection(length: int, fits: bool) -> None:
    async with _served() as port, connect(f"ws://127.0.0.1:{port}/frames") as socket:
        assert socket.protocol.extensions == []
        await socket.send(bytes(length))
        if fits:
            assert await socket.recv() == str(length)
            return
        with pytest.raises(ConnectionClosedError) as closed:
            await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


def test_sockets_are_limited_and_no_proxy_is_believed() -> None:
    config = server_config(_limited(), port=0)
    assert config.limit_concurrency is not None
    assert config.ws_max_size == CaptureLimits().frame_bytes
    assert config.ws_max_queue == 1
    assert config.ws_per_message_deflate is False
    assert config.proxy_headers is False
    assert config.access_log is False
