"""From the camera to the result: a demo in a process of its own, and a client that behaves as the page.

It sends 8 frames a second, at most 2 unanswered, but draws nothing: the browser's share is not counted.
"""

import asyncio
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
from websockets.asyncio.client import connect

from tests.e2e.demo import Demo

IDENTIFIER = "bench@example.com"
FRAMES_PER_SECOND = 8


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one sign-in."""

    camera_to_result: float
    """From the first frame to the word ``passed``."""
    whole: float
    """From Acme's button to Acme's page, the consent page answered at once."""
    event: str


async def sign_in(demo: Demo, frames: Sequence[bytes]) -> Timing:
    """Sign in once with these frames. Raises RuntimeError when the face does not pass."""
    async with httpx2.AsyncClient(follow_redirects=True, timeout=30, trust_env=False) as browser:
        began = time.perf_counter()
        consent = await browser.get(f"{demo.acme}/login", params={"login_hint": IDENTIFIER})
        capture = await browser.post(f"{consent.url}/consent", data={"decision": "accept"})
        seconds = await _capture(browser, demo, _attribute(capture.text, "data-socket"), frames)
        result = await browser.get(demo.provider + _attribute(capture.text, "data-finish"))
        return Timing(seconds, time.perf_counter() - began, _event(result.text))


async def _capture(browser: httpx2.AsyncClient, demo: Demo, path: str, frames: Sequence[bytes]) -> float:
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies.jar)
    socket = connect(
        f"ws://127.0.0.1:{urlsplit(demo.provider).port}{path}",
        origin=demo.provider,  # type: ignore[arg-type]
        additional_headers={"Cookie": cookies},
        proxy=None,
    )
    async with socket as connection:
        await connection.recv()
        slots = asyncio.Semaphore(2)
        began = time.perf_counter()

        async def send() -> None:
            for number, frame in enumerate(frames):
                await asyncio.sleep(max(0.0, began + number / FRAMES_PER_SECOND - time.perf_counter()))
                await slots.acquire()
                await connection.send(frame)

        sending = asyncio.create_task(send())
        try:
            while (said := json.loads(await connection.recv()))["type"] == "frame":
                slots.release()
        finally:
            sending.cancel()
        if said["type"] != "passed":
            raise RuntimeError(f"the face did not pass: {said}")
        return time.perf_counter() - began


def _attribute(html: str, name: str) -> str:
    found = re.search(rf'{name}="([^"]+)"', html)
    if found is None:
        raise RuntimeError(f"the page has no {name}")
    return unescape(found[1])


def _event(html: str) -> str:
    found = re.search(r'id="event"[^>]*>\s*([a-z]+)', html)
    return found[1] if found else "refused"


def resident_megabytes(pid: int) -> float:
    """What a process has in memory now (Linux)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return round(int(line.split()[1]) / 1024, 1)
    raise RuntimeError(f"process {pid} has no VmRSS")
