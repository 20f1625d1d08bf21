"""One person's way through a sign-in, by the names that the pages fix."""

import json
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import ConsoleMessage, Error, Page, expect
from playwright.sync_api import TimeoutError as TookTooLong

from tests.e2e.browser import STEP_TIMEOUT_MS
from tests.e2e.demo import Demo

MAX_CAPTURES = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What Acme shows at the end: `event` and the ID token's claims, or the OAuth error's code."""

    event: str | None
    claims: dict[str, Any]
    error: str | None


class SignIn:
    """Drives `page` from Acme to the camera and back."""

    def __init__(self, page: Page, demo: Demo) -> None:
        self.page = page
        self._demo = demo
        self.complaints: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", self._hear)

    def ask(self, identifier: str) -> "SignIn":
        """At Acme: name oneself and ask to sign in; ends on the consent page."""
        self.page.goto(self._demo.acme)
        self.page.fill("#identifier", identifier)
        self.page.click("#sign-in")
        self.page.locator("#accept").wait_for()
        return self

    def accept(self) -> "SignIn":
        """Consent; ends on the capture page, the camera being asked for."""
        self.page.click("#accept")
        self.page.locator("#capture").wait_for()
        return self

    def panel(self, name: str) -> None:
        """Wait until the capture page shows this panel."""
        expect(self.page.locator(f'[data-panel="{name}"]')).to_be_visible(timeout=STEP_TIMEOUT_MS)

    def not_confirmed(self, identifier: str) -> Outcome:
        """Fail the first capture, and give up although another one is offered."""
        self.ask(identifier).accept().panel("failed")
        return self.cancel()

    def cancel(self) -> Outcome:
        """Press cancel on the capture page."""
        self.page.click("#cancel")
        return self.outcome()

    def outcome(self) -> Outcome:
        """Wait for Acme's last word, using every capture that is offered."""
        try:
            self._use_every_capture()
        except TookTooLong as late:
            raise AssertionError(f"no outcome.\n{self._situation()}") from late
        assert self.page.url.startswith(self._demo.acme), self._situation()
        return self._read()

    def run(self, identifier: str) -> Outcome:
        """The whole sign-in; the browser must have had nothing to complain of."""
        outcome = self.ask(identifier).accept().outcome()
        assert self.complaints == []
        return outcome

    def _use_every_capture(self) -> None:
        for _ in range(MAX_CAPTURES):
            self.page.locator("#event, #error, #try-again:visible").first.wait_for()
            if not self.page.locator("#try-again").is_visible():
                return
            self.page.click("#try-again")
        self.page.locator("#event, #error").first.wait_for()

    def _situation(self) -> str:
        """Where the person stands, and the demo's last words."""
        page = self.page.locator("body").inner_text()
        return f"{self.page.url}\n{page}\n--- demo\n{self._demo.log.read_text()[-4000:]}"

    def _read(self) -> Outcome:
        if self.page.locator("#error").count():
            return Outcome(None, {}, self._text("#error"))
        return Outcome(self._text("#event"), json.loads(self._text("#id-token")), None)

    def _text(self, selector: str) -> str:
        return (self.page.locator(selector).text_content() or "").strip()

    def _hear(self, message: ConsoleMessage | Error) -> None:
        if isinstance(message, Error):
            self.complaints.append(message.message)
        elif message.type == "error":
            self.complaints.append(message.text)
