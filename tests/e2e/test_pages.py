"""The pages as people meet them: small and large screens, light and dark, and without a pointer."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright, ViewportSize, expect

from tests.e2e.browser import DESKTOP, PHONE, camera_playing, new_page, screenshot
from tests.e2e.demo import Demo
from tests.e2e.sign_in import SignIn

NAMELESS = """
() => [...document.querySelectorAll("button, input:not([type=hidden]), a[href]")]
  .filter((control) => control.checkVisibility())
  .filter((control) => !(control.textContent.trim() || control.ariaLabel || control.labels?.length))
  .map((control) => control.outerHTML)
"""


def fits(page: Page) -> None:
    """Nothing is cut off sideways, the page names itself and its language, and every control has a name."""
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.title()
    assert page.locator("html").get_attribute("lang")
    assert page.evaluate(NAMELESS) == []


@pytest.mark.parametrize(
    ("viewport", "dark"),
    [(PHONE, False), (PHONE, True), (DESKTOP, False), (DESKTOP, True)],
    ids=["phone-light", "phone-dark", "desktop-light", "desktop-dark"],
)
def test_every_page_fits_the_screen(
    playwright: Playwright,
    empty_room: Path,
    demo_without_liveness: Demo,
    viewport: ViewportSize,
    dark: bool,
    request: pytest.FixtureRequest,
) -> None:
    look = request.node.callspec.id
    with camera_playing(playwright, empty_room) as browser:
        page = new_page(browser, viewport, dark=dark)
        someone = SignIn(page, demo_without_liveness)
        page.goto(demo_without_liveness.acme)
        fits(page)
        screenshot(page, f"acme-{look}")

        page.goto(f"{demo_without_liveness.acme}/login")
        page.locator("#continue").wait_for()
        fits(page)
        screenshot(page, f"identifier-{look}")

        page.fill("#identifier", f"{look}@example.com")
        page.click("#continue")
        page.locator("#accept").wait_for()
        fits(page)
        expect(page.locator("#accept")).to_be_in_viewport(ratio=1)
        screenshot(page, f"consent-{look}")

        someone.accept()
        expect(page.locator("#capture")).to_have_attribute("data-state", "live")
        expect(page.locator("#hint")).to_have_text("Put your face in the oval")
        for needed in ("#preview", "#hint", "#cancel"):
            expect(page.locator(needed)).to_be_in_viewport()
        fits(page)
        screenshot(page, f"capture-{look}")

        someone.panel("no-face")
        fits(page)
        expect(page.locator("#try-again")).to_be_in_viewport(ratio=1)
        screenshot(page, f"no-face-{look}")

        page.goto(f"{demo_without_liveness.provider}/v1/openid/authorize?client_id=nobody")
        expect(page.locator("#error")).to_be_visible()
        fits(page)
        screenshot(page, f"error-{look}")


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
