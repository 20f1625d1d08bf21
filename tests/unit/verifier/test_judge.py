"""What one measurement is worth, by mode, liveness and enrolment."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.builders import make_configuration, make_session
from tests.support.fakes import START
from tests.support.scripted_engine import template
from tests.support.verifier_room import Room
from verifeye_oidc.faces import Measurement, RecipeMismatch, UnmeasuredRate
from verifeye_oidc.keys.vault import Unsealable
from verifeye_oidc.verification.port import (
    Event,
    FaceMode,
    FailureReason,
    LivenessMode,
    Provenance,
    Verifier,
    VerifierResult,
)
from verifeye_oidc.verifier.model import Configuration, SessionResult

ADA, EVE = 1, 2
MATCH = make_configuration()
UNIQUE = make_configuration(face=FaceMode.UNIQUE_MATCH_VERIFICATION)
NO_LIVENESS = make_configuration(liveness=LivenessMode.DISABLED)
FIRST_USE = Provenance.FIRST_USE
OTHER = "external-id-of-another"


def measured(face: int, *, live: bool | None) -> Measurement:
    return Measurement(template(face), live, None, 3, None)  # type: ignore[arg-type]


async def judge(
    room: Room,
    face: int,
    configuration: Configuration = MATCH,
    *,
    live: bool | None = True,
    enrolment: Provenance | None = None,
) -> SessionResult:
    session = make_session(enrolment=enrolment)
    judge = room.service.captures.judge
    return await judge.judge(session, configuration, measured(face, live=live))


async def test_the_enrolled_face_matches_and_says_under_which_provenance(room: Room) -> None:
    await room.enrolled(face=ADA, provenance=Provenance.INVITE)
    result = await judge(room, ADA, enrolment=FIRST_USE)
    assert result.passed
    assert (result.event, result.provenance, result.reason) == (Event.MATCHED, Provenance.INVITE, None)
    assert result.results == dict.fromkeys(Verifier, VerifierResult.PASSED)
    assert result.finished_at == START


async def test_another_face_does_not(room: Room) -> None:
    await room.enrolled(face=ADA)
    result = await judge(room, EVE, enrolment=FIRST_USE)
    assert (result.passed, result.reason) == (False, FailureReason.MISMATCH)
    assert result.results[Verifier.FACE] is VerifierResult.FAILED


@pytest.mark.parametrize("live", [False, None])
async def test_whoever_is_not_proven_live_is_compared_with_nobody(room: Room, live: bool | None) -> None:
    await room.enrolled(face=ADA)
    result = await judge(room, ADA, live=live)
    assert (result.passed, result.reason) == (False, FailureReason.SPOOF)
    assert result.results == {
        Verifier.LIVENESS: VerifierResult.FAILED,
        Verifier.FACE: VerifierResult.NOT_EXECUTED,
    }


async def test_without_liveness_a_pass_says_that_it_was_not_executed(room: Room) -> None:
    await room.enrolled(face=ADA)
    result = await judge(room, ADA, NO_LIVENESS, live=None)
    assert result.passed
    assert result.results[Verifier.LIVENESS] is VerifierResult.NOT_EXECUTED


async def test_who_may_not_enrol_is_refused(room: Room) -> None:
    result = await judge(room, ADA)
    assert (result.passed, result.reason) == (False, FailureReason.NOT_ENROLLED)
    assert await room.store.template_changes(make_session().configuration_id, 0) == []


@pytest.mark.parametrize("mode", [MATCH, UNIQUE])
async def test_who_may_enrol_does_under_the_ordered_provenance(room: Room, mode: Configuration) -> None:
    result = await judge(room, ADA, mode, enrolment=Provenance.INVITE)
    assert (result.event, result.provenance) == (Event.ENROLLED, Provenance.INVITE)


async def test_a_person_may_hold_several_ids_unless_they_must_be_unique(room: Room) -> None:
    await room.enrolled(face=ADA, external_id=OTHER)
    duplicate = await judge(room, ADA, UNIQUE, enrolment=FIRST_USE)
    assert (duplicate.passed, duplicate.reason) == (False, FailureReason.DUPLICATE)
    assert (await judge(room, ADA, enrolment=FIRST_USE)).event is Event.ENROLLED


async def test_unique_or_not_a_known_id_is_compared_one_to_one(room: Room) -> None:
    await room.enrolled(face=ADA)
    await room.enrolled(face=EVE, external_id=OTHER, template_id="template-of-eve")
    assert (await judge(room, ADA, UNIQUE)).event is Event.MATCHED
    assert (await judge(room, EVE, UNIQUE)).reason is FailureReason.MISMATCH


@pytest.mark.parametrize("mode", [MATCH, UNIQUE])
async def test_a_first_capture_after_the_result_is_a_conflict(room: Room, mode: Configuration) -> None:
    assert (await judge(room, ADA, mode, enrolment=FIRST_USE)).passed
    first = await judge(
        room, ADA, mode, enrolment=FIRST_USE
    )  # as after a crash before the result was written
    assert first.passed
    assert await room.store.finish_session(make_session().session_id, first)
    result = await judge(room, ADA, mode, enrolment=FIRST_USE)
    assert (result.passed, result.reason) == (False, FailureReason.ENROLMENT_CONFLICT)


async def test_neither_an_old_recipe_nor_an_unmeasured_rate_is_a_pass(room: Room) -> None:
    await room.enrolled(face=ADA, recipe_id="older-recipe")
    with pytest.raises(RecipeMismatch):
        await judge(room, ADA)
    await room.enrolled(face=ADA, external_id=OTHER, template_id="second")
    session = make_session(external_id=OTHER)
    with pytest.raises(UnmeasuredRate):
        await room.service.captures.judge.judge(
            session, make_configuration(false_match_rate=0.5), measured(ADA, live=True)
        )


async def test_an_enrolment_that_compares_with_nobody_reads_nobody_elses_template(
    room: Room, tmp_path: Path
) -> None:
    """It would read the whole collection, under the write lock."""
    await room.enrolled(face=EVE, external_id=OTHER)
    with closing(sqlite3.connect(tmp_path / "provider.db", isolation_level=None)) as connection:
        connection.execute("UPDATE templates SET vector = x'00'")
    with pytest.raises(Unsealable):
        await judge(room, ADA, UNIQUE, enrolment=FIRST_USE)
    assert (await judge(room, ADA, MATCH, enrolment=FIRST_USE)).passed
