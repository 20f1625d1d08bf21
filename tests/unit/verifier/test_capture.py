"""One capture's conversation: what is answered, what is counted, when it is over."""

import asyncio
from dataclasses import replace

import pytest

from tests.support.builders import EXTERNAL_ID, SESSION_ID, make_configuration, make_session, make_template
from tests.support.fakes import FixedClock
from tests.support.scripted_engine import ScriptedEngine, frame
from tests.support.verifier_room import Room
from verifeye_oidc.faces import Hint, RecipeMismatch
from verifeye_oidc.verification.port import Event, FailureReason, Provenance
from verifeye_oidc.verifier.capture import CaptureLimits, CaptureRun, Close
from verifeye_oidc.verifier.model import SessionState
from verifeye_oidc.verifier.pace import Usages

ADA, EVE = 1, 2


async def begin(room: Room) -> CaptureRun:
    session = await room.store.session(SESSION_ID)
    assert session is not None
    return room.service.captures.begin(session, make_configuration())


async def test_it_says_what_the_page_may_do(room: Room) -> None:
    run = await begin(room)
    assert await run.open() == [
        {
            "type": "ready",
            "captures_left": 3,
            "max_in_flight": 2,
            "interval_ms": 125,
            "long_side": 640,
            "quality": 0.8,
        }
    ]
    answer = {"type": "frame", "n": 1, "hint": "too_small", "progress": 0.0}
    assert await run.feed(frame(Hint.TOO_SMALL)) == [answer]


async def test_a_matching_face_passes_once_and_for_good(room: Room) -> None:
    await room.enrolled(face=ADA)
    run = await begin(room)
    messages = await run.feed(frame(face=ADA))
    assert [message["type"] for message in messages] == ["frame", "passed"]
    assert run.close_code is Close.DONE
    session = await room.store.session(SESSION_ID)
    assert session is not None
    assert session.state is SessionState.PASSED
    assert session.captures == 1
    assert session.result is not None
    assert (session.result.event, session.result.provenance) == (Event.MATCHED, Provenance.FIRST_USE)
    assert await run.feed(frame(face=EVE)) == []
    again = await begin(room)
    assert await again.open() == [{"type": "passed"}]


async def test_three_captures_and_no_more(room: Room) -> None:
    await room.enrolled(face=ADA)
    lasts = []
    for _ in range(3):
        run = await begin(room)
        await run.open()
        lasts.append((await run.feed(frame(face=EVE)))[-1])
    assert lasts == [{"type": "failed", "captures_left": left} for left in (2, 1, 0)]
    session = await room.store.session(SESSION_ID)
    assert session is not None
    assert session.result is not None
    assert session.result.reason is FailureReason.MISMATCH
    run = await begin(room)
    assert await run.open() == [{"type": "failed", "captures_left": 0}]
    assert await run.feed(frame(face=ADA)) == []


async def test_a_print_and_another_person_look_the_same_to_the_person(room: Room) -> None:
    await room.enrolled(face=ADA)
    mismatch = (await (await begin(room)).feed(frame(face=EVE)))[-1]
    spoof = (await (await begin(room)).feed(frame(face=ADA, live=False)))[-1]
    assert mismatch == {"type": "failed", "captures_left": 2}
    assert spoof == {"type": "failed", "captures_left": 1}


async def test_captures_that_were_counted_and_never_judged_are_used_up(room: Room) -> None:
    """As after a crash between counting and comparing."""
    await room.enrolled(face=ADA)
    for _ in range(3):
        await room.store.count_capture(SESSION_ID, 3)
    run = await begin(room)
    assert await run.open() == [{"type": "failed", "captures_left": 0}]
    session = await room.store.session(SESSION_ID)
    assert session is not None
    assert session.result is not None
    assert session.result.reason is FailureReason.VERIFIER_MISSING


async def test_connections_that_race_share_the_three_captures(room: Room) -> None:
    """A run that began before the others were counted is counted all the same, in storage."""
    await room.enrolled(face=ADA)
    runs = [await begin(room) for _ in range(4)]
    for run in runs:
        run.superseded.clear()
    lasts = [(await run.feed(frame(face=EVE)))[-1] for run in runs]
    assert [last["captures_left"] for last in lasts] == [2, 1, 0, 0]
    session = await room.store.session(SESSION_ID)
    assert session is not None
    assert session.captures == 3


