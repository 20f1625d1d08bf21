"""What can come between a person and the camera: each says what to do, and leaves a way on and a way out."""

import itertools
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, WebSocketRoute, expect

from tests.e2e.browser import camera_playing, camera_tracks, new_page, screenshot
from tests.e2e.conftest import Person, picture
from tests.e2e.demo import Demo
from tests.e2e.sign_in import SignIn
from tests.support import camera
from tests.support.camera import Feeds


def test_declining_the_terms(person: Person, empty_room: Path, demo_without_liveness: Demo) -> None:
    with person(empty_room, demo_without_liveness) as someone:
        someone.ask("declines@example.com").page.click("#decline")
        assert someone.outcome().error == "access_denied"


def test_cancelling_before_the_camera(person: Person, empty_room: Path, demo_without_liveness: Demo) -> None:
    with person(empty_room, demo_without_liveness) as someone:
        someone.ask("cancels@example.com").accept()
        assert someone.cancel().error == "access_denied"


def test_nobody_before_the_camera(person: Person, empty_room: Path, demo_without_liveness: Demo) -> None:
    with person(empty_room, demo_without_liveness) as someone:
        someone.ask("nobody@example.com").accept().panel("no-face")
        screenshot(someone.page, "capture-no-face")
        assert camera_tracks(someone.page) == ["ended"]
        someone.page.click("#try-again")
        expect(someone.page.locator("#capture")).to_have_attribute("data-state", "live")
        assert camera_tracks(someone.page) == ["ended", "live"]
        assert someone.cancel().error == "access_denied"


def test_two_people_before_the_camera(person: Person, feeds: Feeds, demo_without_liveness: Demo) -> None:
    left, right = (camera.still(picture(name)) for name in ("person_a_2", "impostor_1"))
    two = feeds.build("two-people", lambda: camera.beside(left, right))
    with person(two, demo_without_liveness) as someone:
        someone.ask("two@example.com").accept()
        expect(someone.page.locator("#hint")).to_have_text("Only one face, please")
        screenshot(someone.page, "capture-two-faces")
        assert someone.cancel().error == "access_denied"


def test_the_camera_is_refused(playwright: Playwright, empty_room: Path, demo_without_liveness: Demo) -> None:
    with camera_playing(playwright, empty_room, permitted=False) as browser:
        someone = SignIn(new_page(browser), demo_without_liveness).ask("refuses@example.com").accept()
        someone.panel("refused")
        screenshot(someone.page, "capture-refused")
        expect(someone.page.locator("#try-again")).to_be_visible()
        assert someone.cancel().error == "access_denied"


def test_there_is_no_camera(playwright: Playwright, demo_without_liveness: Demo) -> None:
    with camera_playing(playwright, None) as browser:
        someone = SignIn(new_page(browser), demo_without_liveness).ask("no-camera@example.com").accept()
        someone.panel("no-camera")
        screenshot(someone.page, "capture-no-camera")
        expect(someone.page.locator("#try-again")).to_be_visible()
        assert someone.cancel().error == "access_denied"


@pytest.mark.parametrize("answers", [0, 2])
def test_the_connection_is_lost_and_found_again(
    person: Person, photo: Callable[[str], Path], demo_without_liveness: Demo, answers: int
) -> None:
    """Lost before the server's first word, or in the middle of the capture."""
    cuts = itertools.count()

    def cut_the_first(route: WebSocketRoute) -> None:
        server = route.connect_to_server()
        if next(cuts):
            return
        heard = itertools.count()

        def pass_on(message: str | bytes) -> None:
            if next(heard) < answers:
                route.send(message)
            else:
                route.close(code=1011, reason="cut by the test")

        server.on_message(pass_on)

    with person(photo("impostor_2"), demo_without_liveness) as someone:
        someone.page.route_web_socket(re.compile("/capture"), cut_the_first)
        someone.ask(f"lost-{answers}@example.com").accept().panel("lost")
        screenshot(someone.page, "capture-lost")
        assert camera_tracks(someone.page) == ["ended"]
        someone.page.click("#try-again")
        assert someone.outcome().event == "enrolled"


def test_a_second_browser_gets_nothing_and_takes_nothing(
    playwright: Playwright, photo: Callable[[str], Path], demo_without_liveness: Demo
) -> None:
    with camera_playing(playwright, photo("person_b_1")) as browser:
        someone = SignIn(new_page(browser), demo_without_liveness)
        opened: list[str] = []
        someone.page.on("request", lambda request: opened.append(request.url))
        someone.ask("claimed@example.com")
        (signed,) = {url for url in opened if "reSignature=" in url}

        stranger = new_page(browser)
        for url in (signed, someone.page.url):
            answer = stranger.goto(url)
            assert answer is not None
            assert 400 <= answer.status < 500
            expect(stranger.locator("#error")).to_be_visible()
        screenshot(stranger, "second-browser")

        assert someone.accept().outcome().event == "enrolled"
