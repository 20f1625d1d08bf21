"""The sandbox demo in a browser without JavaScript, without a camera, and in every look."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Playwright

from tests.e2e.browser import DESKTOP, STEP_TIMEOUT_MS, camera_playing
from tests.e2e.demo import Demo, running_demo
from tests.e2e.test_pages import fits


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running_demo(tmp_path_factory.mktemp("sandbox"), "--sandbox") as demo:
        yield demo


@pytest.fixture
def page(playwright: Playwright) -> Iterator[Page]:
    """Of a browser that runs no scripts, on a computer without a camera."""
    with camera_playing(playwright, None) as browser:
        context = browser.new_context(viewport=DESKTOP, java_script_enabled=False)
        context.set_default_timeout(STEP_TIMEOUT_MS)
        yield context.new_page()


def ask(page: Page, demo: Demo, identifier: str) -> None:
    page.goto(demo.acme)
    assert "Sandbox" in page.locator("#sandbox").inner_text()
    page.fill("#identifier", identifier)
    page.click("#sign-in")
    page.locator("#pass").wait_for()


def test_enrolled_then_matched_then_refused(page: Page, sandbox: Demo) -> None:
    for event in ("enrolled", "matched"):
        ask(page, sandbox, "ada@example.com")
        page.click("#pass")
        assert page.locator("#event").inner_text().lower() == event
        claims = json.loads(page.locator("#id-token").inner_text())
        assert claims["verification"]["sandbox"] is True
        assert ("amr" in claims) == (event == "matched")
    ask(page, sandbox, "ada@example.com")
    page.select_option("#reason", "spoof")
    page.click("#fail")
    assert page.locator("#error").inner_text() == "access_denied"


def test_a_service_that_is_down_is_told_apart(page: Page, sandbox: Demo) -> None:
    ask(page, sandbox, "bob@example.com")
    page.select_option("#reason", "service_unavailable")
    page.click("#fail")
    assert page.locator("#error").inner_text() == "temporarily_unavailable"


def test_the_page_fits_every_screen(playwright: Playwright, sandbox: Demo) -> None:
    with camera_playing(playwright, None) as browser:
        page = browser.new_page()
        ask(page, sandbox, "looks@example.com")
        fits(page, "sandbox", without_scrolling=("#pass", "#reason", "#fail"))
        page.goto(sandbox.acme)
        fits(page, "sandbox-acme", without_scrolling=("#sandbox",))
