"""What everybody can prove: openly licensed photographs before the camera, liveness switched off."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.browser import camera_when_left, screenshot
from tests.e2e.conftest import Person
from tests.e2e.demo import Demo
from tests.e2e.sign_in import Outcome

WHO = "a.person@example.com"


@pytest.fixture(scope="module")
def enrolled(person: Person, photo: Callable[[str], Path], demo_without_liveness: Demo) -> Outcome:
    with person(photo("person_a_1"), demo_without_liveness) as someone:
        outcome = someone.run(WHO)
        screenshot(someone.page, "acme-enrolled")
        assert camera_when_left(someone.page) == ["ended"]
    return outcome


def test_the_first_sign_in_enrols_and_claims_no_authentication(enrolled: Outcome) -> None:
    assert enrolled.event == "enrolled"
    assert enrolled.claims["verification"]["event"] == "enrolled"
    assert not {"amr", "acr", "email", "preferred_username"} & enrolled.claims.keys()


def test_the_same_person_years_later_is_matched(
    enrolled: Outcome, person: Person, photo: Callable[[str], Path], demo_without_liveness: Demo
) -> None:
    with person(photo("person_a_2"), demo_without_liveness) as someone:
        outcome = someone.run(WHO)
        screenshot(someone.page, "acme-matched")
    assert outcome.event == "matched"
    assert outcome.claims["sub"] == enrolled.claims["sub"]
    assert outcome.claims["amr"] == ["face"]
    assert outcome.claims["verification"]["results"] == {"face": "passed", "liveness": "not_executed"}


def test_another_person_is_refused(
    enrolled: Outcome, person: Person, photo: Callable[[str], Path], demo_without_liveness: Demo
) -> None:
    with person(photo("impostor_1"), demo_without_liveness) as someone:
        outcome = someone.run(WHO)
        screenshot(someone.page, "acme-refused")
    assert outcome.error == "access_denied"


def test_another_person_enrols_under_another_name(
    enrolled: Outcome, person: Person, photo: Callable[[str], Path], demo_without_liveness: Demo
) -> None:
    with person(photo("person_b_1"), demo_without_liveness) as someone:
        outcome = someone.run("b.person@example.com")
    assert outcome.event == "enrolled"
    assert outcome.claims["sub"] != enrolled.claims["sub"]
