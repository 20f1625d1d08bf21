"""The pages as people meet them: small and large screens, light and dark, and without a pointer."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, Playwright, ViewportSize, expect

from tests.e2e.browser import DESKTOP, PHONE, camera_playing, new_page, screenshot
from tests.e2e.demo import Demo
from tests.e2e.sign_in import SignIn

LOOKS: dict[str, tuple[ViewportSize, Literal["light", "dark"]]] = {
    "phone-light": (PHONE, "light"),
    "phone-dark": (PHONE, "dark"),
    "desktop-light": (DESKTOP, "light"),
    "desktop-dark": (DESKTOP, "dark"),
}

NAMELESS = """
() => [...document.querySelectorAll("button, input:not([type=hidden]), a[href]")]
  .filter((control) => control.checkVisibility())
  .filter((control) => !(control.textContent.trim() || control.ariaLabel || control.labels?.length))
  .map((control) => control.outerHTML)
"""


def fits(page: Page, name: str, *, without_scrolling: tuple[str, ...] = ()) -> None:
    """In every look: nothing cut off sideways, a title, a language, a name for every control.

    What is named by `without_scrolling` is seen whole at once.
    """
    assert page.title()
    assert page.locator("html").get_attribute("lang")
    assert page.evaluate(NAMELESS) == []
    for look, (viewport, scheme) in LOOKS.items():
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        for needed in without_scrolling:
            expect(page.locator(needed)).to_be_in_viewport(ratio=0.99)
        screenshot(page, f"{name}-{look}")


def test_every_page_fits_every_screen(
    playwright: Playwright, empty_room: Path, demo_without_liveness: Demo
) -> None:
    with camera_playing(playwright, empty_room) as browser:
        page = new_page(browser)
        someone = SignIn(page, demo_without_liveness)
        page.goto(demo_without_liveness.acme)
        fits(page, "acme", without_scrolling=("#sign-in",))

        page.goto(f"{demo_without_liveness.acme}/login")
        page.locator("#continue").wait_for()
        fits(page, "identifier", without_scrolling=("#continue",))

        page.fill("#identifier", "looks@example.com")
        page.click("#continue")
        page.locator("#accept").wait_for()
        fits(page, "consent", without_scrolling=("#accept",))

        someone.accept()
        expect(page.locator("#hint")).to_have_text("Put your face in the oval")
        fits(page, "capture", without_scrolling=("#preview", "#hint", "#cancel"))

        someone.panel("no-face")
        fits(page, "no-face", without_scrolling=("#try-again", "#cancel"))

        page.goto(f"{demo_without_liveness.provider}/v1/openid/authorize?client_id=nobody")
        expect(page.locator("#error")).to_be_visible()
        fits(page, "error", without_scrolling=("#error",))


def tab_to(page: Page, selector: str) -> None:
    """Reach a control as somebody without a pointer does."""
    for _ in range(20):
        if page.locator(selector).evaluate("(wanted) => wanted === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{selector} cannot be reached with the tabulator")


def test_signing_in_with_the_keyboard_alone(
    playwright: Playwright, photo: Callable[[str], Path], demo_without_liveness: Demo
) -> None:
    with camera_playing(playwright, photo("person_b_2")) as browser:
        page = new_page(browser)
        page.goto(demo_without_liveness.acme)
        tab_to(page, "#identifier")
        page.keyboard.type("keyboard@example.com")
        page.keyboard.press("Enter")
        page.locator("#accept").wait_for()
        tab_to(page, "#accept")
        page.keyboard.press("Enter")
        assert SignIn(page, demo_without_liveness).outcome().event == "enrolled"


def test_giving_up_with_the_keyboard_alone(
    playwright: Playwright, empty_room: Path, demo_without_liveness: Demo
) -> None:
    with camera_playing(playwright, empty_room, permitted=False) as browser:
        someone = SignIn(new_page(browser), demo_without_liveness).ask("gives-up@example.com").accept()
        someone.panel("refused")
        expect(someone.page.locator('[data-panel="refused"] h2')).to_be_focused()
        tab_to(someone.page, "#cancel")
        someone.page.keyboard.press("Enter")
        assert someone.outcome().error == "access_denied"
