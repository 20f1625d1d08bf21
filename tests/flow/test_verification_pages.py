"""The pages of the verification service: who may see what, where each step leads, what a stranger gets."""

import hashlib
import html
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.websockets import WebSocketDisconnect

from tests.support.builders import CONFIGURATION_ID, EXTERNAL_ID, make_configuration
from tests.support.fakes import START
from tests.support.scripted_engine import frame
from tests.support.verification_house import ADA, ORDER, VerificationHouse, furnished_house
from verifeye_oidc.verification.port import (
    Event,
    Expired,
    FaceMode,
    Failed,
    FailureReason,
    Passed,
    Provenance,
    Verifier,
    VerifierResult,
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[VerificationHouse]:
    with furnished_house(tmp_path) as house:
        yield house


def test_a_person_signs_in_with_their_face(house: VerificationHouse) -> None:
    session = house.open()
    page = house.browser.get(session)
    assert page.status_code == 200
    assert "Before the camera turns on" in page.text
    assert "camera=()" in page.headers["permissions-policy"]
    answer = house.browser.post(f"{session}/consent", data={"decision": "accept"})
    assert answer.headers["location"] == session
    page = house.browser.get(session)
    assert f'data-socket="{session}/capture"' in page.text
    assert "Look at the camera" in page.text
    assert "camera=(self)" in page.headers["permissions-policy"]
    said = house.capture(session, frame(), frame(face=ADA))
    assert [message["type"] for message in said] == ["frame", "frame", "passed"]
    page = house.browser.get(session)
    assert f"url={session}/finish" in page.text
    outcome = house.complete(house.finish(session))
    assert isinstance(outcome, Passed)
    assert (outcome.event, outcome.provenance) == (Event.MATCHED, Provenance.FIRST_USE)
    assert outcome.results == dict.fromkeys(Verifier, VerifierResult.PASSED)
    assert session.endswith(outcome.session_id)


@pytest.mark.parametrize(
    ("external_id", "enrolment", "greeted"),
    [
        (EXTERNAL_ID, None, False),
        ("stranger", Provenance.FIRST_USE, False),
        ("stranger", Provenance.INVITE, True),
    ],
)
def test_only_who_was_invited_is_greeted_as_somebody_new(
    house: VerificationHouse, external_id: str, enrolment: Provenance | None, greeted: bool
) -> None:
    """A page that tells a stranger from somebody who is known tells everybody who is enrolled."""
    order = replace(ORDER, external_id=external_id, enrolment=enrolment)
    page = house.browser.get(house.consented(order)).text
    assert ("Let us get to know your face" in page) is greeted
    assert ("<h1>Look at the camera</h1>" in page) is not greeted
    assert "Welcome back" not in page


def test_the_url_belongs_to_the_first_browser(house: VerificationHouse) -> None:
    url, stranger = house.start(), house.another_browser()
    first = house.browser.get(url)
    assert stranger.get(url).status_code == 410
    again = house.browser.get(url)
    assert (again.status_code, again.headers["location"]) == (303, first.headers["location"])
    assert "set-cookie" not in again.headers


def test_nobody_looking_claims_nothing(house: VerificationHouse) -> None:
    url, scanner = house.start(), house.another_browser()
    assert scanner.head(url).status_code == 204
    for headers in ({"sec-purpose": "prefetch;prerender"}, {"purpose": "prefetch"}, {"x-moz": "prefetch"}):
        assert scanner.get(url, headers=headers).status_code == 403
    assert house.browser.get(url).status_code == 303


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.replace(EXTERNAL_ID, EXTERNAL_ID.replace("3", "4")),
        lambda url: url.partition("&reSignature=")[0],
        lambda url: url.replace("reEnrollment=first_use", "reEnrollment=invite"),
        lambda url: url + "&x=1",
        lambda url: url.replace(CONFIGURATION_ID, "no-such-configuration"),
        lambda url: url.partition("?")[0],
        lambda url: url.partition("?")[0] + "?" + "a=1&" * 5000,
        lambda url: url + "%00",
    ],
)
def test_a_changed_url_is_refused_and_the_genuine_one_still_opens(
    house: VerificationHouse, change: Any
) -> None:
    url = house.start()
    page = house.browser.get(change(url))
    assert page.status_code == 400
    assert 'id="error"' in page.text
    assert house.browser.get(url).status_code == 303


def test_a_url_cannot_be_moved_to_another_configuration(house: VerificationHouse) -> None:
    weaker = make_configuration(configuration_id="weaker", signing_key=b"w" * 32)
    twin = make_configuration(configuration_id="twin")  # even with the same key
    for configuration in (weaker, twin):
        house.call(house.store.add_configuration, configuration)
        moved = house.start().replace(f"/{CONFIGURATION_ID}?", f"/{configuration.configuration_id}?")
        assert house.browser.get(moved).status_code == 400


