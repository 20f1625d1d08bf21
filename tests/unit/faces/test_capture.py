"""A capture, frame by frame, with the real models and openly licensed photographs."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.unit.faces.pictures import Image, jpeg, webcam
from verifeye_oidc.faces import RECIPE, Capture, Engine, FrameRefused, Hint, Measurement, similarity

Photo = Callable[[str], Image]


def feed(capture: Capture, *frames: Image, rate: float = 8.0, start: float = 0.0) -> list[Hint]:
    return [capture.observe(jpeg(frame), start + index / rate).hint for index, frame in enumerate(frames)]


def measure(engine: Engine, image: Image, *, liveness: bool = False) -> Measurement:
    capture = engine.new_capture(liveness=liveness)
    for index in range(12):
        measurement = capture.observe(jpeg(image), index / 8).measurement
        if measurement:
            return measurement
    raise AssertionError("not measured within a second and a half")


def test_a_cooperative_face_is_measured_within_a_second_and_a_half(engine: Engine, face: Photo) -> None:
    capture = engine.new_capture(liveness=True)
    frame = jpeg(webcam(face("person_a_2"), size=0.8))
    seen = [capture.observe(frame, index / 8) for index in range(12)]
    progress = [observation.progress for observation in seen]
    assert progress == sorted(progress)
    assert 0 < progress[0] < progress[-1] == 1.0
    assert all((observation.measurement is not None) == (observation.progress == 1) for observation in seen)
    measurement = seen[-1].measurement
    assert measurement is not None
    assert measurement.frames == 3
    assert measurement.live is not None
    assert measurement.template.recipe_id == RECIPE.id
    assert measurement.template.model_sha256 == RECIPE.model_sha256
    assert capture.observe(b"no frame at all", 99).measurement is measurement


def test_liveness_is_decided_only_when_asked_for(engine: Engine, face: Photo) -> None:
    image = webcam(face("person_b_1"), size=0.8)
    without, with_it = measure(engine, image), measure(engine, image, liveness=True)
    assert (without.live, without.liveness_score) == (None, None)
    assert with_it.liveness_score is not None
    assert with_it.live == (with_it.liveness_score >= 0.5)


@pytest.mark.parametrize("person", ["a", "b"])
def test_one_person_matches_and_strangers_do_not(engine: Engine, face: Photo, person: str) -> None:
    first, second = (measure(engine, webcam(face(f"person_{person}_{n}"), size=0.8)).template for n in (1, 2))
    assert similarity(first, second) >= RECIPE.threshold(1e-5)
    other = "b" if person == "a" else "a"
    for stranger in (f"person_{other}_1", f"person_{other}_2", "impostor_1", "impostor_2"):
        against = measure(engine, webcam(face(stranger), size=0.8)).template
        assert similarity(first, against) < RECIPE.threshold(1e-3)


def test_the_same_frames_give_the_same_template(engine: Engine, face: Photo) -> None:
    image = webcam(face("person_a_2"), size=0.8)
    assert measure(engine, image).template.to_bytes() == measure(engine, image).template.to_bytes()


def test_portrait_frames_and_small_ones_are_measured(engine: Engine, face: Photo) -> None:
    landscape = webcam(face("person_a_2"), size=0.9)
    reference = measure(engine, landscape).template
    for image in (landscape[:, 140:500], cv2.resize(landscape, (400, 300), interpolation=cv2.INTER_AREA)):
        again = measure(engine, image.astype(np.uint8)).template
        assert similarity(reference, again) > 0.8


def test_each_fault_has_its_hint(engine: Engine, face: Photo) -> None:
    photo = face("person_a_2")
    good = webcam(photo, size=0.8)
    faults = {
        Hint.NO_FACE: np.full_like(good, 128),
        Hint.TOO_SMALL: webcam(photo, size=0.2),
        Hint.TOO_CLOSE: webcam(photo, size=0.9)[40:440, 210:430],
        Hint.TOO_DARK: (good * 0.25).astype(np.uint8),
        Hint.BLURRED: cv2.GaussianBlur(good, (0, 0), 6),
        Hint.SEVERAL_FACES: np.hstack([good[:, 150:490], good[:, 150:490]]),
    }
    for hint, frame in faults.items():
        capture = engine.new_capture(liveness=False)
        assert feed(capture, frame.astype(np.uint8)) == [hint]
        assert capture.observe(jpeg(np.full_like(good, 128)), 1).progress == 0
    assert feed(engine.new_capture(liveness=False), good) == [Hint.OK]


def test_a_face_half_out_of_the_frame_is_cut_off(engine: Engine, face: Photo) -> None:
    wide = webcam(face("person_a_2"), size=0.9)
    frames = [np.ascontiguousarray(wide[:, left:]) for left in (200, 275, 305)]
    hints = [feed(engine.new_capture(liveness=False), frame)[0] for frame in frames]
    assert hints == [Hint.OK, Hint.CUT_OFF, Hint.CUT_OFF]


def test_evidence_is_never_taken_closer_than_its_interval(engine: Engine, face: Photo) -> None:
    capture = engine.new_capture(liveness=False)
    frame = jpeg(webcam(face("person_a_2"), size=0.8))
    progress = [0.0] + [capture.observe(frame, index / 60).progress for index in range(60)]
    times = [index / 60 for index, (before, after) in enumerate(pairwise(progress)) if after > before]
    assert len(times) == 3
    assert min(after - before for before, after in pairwise(times)) >= 0.25


def test_two_people_in_turn_never_make_a_measurement(engine: Engine, face: Photo) -> None:
    """Same place, same size, other person: only identity tells."""
    one, two = (webcam(face(name), size=0.8) for name in ("person_a_2", "impostor_1"))
    capture = engine.new_capture(liveness=False)
    for index in range(10):
        seen = capture.observe(jpeg((one, two)[index % 2]), index * 0.4)
        assert seen.hint is Hint.OK
        assert seen.measurement is None
        assert seen.progress == pytest.approx(1 / 3)


def test_another_person_in_the_last_moment_starts_the_row_anew(engine: Engine, face: Photo) -> None:
    one, two = (webcam(face(name), size=0.8) for name in ("person_a_2", "impostor_1"))
    capture = engine.new_capture(liveness=False)
    for at, frame in ((0.0, one), (0.4, one), (0.8, two), (1.2, two)):
        assert capture.observe(jpeg(frame), at).measurement is None
    measurement = capture.observe(jpeg(two), 1.6).measurement
    assert measurement is not None
    assert similarity(measurement.template, measure(engine, two).template) > 0.99


@pytest.mark.parametrize("case", ["gone", "elsewhere", "company"])
def test_a_break_starts_the_row_anew(engine: Engine, face: Photo, case: str) -> None:
    photo = face("person_a_2")
    here = webcam(photo, size=0.5)
    capture = engine.new_capture(liveness=False)
    feed(capture, here, here, rate=2.5)
    assert capture.observe(jpeg(np.full_like(here, 128)), 0.45).progress == pytest.approx(2 / 3)
    if case == "gone":
        assert capture.observe(jpeg(here), 2.5).progress == pytest.approx(1 / 3)
    elif case == "elsewhere":
        assert capture.observe(jpeg(webcam(photo, size=0.5, right=180)), 0.8).progress == pytest.approx(1 / 3)
    else:
        both = np.hstack([here[:, 220:420], here[:, 220:420]])
        assert capture.observe(jpeg(both), 0.8).progress == 0


def test_a_refused_frame_does_not_end_the_capture(engine: Engine, face: Photo) -> None:
    capture = engine.new_capture(liveness=False)
    frame = webcam(face("person_a_2"), size=0.8)
    feed(capture, frame)
    with pytest.raises(FrameRefused):
        capture.observe(b"no frame at all", 0.2)
    assert capture.observe(jpeg(frame), 0.4).progress == pytest.approx(2 / 3)


def test_the_limits_are_the_engines(models_dir: Path, face: Photo) -> None:
    frame = jpeg(webcam(face("person_a_2")))
    strict = Engine.load(models_dir, max_frame_pixels=640 * 480 - 1)
    with pytest.raises(FrameRefused, match="pixels"):
        strict.new_capture(liveness=False).observe(frame, 0)


def test_no_frame_is_kept(engine: Engine, face: Photo) -> None:
    capture = engine.new_capture(liveness=True)
    frame = webcam(face("person_a_2"), size=0.8)
    feed(capture, frame, frame, rate=2)
    for value in vars(capture).values():
        assert not isinstance(value, bytes)
        assert not (isinstance(value, np.ndarray) and value.size > 128)


def test_one_engine_serves_many_threads(engine: Engine, face: Photo) -> None:
    images = [webcam(face(name), size=0.8) for name in ("person_a_2", "person_b_1", "impostor_1")]
    alone = [measure(engine, image).template.to_bytes() for image in images]
    with ThreadPoolExecutor(max_workers=3) as pool:
        together = pool.map(lambda image: measure(engine, image).template.to_bytes(), images * 2)
    assert list(together) == alone * 2
