"""Back button, reload and two tabs, in Chromium, through the sandbox demo."""

from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, Response, expect

from tests.e2e.browser import STEP_TIMEOUT_MS, camera_playing
from tests.e2e.demo import Demo, running_demo


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running_demo(tmp_path_factory.mktemp("sandbox"), "--sandbox") as demo:
        yield demo


@pytest.fixture
def browser(playwright: Playwright, sandbox: Demo) -> Iterator[BrowserContext]:
    """One person's browser, in which the provider must never break, whatever the person does."""
    broken: list[str] = []

    def judge(response: Response) -> None:
        if response.url.startswith(sandbox.provider) and response.status >= 500:
            broken.append(f"{response.status} {response.url}")

    with camera_playing(playwright, None) as chromium:
        context = chromium.new_context()
        context.set_default_timeout(STEP_TIMEOUT_MS)
        context.on("response", judge)
        yield context
    assert broken == []


@pytest.fixture
def tab(browser: BrowserContext) -> Page:
    return browser.new_page()


def ask(tab: Page, demo: Demo, identifier: str) -> None:
    """From Acme to the page on which the outcome is chosen."""
    tab.goto(demo.acme)
    tab.fill("#identifier", identifier)
    tab.click("#sign-in")
    expect(tab.locator("#pass")).to_be_visible()


def ask_unnamed(tab: Page, demo: Demo) -> None:
    """From Acme to the provider's own question who is signing in."""
    tab.goto(demo.acme)
    tab.goto(f"{demo.acme}/login")
    expect(tab.locator("#continue")).to_be_visible()


def passes(tab: Page) -> None:
    """Choose the pass; ends signed in at Acme."""
    tab.click("#pass")
    expect(tab.locator("#event")).to_be_visible()


def is_over(tab: Page, demo: Demo) -> None:
    """The provider says that there is nothing left to do, and did not go back to Acme with anything."""
    expect(tab.locator("h1")).to_have_text("Nothing left to do here")
    assert tab.url.startswith(f"{demo.provider}/")
    expect(tab.locator("#error")).to_have_count(0)


def answer_to(tab: Page, url: str) -> str:
    """Where a page of the provider sends this browser, which does not go there."""
    return str(tab.request.get(url, max_redirects=0).headers["location"])


def said(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


def test_back_and_forth_before_the_outcome(tab: Page, sandbox: Demo) -> None:
    ask(tab, sandbox, "forth@example.com")
    tab.go_back()
    expect(tab.locator("#sign-in")).to_be_visible()
    tab.go_forward()
    expect(tab.locator("#pass")).to_be_visible()
    passes(tab)


def test_back_after_the_outcome_signs_nobody_in_again(tab: Page, sandbox: Demo) -> None:
    ask(tab, sandbox, "back@example.com")
    passes(tab)
    tab.go_back()
    is_over(tab, sandbox)
    ask(tab, sandbox, "back@example.com")
    passes(tab)
    expect(tab.locator("#event")).to_have_text("matched")


def test_back_to_the_question_who_leads_on(tab: Page, sandbox: Demo) -> None:
    """Whoever was named stays named: the question is not asked twice in one sign-in."""
    ask_unnamed(tab, sandbox)
    tab.fill("#identifier", "named@example.com")
    tab.click("#continue")
    expect(tab.locator("#pass")).to_be_visible()
    tab.go_back()
    expect(tab.locator("#pass")).to_be_visible()
    passes(tab)


def test_a_form_that_was_kept_names_nobody_else(browser: BrowserContext, sandbox: Demo) -> None:
    first, kept = browser.new_page(), browser.new_page()
    ask_unnamed(first, sandbox)
    kept.goto(first.url)
    first.fill("#identifier", "first@example.com")
    first.click("#continue")
    expect(first.locator("#pass")).to_be_visible()
    kept.fill("#identifier", "second@example.com")
    kept.click("#continue")
    expect(kept.locator("#error")).to_have_text("invalid_request")
    passes(first)


def test_reload_on_every_page(tab: Page, sandbox: Demo) -> None:
    ask_unnamed(tab, sandbox)
    tab.reload()
    tab.fill("#identifier", "reload@example.com")
    tab.click("#continue")
    expect(tab.locator("#pass")).to_be_visible()
    tab.reload()
    expect(tab.locator("#pass")).to_be_visible()
    passes(tab)


def test_a_reload_before_the_application_has_the_code_brings_the_same_one(tab: Page, sandbox: Demo) -> None:
    """The browser asks once more for the answer, as when the application was away for a moment."""
    tab.route("**/finish", lambda route: route.abort("connectionrefused"))
    ask(tab, sandbox, "away@example.com")
    with tab.expect_event("requestfailed") as failed:
        tab.click("#pass")
    tab.wait_for_url("chrome-error://**")  # the browser's own page comes after the event, and would interrupt
    result = answer_to(tab, failed.value.url)
    first, second = answer_to(tab, result), answer_to(tab, result)
    assert first.startswith(f"{sandbox.acme}/callback?")
    assert said(first)["code"] == said(second)["code"]
    tab.goto(result)
    expect(tab.locator("#event")).to_have_text("enrolled")
    assert said(tab.url)["code"] == said(first)["code"]
    tab.goto(result)
    is_over(tab, sandbox)


def test_two_tabs_are_two_sign_ins(browser: BrowserContext, sandbox: Demo) -> None:
    """Acme's library forgets all but its last sign-in: what counts is what each tab was brought back with."""
    one, other = browser.new_page(), browser.new_page()
    asked = []
    for tab in (one, other):
        tab.on("request", lambda request: asked.append(request.url) if "/authorize?" in request.url else None)
        ask(tab, sandbox, "two-tabs@example.com")
    one.click("#pass")
    one.wait_for_url(f"{sandbox.acme}/callback?**")
    other.select_option("#reason", "mismatch")
    other.click("#fail")
    expect(other.locator("#error")).to_have_text("access_denied")
    assert "code" in said(one.url)
    assert [said(one.url)["state"], said(other.url)["state"]] == [said(url)["state"] for url in asked]


def test_one_sign_in_in_two_tabs_ends_once(browser: BrowserContext, sandbox: Demo) -> None:
    one, copy = browser.new_page(), browser.new_page()
    ask(one, sandbox, "copy@example.com")
    copy.goto(one.url)
    expect(copy.locator("#pass")).to_be_visible()
    passes(one)
    copy.click("#fail")
    is_over(copy, sandbox)
    one.goto(sandbox.acme)
    ask(one, sandbox, "copy@example.com")
    passes(one)
    expect(one.locator("#event")).to_have_text("matched")