async def test_the_newer_connection_takes_over(room: Room) -> None:
    await room.enrolled(face=ADA)
    first = await begin(room)
    second = await begin(room)
    assert await first.feed(frame(face=EVE)) == [{"type": "over", "reason": "elsewhere"}]
    room.service.captures.end(first)
    assert (await second.feed(frame(face=ADA)))[-1] == {"type": "passed"}


async def test_what_the_older_connection_still_sees_is_not_counted(
    room: Room, engine: ScriptedEngine
) -> None:
    await room.enrolled(face=ADA)
    engine.gate.clear()
    older = await begin(room)
    looking = asyncio.create_task(older.feed(frame(face=EVE)))
    await asyncio.sleep(0)
    await begin(room)
    engine.gate.set()
    assert await looking == [{"type": "over", "reason": "elsewhere"}]
    session = await room.store.session(SESSION_ID)
    assert session is not None
    assert session.captures == 0


async def test_no_usable_face_for_too_long(room: Room, clock: FixedClock) -> None:
    run = await begin(room)
    clock.advance(15)
    assert (await run.feed(frame()))[-1]["type"] == "frame"
    clock.advance(19.5)
    assert (await run.feed(frame(Hint.TOO_DARK)))[-1]["type"] == "frame"
    clock.advance(0.5)
    messages = await run.feed(frame(Hint.NO_FACE))
    assert [message["type"] for message in messages] == ["frame", "no_face"]
    session = await room.store.session(SESSION_ID)
    assert session is not None
    assert (session.captures, session.result) == (0, None)


async def test_a_capture_has_an_end_in_seconds_and_in_frames(room: Room, clock: FixedClock) -> None:
    room.service.captures.limits = CaptureLimits(frames=5, no_face_seconds=100)
    run = await begin(room)
    clock.advance(60)
    assert (await run.feed(frame()))[-1]["type"] == "no_face"
    run = await begin(room)
    types = [(await run.feed(frame()))[-1]["type"] for _ in range(5)]
    assert types == ["frame"] * 4 + ["no_face"]


async def test_the_session_ends_in_the_middle_of_a_capture(room: Room, clock: FixedClock) -> None:
    run = await begin(room)
    clock.advance(300)
    assert await run.feed(frame(face=ADA)) == [{"type": "over", "reason": "expired"}]
    assert await (await begin(room)).open() == [{"type": "over", "reason": "expired"}]


@pytest.mark.parametrize(
    ("hostile", "code"), [(b"garbage", Close.NOT_A_FRAME), (b"x" * (512 * 1024 + 1), Close.TOO_LARGE)]
)
async def test_a_hostile_frame_ends_the_capture_and_not_the_session(
    room: Room, engine: ScriptedEngine, hostile: bytes, code: Close
) -> None:
    await room.enrolled(face=ADA)
    run = await begin(room)
    assert await run.feed(hostile) == [{"type": "over", "reason": "limit"}]
    assert run.close_code is code
    assert engine.observed == (1 if code is Close.NOT_A_FRAME else 0)
    assert (await (await begin(room)).feed(frame(face=ADA)))[-1] == {"type": "passed"}


async def test_cancelled_elsewhere_while_the_face_was_looked_at(room: Room) -> None:
    await room.enrolled(face=ADA)
    run = await begin(room)
    session = await room.store.session(SESSION_ID)
    assert session is not None
    await room.service.sessions.fail(session, FailureReason.CANCELLED)
    assert (await run.feed(frame(face=ADA)))[-1] == {"type": "failed", "captures_left": 0}
    session = await room.store.session(SESSION_ID)
    assert session is not None
    assert session.result is not None
    assert session.result.reason is FailureReason.CANCELLED


async def test_a_template_of_another_recipe_is_no_pass_and_no_mismatch(room: Room) -> None:
    await room.enrolled(face=ADA, recipe_id="older-recipe")
    run = await begin(room)
    with pytest.raises(RecipeMismatch):
        await run.feed(frame(face=ADA))
    session = await room.store.session(SESSION_ID)
    assert session is not None
    assert (session.captures, session.result) == (1, None)