def test_a_nonce_opens_nothing_in_another_configuration(house: VerificationHouse) -> None:
    """Two callers, each with a key of their own, that chose the same nonce."""
    house.call(house.store.add_configuration, make_configuration(configuration_id="other"))
    house.open()
    page = house.browser.get(house.start(replace(ORDER, configuration_id="other")))
    assert page.status_code == 410


def test_a_configuration_that_compares_nobody_is_not_served(house: VerificationHouse) -> None:
    only_counts = make_configuration(configuration_id="counts", face=FaceMode.CALCULATION_ONLY)
    house.call(house.store.add_configuration, only_counts)
    page = house.browser.get(house.start(replace(ORDER, configuration_id="counts")))
    assert page.status_code == 400


def test_an_expired_url_is_gone(house: VerificationHouse) -> None:
    url = house.start()
    house.clock.advance(300)
    page = house.browser.get(url)
    assert page.status_code == 410
    assert "cannot be used any more" in page.text


def test_a_second_browser_gets_nowhere_and_the_first_one_finishes(house: VerificationHouse) -> None:
    session, stranger = house.consented(), house.another_browser()
    forged = house.another_browser()
    forged.cookies.set(f"verifeye-vs-{session.rpartition('/')[2]}", "guessed", domain="localhost.local")
    for browser in (stranger, forged):
        assert browser.get(session).status_code == 403
        assert browser.get(f"{session}/finish").status_code == 403
        assert browser.post(f"{session}/cancel").status_code == 403
        assert browser.post(f"{session}/consent", data={"decision": "decline"}).status_code == 403
        with pytest.raises(WebSocketDisconnect), house.socket(session, browser):
            pass
    assert house.browser.get("/verification/sessions/unknown").status_code == 403
    assert house.capture(session, frame(face=ADA))[-1] == {"type": "passed"}
    assert isinstance(house.complete(house.finish(session)), Passed)


def test_declined_consent_is_an_outcome(house: VerificationHouse) -> None:
    session = house.open()
    assert house.browser.post(f"{session}/consent", data={"decision": "decline"}).status_code == 303
    assert f"url={session}/finish" in house.browser.get(session).text
    outcome = house.complete(house.finish(session))
    assert isinstance(outcome, Failed)
    assert outcome.reason is FailureReason.CONSENT_DECLINED
    assert house.browser.post(f"{session}/consent", data={"decision": "accept"}).status_code == 303
    assert "Before the camera" not in house.browser.get(session).text
    assert isinstance(house.complete(house.finish(session)), Failed)


@pytest.mark.parametrize(("decision", "accepted"), [("accept", 1), ("decline", 0)])
def test_the_answer_is_recorded_with_the_text_that_was_shown(
    house: VerificationHouse, tmp_path: Path, decision: str, accepted: int
) -> None:
    session = house.open()
    page = house.browser.get(session).text
    shown = re.findall(r"<p>(.+?)</p>", page.partition('class="terms"')[2].partition("</div>")[0])
    house.browser.post(f"{session}/consent", data={"decision": decision})
    with closing(sqlite3.connect(tmp_path / "provider.db")) as database:
        records = database.execute("SELECT accepted, text_sha256, locale, at FROM consents").fetchall()
    text = "\n".join(map(html.unescape, shown))
    assert records == [(accepted, hashlib.sha256(text.encode()).hexdigest(), "en", START)]


@pytest.mark.parametrize("body", ["", "decision=maybe", "decision=accept&decision=decline", "decision=%00"])
def test_an_answer_that_is_none_is_asked_again(house: VerificationHouse, body: str) -> None:
    session = house.open()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert house.browser.post(f"{session}/consent", content=body, headers=headers).status_code == 400
    assert "Before the camera turns on" in house.browser.get(session).text


@pytest.mark.parametrize("consented", [False, True])
def test_cancel_in_consent_and_in_capture(house: VerificationHouse, consented: bool) -> None:
    session = house.consented() if consented else house.open()
    assert house.browser.post(f"{session}/cancel", data={"decision": "cancel"}).status_code == 303
    outcome = house.complete(house.finish(session))
    assert isinstance(outcome, Failed)
    assert outcome.reason is FailureReason.CANCELLED


def test_finishing_too_early_leads_back_to_the_page(house: VerificationHouse) -> None:
    session = house.consented()
    assert house.browser.get(f"{session}/finish").headers["location"] == session
    assert house.browser.head(f"{session}/finish").status_code == 204


def test_when_the_time_is_over_the_browser_is_led_back(house: VerificationHouse) -> None:
    session = house.consented()
    house.clock.advance(300)
    assert f"url={session}/finish" in house.browser.get(session).text
    assert isinstance(house.complete(house.finish(session)), Expired)


def test_the_cookie_is_bound_to_the_host_where_the_issuer_is_https(tmp_path: Path) -> None:
    with furnished_house(tmp_path, issuer="https://login.example") as house:
        cookie = house.browser.get(house.start()).headers["set-cookie"]
    assert cookie.startswith("__Host-verifeye-vs-")
    for attribute in ("HttpOnly", "Path=/", "SameSite=lax", "Secure"):
        assert attribute in cookie
