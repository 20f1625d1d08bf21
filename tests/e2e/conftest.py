"""Two demos for all browser tests, with and without liveness, and people who sit down before the camera.

Playwright's synchronous interface keeps an event loop running in this thread: it must end with this package,
or the asynchronous tests that come after could not run.
"""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Playwright, sync_playwright

from tests.e2e.browser import CHROMIUM, camera_playing, new_page
from tests.e2e.demo import Demo, running_demo
from tests.e2e.sign_in import SignIn
from tests.support import camera
from tests.support.camera import Feeds
from tests.support.open_faces import open_face

Person = Callable[[Path, Demo], contextlib.AbstractContextManager[SignIn]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    if not Path(CHROMIUM).exists():
        pytest.fail(f"{CHROMIUM} is not there: run `make setup-test`, or set CHROMIUM to a Chromium")
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="package")
def demo_with_liveness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running_demo(tmp_path_factory.mktemp("demo"), "--liveness", "Verification") as demo:
        yield demo


@pytest.fixture(scope="package")
def demo_without_liveness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running_demo(tmp_path_factory.mktemp("demo"), "--liveness", "Disabled") as demo:
        yield demo


@pytest.fixture(scope="package")
def feeds(tmp_path_factory: pytest.TempPathFactory) -> Feeds:
    return Feeds(tmp_path_factory.mktemp("feeds"))


@pytest.fixture(scope="package")
def photo(feeds: Feeds) -> Callable[[str], Path]:
    """The feed of one openly licensed photograph, by its name."""
    return lambda name: feeds.build(name, lambda: camera.still(picture(name)))


def picture(name: str) -> Path:
    try:
        return open_face(name)
    except httpx2.TransportError as error:
        pytest.skip(f"the openly licensed test faces could not be fetched: {error}")


@pytest.fixture(scope="package")
def empty_room(feeds: Feeds) -> Path:
    return feeds.build("empty-room", camera.empty_room)


@pytest.fixture(scope="package")
def person(playwright: Playwright) -> Person:
    """A browser of its own, with a feed for its camera, about to sign in at a demo's Acme."""

    @contextlib.contextmanager
    def sit_down(feed: Path, demo: Demo) -> Iterator[SignIn]:
        with camera_playing(playwright, feed) as browser:
            yield SignIn(new_page(browser), demo)

    return sit_down
