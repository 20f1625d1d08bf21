"""The capture socket: whose it is, at what pace, and what hostile frames end."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.websockets import WebSocketDisconnect

from tests.support.scripted_engine import frame
from tests.support.verification_house import ADA, EVE, VerificationHouse, furnished_house
from verifeye_oidc.verification.port import (
    Failed,
    FailureReason,
)
from verifeye_oidc.verifier.capture import CaptureLimits


@pytest.fixture
def house(tmp_path: Path) -> Iterator[VerificationHouse]:
    with furnished_house(tmp_path) as house:
        yield house


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://localhost:8081", "null", "http://localhost"]
)
def test_the_socket_is_for_our_own_page_only(house: VerificationHouse, origin: str) -> None:
    session = house.consented()
    with pytest.raises(WebSocketDisconnect), house.socket(session, origin=origin):
        pass
    assert house.engine.observed == 0


def test_no_camera_before_consent(house: VerificationHouse) -> None:
    session = house.open()
    with pytest.raises(WebSocketDisconnect), house.socket(session):
        pass
    assert house.engine.observed == 0


def test_more_frames_than_were_asked_for_end_the_connection(house: VerificationHouse) -> None:
    session = house.consented()
    house.engine.gate.clear()
    with house.socket(session) as socket:
        assert socket.receive_json()["type"] == "ready"
        for _ in range(3):
            socket.send_bytes(frame())
        house.call(asyncio.sleep, 0)
        house.engine.gate.set()
        said = [socket.receive_json() for _ in range(3)]
        assert [message["type"] for message in said] == ["frame", "frame", "over"]
        assert said[-1]["reason"] == "limit"
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
        assert closed.value.code == 1008
    assert house.capture(session, frame(face=ADA))[-1] == {"type": "passed"}


@pytest.mark.parametrize(("hostile", "code"), [(b"no image", 1003), (b"x" * 600_000, 1009), ("text", 1003)])
def test_hostile_frames_end_the_connection_and_nothing_else(
    house: VerificationHouse, hostile: bytes | str, code: int
) -> None:
    session = house.consented()
    with house.socket(session) as socket:
        socket.receive_json()
        socket.send_text(hostile) if isinstance(hostile, str) else socket.send_bytes(hostile)
        assert socket.receive_json() == {"type": "over", "reason": "limit"}
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
        assert closed.value.code == code
    assert house.capture(session, frame(face=ADA))[-1] == {"type": "passed"}


def test_the_newer_of_two_connections_goes_on(house: VerificationHouse) -> None:
    session = house.consented()
    with house.socket(session) as older:
        assert older.receive_json()["type"] == "ready"
        with house.socket(session) as newer:
            assert newer.receive_json()["type"] == "ready"
            assert older.receive_json() == {"type": "over", "reason": "elsewhere"}
            newer.send_bytes(frame(face=ADA))
            assert newer.receive_json()["type"] == "frame"
            assert newer.receive_json() == {"type": "passed"}


def test_hanging_up_while_the_face_is_looked_at_loses_nothing(house: VerificationHouse) -> None:
    session = house.consented()
    house.engine.gate.clear()
    with house.socket(session) as socket:
        socket.receive_json()
        socket.send_bytes(frame())
    house.engine.gate.set()
    assert house.capture(session, frame(face=ADA))[-1] == {"type": "passed"}


def test_a_camera_that_sends_nothing_is_told_so(house: VerificationHouse) -> None:
    session = house.consented()
    house.service.captures.limits = CaptureLimits(no_face_seconds=0)
    with house.socket(session) as socket:
        assert [socket.receive_json()["type"] for _ in range(2)] == ["ready", "no_face"]
    assert house.browser.get(f"{session}/finish").headers["location"] == session


def test_three_failures_are_final(house: VerificationHouse) -> None:
    session = house.consented()
    lefts = [house.capture(session, frame(face=EVE))[-1]["captures_left"] for _ in range(3)]
    assert lefts == [2, 1, 0]
    with house.socket(session) as socket:
        assert socket.receive_json() == {"type": "failed", "captures_left": 0}
    outcome = house.complete(house.finish(session))
    assert isinstance(outcome, Failed)
    assert outcome.reason is FailureReason.MISMATCH


def test_starting_the_order_again_gives_no_further_captures(house: VerificationHouse) -> None:
    session = house.consented()
    house.capture(session, frame(face=EVE))
    assert house.open() == session
    with house.socket(session) as socket:
        assert socket.receive_json()["captures_left"] == 2


def test_an_engine_that_breaks_is_no_pass(house: VerificationHouse) -> None:
    session = house.consented()
    with house.socket(session) as socket:
        socket.receive_json()
        socket.send_bytes(b'{"hint": "unheard of", "face": null, "live": true}')
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
        assert closed.value.code == 1011
    assert house.capture(session, frame(face=ADA))[-1] == {"type": "passed"}
