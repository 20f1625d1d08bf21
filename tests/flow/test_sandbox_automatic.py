"""A sandbox that answers by itself: four requests for a code flow, and nothing less checked."""

from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.support.builders import CONFIGURATION_ID
from tests.support.provider_app import REQUEST
from tests.support.sandbox_app import RESULT_URL, running_sandbox, said

AUTHORIZE = "/v1/openid/authorize?" + urlencode(REQUEST)


async def test_a_code_flow_is_four_requests(tmp_path: Path) -> None:
    async with running_sandbox(tmp_path, outcome="pass") as sandbox:
        for event in ("enrolled", "matched"):
            browser = sandbox.browser()
            tokens = await browser.tokens(await browser.authorize())
            assert tokens["claims"]["verification"]["event"] == event
            assert tokens["claims"]["verification"]["sandbox"] is True
            assert browser.requests == [
                "/v1/openid/authorize",
                f"/verification/{CONFIGURATION_ID}",
                "/v1/openid/verify-result",
                "/v1/openid/token",
            ]


@pytest.mark.parametrize(
    ("outcome", "error"), [("spoof", "access_denied"), ("service_unavailable", "temporarily_unavailable")]
)
async def test_every_verification_ends_as_set(tmp_path: Path, outcome: str, error: str) -> None:
    async with running_sandbox(tmp_path, outcome=outcome) as sandbox:
        assert said(await sandbox.browser().authorize())["error"] == error


async def test_the_verification_answers_one_browser_only(tmp_path: Path) -> None:
    async with running_sandbox(tmp_path, outcome="pass") as sandbox:
        browser, stranger = sandbox.browser(), sandbox.browser()
        verification = (await browser.get(AUTHORIZE)).headers["location"]
        first, again = await browser.get(verification), await browser.get(verification)
        assert first.headers["location"] == again.headers["location"]
        assert (await stranger.get(verification)).status_code == 410
        result = first.headers["location"]
        assert result.startswith(RESULT_URL)
        assert (await stranger.get(result)).status_code == 400
        assert "code" in said(await browser.get(result))


async def test_a_changed_verification_url_answers_nothing(tmp_path: Path) -> None:
    async with running_sandbox(tmp_path, outcome="pass") as sandbox:
        browser = sandbox.browser()
        verification = (await browser.get(AUTHORIZE)).headers["location"]
        changed = verification.replace("reEnrollment=first_use", "reEnrollment=invite")
        assert changed != verification
        assert (await browser.get(changed)).status_code == 400


@pytest.mark.parametrize("headers", [{"sec-purpose": "prefetch"}, {"purpose": "prefetch"}])
async def test_a_prefetch_answers_nothing(tmp_path: Path, headers: dict[str, str]) -> None:
    async with running_sandbox(tmp_path, outcome="pass") as sandbox:
        browser = sandbox.browser()
        verification = (await browser.get(AUTHORIZE)).headers["location"]
        early = await browser.http.get(verification, headers=headers)
        assert (early.status_code, "location" in early.headers) == (403, False)
