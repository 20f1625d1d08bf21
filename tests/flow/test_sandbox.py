"""Sandbox mode, the whole application: what is chosen on the page is what the relying party hears."""

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tests.support.builders import CONFIGURATION_ID, IDENTIFIER, make_client
from tests.support.sandbox_app import RESULT_URL, SandboxApp, running_sandbox, said
from verifeye_oidc.ids import digest
from verifeye_oidc.verification.port import EnrolmentPolicy, Event, LivenessMode, Provenance, Verifier
from verifeye_oidc.verifier.sandbox import FAILURES


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SandboxApp]:
    async with running_sandbox(tmp_path) as sandbox:
        yield sandbox


async def test_the_first_pass_enrols_and_the_next_one_matches(sandbox: SandboxApp) -> None:
    subjects = set()
    for event in (Event.ENROLLED, Event.MATCHED, Event.MATCHED):
        browser = sandbox.browser()
        page = await browser.authorize()
        assert {"enrolled": "Pass: the face is enrolled", "matched": "Pass: the face matches"}[
            event
        ] in page.text
        tokens = await browser.tokens(await browser.choose(page, decision="pass"))
        claims = tokens["claims"]
        assert claims["verification"]["event"] == event
        assert claims["verification"]["sandbox"] is True
        assert claims["verification"]["results"] == {"face": "passed", "liveness": "passed"}
        assert ("amr" in claims, "acr" in claims) == (event is Event.MATCHED, event is Event.MATCHED)
        subjects.add(claims["sub"])
    assert len(subjects) == 1


async def test_people_are_still_told_apart(sandbox: SandboxApp) -> None:
    subjects = set()
    for person in ("ada@example.com", "eve@example.com"):
        browser = sandbox.browser()
        page = await browser.authorize(login_hint=person)
        tokens = await browser.tokens(await browser.choose(page, decision="pass"))
        assert tokens["claims"]["verification"]["event"] == "enrolled"
        subjects.add(tokens["claims"]["sub"])
    assert len(subjects) == 2


async def test_a_token_says_sandbox_to_a_client_that_asked_for_nothing(sandbox: SandboxApp) -> None:
    browser = sandbox.browser()
    page = await browser.authorize(scope="openid")
    tokens = await browser.tokens(await browser.choose(page, decision="pass"))
    assert tokens["claims"]["verification"] == {"sandbox": True}


HEARD = {"service_unavailable": "temporarily_unavailable"}


@pytest.mark.parametrize("reason", FAILURES)
async def test_each_failure_is_heard_as_the_table_says(sandbox: SandboxApp, reason: str) -> None:
    browser = sandbox.browser()
    answer = said(await browser.choose(await browser.authorize(), decision="fail", reason=reason))
    assert answer["error"] == HEARD.get(reason, "access_denied")
    assert (answer["state"], "code" in answer) == ("state-of-acme", False)
    assert await sandbox.house.store.subject(CONFIGURATION_ID, IDENTIFIER) is None


def test_the_failures_are_those_of_the_table() -> None:
    assert set(FAILURES) == {
        "mismatch", "spoof", "cancelled", "no_camera", "too_many_captures", "consent_declined",
        "not_enrolled", "enrolment_not_allowed", "locked", "duplicate", "time_out", "service_unavailable",
    }  # fmt: skip


async def test_a_failure_after_an_enrolment_leaves_it(sandbox: SandboxApp) -> None:
    browser = sandbox.browser()
    await browser.choose(await browser.authorize(), decision="pass")
    await browser.choose(await browser.authorize(), decision="fail", reason="mismatch")
    page = await browser.authorize()
    assert "Pass: the face matches" in page.text


class _Controls(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: dict[str, tuple[str, dict[str, str | None]]] = {}
        self.tags: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append(tag)
        if values.get("id"):
            self.found[values["id"] or ""] = (tag, values)


async def test_the_page_is_plain_and_its_names_are_fixed(sandbox: SandboxApp) -> None:
    page = await sandbox.browser().authorize()
    controls = _Controls(page.text)
    assert {name: controls.found[name][0] for name in ("pass", "fail", "reason")} == {
        "pass": "button",
        "fail": "button",
        "reason": "select",
    }
    assert "script" not in controls.tags
    assert re.findall(r'<option value="([a-z_]+)"', page.text) == list(FAILURES)
    assert "camera=()" in page.headers["permissions-policy"]
    assert page.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"decision": "maybe"},
        {"decision": "fail"},
        {"decision": "fail", "reason": ""},
        {"decision": "fail", "reason": "pass"},
        {"decision": "fail", "reason": "MISMATCH"},
        {"decision": "mismatch"},
    ],
)
async def test_an_outcome_that_is_none_decides_nothing(sandbox: SandboxApp, form: dict[str, str]) -> None:
    browser = sandbox.browser()
    page = await browser.authorize()
    refused = await browser.http.post(f"{page.url.path}/outcome", data=form)
    assert refused.status_code == 400
    assert 'id="error">invalid_request' in refused.text
    assert "code" in said(await browser.choose(page, decision="pass"))


