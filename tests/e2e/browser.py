"""Headless Chromium whose camera plays a file. One launch per feed, because the feed is a start option."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, Playwright, ViewportSize

CHROMIUM = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
DESKTOP = ViewportSize(width=1280, height=800)
PHONE = ViewportSize(width=360, height=640)
STEP_TIMEOUT_MS = 15_000

QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]

# The state of every camera track that a page opened; kept in its local storage at the moment it is left,
# before the browser itself stops them.
WATCH_CAMERA = """
(() => {
  const tracks = [];
  Object.defineProperty(window, "cameraTracks", { get: () => tracks.map((track) => track.readyState) });
  const devices = navigator.mediaDevices;
  if (!devices) return;
  const open = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (constraints) => {
    const stream = await open(constraints);
    tracks.push(...stream.getTracks());
    return stream;
  };
  addEventListener("pagehide", () => {
    if (tracks.length) localStorage.setItem("camera-at-leaving", window.cameraTracks.join());
  });
})();
"""


@contextlib.contextmanager
def camera_playing(playwright: Playwright, feed: Path | None, *, permitted: bool = True) -> Iterator[Browser]:
    """A browser before whose camera `feed` (an .mjpeg) plays; None: a computer without a camera.

    When not `permitted`, the person answers the browser's question with no.
    """
    if feed is None:
        options = [*QUIET, "--use-fake-device-for-media-stream=device-count=0"]
    else:
        options = [*QUIET, "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={feed}"]
    options.append("--use-fake-ui-for-media-stream" + ("" if permitted else "=deny"))
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--no-sandbox")
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
    try:
        yield browser
    finally:
        browser.close()


def new_page(browser: Browser) -> Page:
    """A page of a person who has never been here: its own cookies, and its camera watched."""
    context = browser.new_context(viewport=DESKTOP)
    context.add_init_script(WATCH_CAMERA)
    context.set_default_timeout(STEP_TIMEOUT_MS)
    return context.new_page()


def camera_tracks(page: Page) -> list[str]:
    """The states (`live` or `ended`) of the camera's tracks that this page opened."""
    states: list[str] = page.evaluate("window.cameraTracks")
    return states


def camera_when_left(page: Page) -> list[str]:
    """The same for the last page with a camera that was left, e.g. before the way back to Acme."""
    kept = {
        entry["name"]: entry["value"]
        for origin in page.context.storage_state().get("origins", [])
        for entry in origin.get("localStorage", [])
    }
    return kept["camera-at-leaving"].split(",")


def screenshot(page: Page, name: str) -> None:
    """Keep a picture of the page in $VERIFEYE_SCREENSHOTS, where that is set."""
    folder = os.environ.get("VERIFEYE_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png")