async def test_a_first_capture_enrols_pending_until_the_decision(room: Room) -> None:
    session = make_session(session_id="other", nonce="n2", enrolment=Provenance.FIRST_USE)
    await room.store.open_session(replace(session, state=SessionState.CAPTURE))
    run = room.service.captures.begin(session, make_configuration())
    assert (await run.feed(frame(face=ADA)))[-1] == {"type": "passed"}
    finished = await room.store.session("other")
    assert finished is not None
    assert finished.result is not None
    assert (finished.result.event, finished.result.provenance) == (Event.ENROLLED, Provenance.FIRST_USE)
    configuration_id = session.configuration_id
    assert await room.store.active_template(configuration_id, EXTERNAL_ID) is None
    (change,) = await room.store.template_changes(configuration_id, 0)
    assert change.template is not None
    assert change.template.session_id == "other"
    assert change.template.pending_until == session.expires_at + 60
    assert make_template().recipe_id == change.template.recipe_id


async def test_frames_before_their_time_are_answered_and_not_looked_at(
    room: Room, clock: FixedClock, engine: ScriptedEngine
) -> None:
    """Reconnecting gives no further looks."""
    for _ in range(5):
        run = await begin(room)
        assert (await run.feed(frame(Hint.TOO_SMALL)))[0]["type"] == "frame"
    assert engine.observed == 4
    run = await begin(room)
    assert (await run.feed(frame(face=ADA)))[0]["progress"] == 0.0
    clock.advance(0.11)
    assert (await run.feed(frame(Hint.TOO_DARK)))[0]["hint"] == "too_dark"
    assert (await run.feed(frame(face=ADA)))[0]["hint"] == "too_dark"
    assert engine.observed == 5


async def test_every_frame_of_an_honest_and_jittery_phone_is_looked_at(
    room: Room, clock: FixedClock, engine: ScriptedEngine
) -> None:
    run = await begin(room)
    sent = 0
    for late in (0, 0.25, 0, 0.125, 0.3, 0) * 10:
        clock.advance(0.125 + late)
        for _ in range(1 + round(late / 0.125)):  # those that the network held back come at once
            await run.feed(frame())
            sent += 1
    assert engine.observed == sent


@pytest.mark.parametrize("limits", [CaptureLimits(session_frames=2), CaptureLimits(session_connections=2)])
async def test_what_a_session_may_ask_for_counts_over_its_connections(
    room: Room, clock: FixedClock, limits: CaptureLimits
) -> None:
    room.service.captures.limits = limits
    for _ in range(2):
        run = await begin(room)
        assert (await run.open())[0]["type"] == "ready"
        assert (await run.feed(frame()))[-1]["type"] == "frame"
        clock.advance(1)
    run = await begin(room)
    said = [*await run.open(), *await run.feed(frame(face=ADA))]
    assert said[-1] == {"type": "failed", "captures_left": 0}
    session = await room.store.session(SESSION_ID)
    assert session is not None
    assert session.result is not None
    assert session.result.reason is FailureReason.TIME_OUT


async def test_captures_have_places_and_the_next_one_hears_that_all_are_taken(room: Room) -> None:
    room.service.captures.limits = CaptureLimits(concurrent=1)
    first = await begin(room)
    other = make_session(session_id="other", nonce="other")
    await room.store.open_session(other)
    late = room.service.captures.begin(other, make_configuration())
    assert await late.open() == [{"type": "over", "reason": "busy"}]
    assert late.close_code is Close.DONE
    room.service.captures.end(late)
    second = await begin(room)  # takes its own session's place over
    room.service.captures.end(first)
    assert (await second.open())[0]["type"] == "ready"
    room.service.captures.end(second)
    again = room.service.captures.begin(other, make_configuration())
    assert (await again.open())[0]["type"] == "ready"


def test_what_a_session_used_is_forgotten_with_its_time() -> None:
    usages = Usages()
    usages.of("short", 10, 0).frames = 7
    assert usages.of("short", 10, 5).frames == 7
    usages.of("long", 100, 10)
    assert usages.of("short", 10, 10).frames == 0