async def test_a_doubled_choice_is_refused(sandbox: SandboxApp) -> None:
    browser = sandbox.browser()
    page = await browser.authorize()
    refused = await browser.http.post(
        f"{page.url.path}/outcome",
        content="decision=fail&decision=pass&reason=mismatch",
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert refused.status_code == 400


async def test_the_first_choice_stays(sandbox: SandboxApp) -> None:
    browser = sandbox.browser()
    page = await browser.authorize()
    await browser.http.post(f"{page.url.path}/outcome", data={"decision": "fail", "reason": "spoof"})
    assert said(await browser.choose(page, decision="pass"))["error"] == "access_denied"


async def test_another_browser_neither_sees_nor_chooses(sandbox: SandboxApp) -> None:
    browser, stranger = sandbox.browser(), sandbox.browser()
    page = await browser.authorize()
    for request in (
        stranger.http.get(page.url.path),
        stranger.http.post(f"{page.url.path}/outcome", data={"decision": "pass"}),
        stranger.http.get(f"{page.url.path}/finish"),
    ):
        refused = await request
        assert refused.status_code == 403
        assert 'id="error">other_browser' in refused.text
    assert "code" in said(await browser.choose(page, decision="pass"))


async def test_nobody_leaves_before_an_outcome_is_chosen(sandbox: SandboxApp) -> None:
    browser = sandbox.browser()
    page = await browser.authorize()
    back = await browser.http.get(f"{page.url.path}/finish")
    assert (back.status_code, back.headers["location"]) == (303, page.url.path)


async def test_the_query_decides_nothing(sandbox: SandboxApp) -> None:
    """A failed result, rewritten to say passed, is refused; the genuine one is still taken."""
    browser = sandbox.browser()
    page = await browser.authorize()
    await browser.http.post(f"{page.url.path}/outcome", data={"decision": "fail", "reason": "mismatch"})
    result = (await browser.http.get(f"{page.url.path}/finish")).headers["location"]
    assert result.startswith(RESULT_URL)
    assert "mismatch" not in result
    forged = result.replace("reVerificationResult=failed", "reVerificationResult=passed")
    assert forged != result
    assert (await browser.http.get(forged)).status_code == 400
    assert (await browser.http.get(unsigned(result, reVerificationResult="passed"))).status_code == 400
    assert said(await browser.http.get(result))["error"] == "access_denied"


def unsigned(url: str, **changes: str) -> str:
    query = dict(parse_qsl(urlsplit(url).query)) | changes
    del query["reSignature"]
    return f"{RESULT_URL}?{urlencode(query)}"


async def test_a_result_serves_its_own_transaction_only(sandbox: SandboxApp) -> None:
    """The result of a pass, brought to another transaction of the same browser, with or without its name."""
    browser = sandbox.browser()
    passed, wanted = await browser.authorize(), await browser.authorize(login_hint="eve@example.com")
    results = []
    for page, decision in ((passed, "pass"), (wanted, "fail")):
        await browser.http.post(f"{page.url.path}/outcome", data={"decision": decision, "reason": "mismatch"})
        results.append((await browser.http.get(f"{page.url.path}/finish")).headers["location"])
    own, other = (dict(parse_qsl(urlsplit(result).query))["transaction"] for result in results)
    assert (await browser.http.get(results[0].replace(own, other))).status_code == 400
    doubled = results[0].replace("?", f"?transaction={other}&")
    assert (await browser.http.get(doubled)).status_code == 400
    assert said(await browser.http.get(results[1]))["error"] == "access_denied"


async def test_a_made_up_template_is_stored_like_a_real_one(sandbox: SandboxApp) -> None:
    browser = sandbox.browser()
    await browser.choose(await browser.authorize(), decision="pass")
    subject = await sandbox.house.store.subject(CONFIGURATION_ID, IDENTIFIER)
    assert subject is not None
    assert subject.enrolled is Provenance.FIRST_USE
    template = await sandbox.house.store.active_template(CONFIGURATION_ID, subject.external_id)
    assert template is not None
    assert (template.recipe_id, len(template.vector)) == ("sandbox", 512)


async def test_policies_apply(tmp_path: Path) -> None:
    async with running_sandbox(tmp_path, enrolment_policy=EnrolmentPolicy.INVITE) as sandbox:
        assert said(await sandbox.browser().authorize())["error"] == "access_denied"


async def test_a_disabled_liveness_is_not_executed(tmp_path: Path) -> None:
    async with running_sandbox(tmp_path, liveness=LivenessMode.DISABLED) as sandbox:
        browser = sandbox.browser()
        answer = said(await browser.choose(await browser.authorize(), decision="pass"))
        assert answer["error"] == "access_denied"
        lenient = make_client(
            client_id="lenient",
            secret_hashes=(digest("x" * 43),),
            required_verifiers=frozenset({Verifier.FACE}),
        )
        await sandbox.house.store.add_client(lenient)
        page = await browser.authorize(client_id="lenient")
        assert "code" in said(await browser.choose(page, decision="pass"))
