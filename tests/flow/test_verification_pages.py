"""The verification service over HTTP: who may see what, where each step leads, what a stranger gets."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from tests.support.builders import CONFIGURATION_ID, EXTERNAL_ID, HANDLE, make_configuration, make_template
from tests.support.fakes import START, FixedClock, SeededIds
from tests.support.scripted_engine import ScriptedEngine, frame
from tests.support.stores import open_store
from tests.support.verifier_room import enrol
from verifeye_oidc.http.pages import Pages
from verifeye_oidc.http.verification.routes import verification_routes
from verifeye_oidc.storage.port import Store
from verifeye_oidc.verification.embedded import EmbeddedVerification
from verifeye_oidc.verification.port import (
    Event,
    Expired,
    FaceMode,
    Failed,
    FailureReason,
    Order,
    Passed,
    Provenance,
    ResultRefused,
    Verifier,
    VerifierResult,
)
from verifeye_oidc.verifier.capture import CaptureLimits
from verifeye_oidc.verifier.service import VerificationService

ISSUER = "http://localhost:8080"
ORDER = Order(HANDLE, CONFIGURATION_ID, EXTERNAL_ID, None, START + 300)
ADA, EVE = 1, 2


class Installation:
    """One running service, the browser of the person who signs in, and the provider's view of it."""

    def __init__(self, store: Store, engine: ScriptedEngine, clock: FixedClock) -> None:
        self.store = store
        self.engine = engine
        self.clock = clock
        ids = SeededIds()
        self.service = VerificationService(store=store, engine=engine.as_engine, clock=clock, ids=ids)
        self.verification = EmbeddedVerification(service=self.service, clock=clock, issuer=ISSUER)
        routes = verification_routes(service=self.service, pages=Pages(), issuer=ISSUER, clock=clock)
        self.app = Starlette(routes=routes)
        self.browser = TestClient(self.app, base_url=ISSUER, follow_redirects=False)

    def another_browser(self) -> TestClient:
        stranger = TestClient(self.app, base_url=ISSUER, follow_redirects=False)
        stranger.portal = self.browser.portal
        return stranger

    def call(self, function: Any, *arguments: Any) -> Any:
        """Call a coroutine function where the service runs."""
        assert self.browser.portal is not None
        return self.browser.portal.call(function, *arguments)

    def start(self, order: Order = ORDER) -> str:
        url: str = self.call(self.verification.start, order)
        return url

    def open(self, order: Order = ORDER) -> str:
        """Open the order's URL and return the path of the session."""
        response = self.browser.get(self.start(order))
        assert response.status_code == 303
        return str(response.headers["location"])

    def consented(self, order: Order = ORDER) -> str:
        session = self.open(order)
        assert self.browser.post(f"{session}/consent", data={"decision": "accept"}).status_code == 303
        return session

    def socket(self, session: str, browser: TestClient | None = None, origin: str = ISSUER) -> Any:
        url = f"ws://localhost:8080{session}/capture"
        return (browser or self.browser).websocket_connect(url, headers={"origin": origin})

    def capture(self, session: str, *frames: bytes) -> list[dict[str, Any]]:
        """Send frames one by one; returns everything that was said after `ready`, to the last word."""
        said: list[dict[str, Any]] = []
        with self.socket(session) as socket:
            assert socket.receive_json()["type"] == "ready"
            for jpeg in frames:
                socket.send_bytes(jpeg)
                while True:
                    said.append(socket.receive_json())
                    if said[-1]["type"] != "frame":
                        return said
                    if jpeg is not frames[-1]:
                        break
        return said

    def finish(self, session: str) -> str:
        """The result's query, as the browser brings it back to the provider."""
        response = self.browser.get(f"{session}/finish")
        assert response.status_code == 303
        return urlsplit(response.headers["location"]).query

    def complete(self, query: str, order: Order = ORDER) -> Passed | Failed | Expired:
        outcome: Passed | Failed | Expired = self.call(self.verification.complete, order, query)
        return outcome


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store("sqlite", tmp_path / "provider.db")
    yield store
    asyncio.run(store.close())


@pytest.fixture
def house(store: Store, clock: FixedClock) -> Iterator[Installation]:
    """With the template of Ada in the collection."""
    house = Installation(store, ScriptedEngine(), clock)
    with house.browser:
        house.call(store.add_configuration, make_configuration())
        house.call(enrol, store, make_template())
        yield house
    house.service.close()


def test_a_person_signs_in_with_their_face(house: Installation) -> None:
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


def test_the_url_belongs_to_the_first_browser(house: Installation) -> None:
    url, stranger = house.start(), house.another_browser()
    first = house.browser.get(url)
    assert stranger.get(url).status_code == 410
    again = house.browser.get(url)
    assert (again.status_code, again.headers["location"]) == (303, first.headers["location"])
    assert "set-cookie" not in again.headers


def test_nobody_looking_claims_nothing(house: Installation) -> None:
    url, scanner = house.start(), house.another_browser()
    assert scanner.head(url).status_code == 204
    for headers in ({"sec-purpose": "prefetch;prerender"}, {"purpose": "prefetch"}, {"x-moz": "prefetch"}):
        assert scanner.get(url, headers=headers).status_code == 204
    assert house.browser.get(url).status_code == 303


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.replace(EXTERNAL_ID, EXTERNAL_ID.replace("3", "4")),
        lambda url: url.partition("&reSignature=")[0],
        lambda url: url.replace("reEnrollment=none", "reEnrollment=first_use"),
        lambda url: url + "&x=1",
        lambda url: url.replace(CONFIGURATION_ID, "no-such-configuration"),
        lambda url: url.partition("?")[0],
        lambda url: url.partition("?")[0] + "?" + "a=1&" * 5000,
        lambda url: url + "%00",
    ],
)
def test_a_changed_url_is_refused_and_the_genuine_one_still_opens(house: Installation, change: Any) -> None:
    url = house.start()
    page = house.browser.get(change(url))
    assert page.status_code == 400
    assert 'id="error"' in page.text
    assert house.browser.get(url).status_code == 303


def test_a_url_cannot_be_moved_to_another_configuration(house: Installation) -> None:
    weaker = make_configuration(configuration_id="weaker", signing_key=b"w" * 32)
    twin = make_configuration(configuration_id="twin")  # even with the same key
    for configuration in (weaker, twin):
        house.call(house.store.add_configuration, configuration)
        moved = house.start().replace(f"/{CONFIGURATION_ID}?", f"/{configuration.configuration_id}?")
        assert house.browser.get(moved).status_code == 400


def test_a_nonce_opens_nothing_in_another_configuration(house: Installation) -> None:
    """Two callers, each with a key of their own, that chose the same nonce."""
    house.call(house.store.add_configuration, make_configuration(configuration_id="other"))
    house.open()
    page = house.browser.get(house.start(replace(ORDER, configuration_id="other")))
    assert page.status_code == 410


def test_a_configuration_that_compares_nobody_is_not_served(house: Installation) -> None:
    only_counts = make_configuration(configuration_id="counts", face=FaceMode.CALCULATION_ONLY)
    house.call(house.store.add_configuration, only_counts)
    page = house.browser.get(house.start(replace(ORDER, configuration_id="counts")))
    assert page.status_code == 400


def test_an_expired_url_is_gone(house: Installation) -> None:
    url = house.start()
    house.clock.advance(300)
    page = house.browser.get(url)
    assert page.status_code == 410
    assert "cannot be used any more" in page.text


def test_a_second_browser_gets_nowhere_and_the_first_one_finishes(house: Installation) -> None:
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


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://localhost:8081", "null", "http://localhost"]
)
def test_the_socket_is_for_our_own_page_only(house: Installation, origin: str) -> None:
    session = house.consented()
    with pytest.raises(WebSocketDisconnect), house.socket(session, origin=origin):
        pass
    assert house.engine.observed == 0


def test_no_camera_before_consent(house: Installation) -> None:
    session = house.open()
    with pytest.raises(WebSocketDisconnect), house.socket(session):
        pass
    assert house.engine.observed == 0


def test_declined_consent_is_an_outcome(house: Installation) -> None:
    session = house.open()
    assert house.browser.post(f"{session}/consent", data={"decision": "decline"}).status_code == 303
    assert f"url={session}/finish" in house.browser.get(session).text
    outcome = house.complete(house.finish(session))
    assert isinstance(outcome, Failed)
    assert outcome.reason is FailureReason.CONSENT_DECLINED
    assert house.browser.post(f"{session}/consent", data={"decision": "accept"}).status_code == 303
    assert "Before the camera" not in house.browser.get(session).text
    assert isinstance(house.complete(house.finish(session)), Failed)


@pytest.mark.parametrize("body", ["", "decision=maybe", "decision=accept&decision=decline", "decision=%00"])
def test_an_answer_that_is_none_is_asked_again(house: Installation, body: str) -> None:
    session = house.open()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert house.browser.post(f"{session}/consent", content=body, headers=headers).status_code == 400
    assert "Before the camera turns on" in house.browser.get(session).text


@pytest.mark.parametrize("consented", [False, True])
def test_cancel_in_consent_and_in_capture(house: Installation, consented: bool) -> None:
    session = house.consented() if consented else house.open()
    assert house.browser.post(f"{session}/cancel", data={"decision": "cancel"}).status_code == 303
    outcome = house.complete(house.finish(session))
    assert isinstance(outcome, Failed)
    assert outcome.reason is FailureReason.CANCELLED


def test_finishing_too_early_leads_back_to_the_page(house: Installation) -> None:
    session = house.consented()
    assert house.browser.get(f"{session}/finish").headers["location"] == session
    assert house.browser.head(f"{session}/finish").status_code == 204


def test_when_the_time_is_over_the_browser_is_led_back(house: Installation) -> None:
    session = house.consented()
    house.clock.advance(300)
    assert f"url={session}/finish" in house.browser.get(session).text
    assert isinstance(house.complete(house.finish(session)), Expired)


def test_more_frames_than_were_asked_for_end_the_connection(house: Installation) -> None:
    session = house.consented()
    house.engine.gate.clear()
    with house.socket(session) as socket:
        assert socket.receive_json()["type"] == "ready"
        for _ in range(3):
            socket.send_bytes(frame())
        house.call(asyncio.sleep, 0)
        house.engine.gate.set()
        said = [socket.receive_json() for _ in range(3)]
        assert [message["type"] for message in said] == ["frame", "frame", "over"]
        assert said[-1]["reason"] == "limit"
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
        assert closed.value.code == 1008
    assert house.capture(session, frame(face=ADA))[-1] == {"type": "passed"}


@pytest.mark.parametrize(("hostile", "code"), [(b"no image", 1003), (b"x" * 600_000, 1009), ("text", 1003)])
def test_hostile_frames_end_the_connection_and_nothing_else(
    house: Installation, hostile: bytes | str, code: int
) -> None:
    session = house.consented()
    with house.socket(session) as socket:
        socket.receive_json()
        socket.send_text(hostile) if isinstance(hostile, str) else socket.send_bytes(hostile)
        assert socket.receive_json() == {"type": "over", "reason": "limit"}
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
        assert closed.value.code == code
    assert house.capture(session, frame(face=ADA))[-1] == {"type": "passed"}


def test_the_newer_of_two_connections_goes_on(house: Installation) -> None:
    session = house.consented()
    with house.socket(session) as older:
        assert older.receive_json()["type"] == "ready"
        with house.socket(session) as newer:
            assert newer.receive_json()["type"] == "ready"
            assert older.receive_json() == {"type": "over", "reason": "elsewhere"}
            newer.send_bytes(frame(face=ADA))
            assert newer.receive_json()["type"] == "frame"
            assert newer.receive_json() == {"type": "passed"}


def test_hanging_up_while_the_face_is_looked_at_loses_nothing(house: Installation) -> None:
    session = house.consented()
    house.engine.gate.clear()
    with house.socket(session) as socket:
        socket.receive_json()
        socket.send_bytes(frame())
    house.engine.gate.set()
    assert house.capture(session, frame(face=ADA))[-1] == {"type": "passed"}


def test_a_camera_that_sends_nothing_is_told_so(house: Installation) -> None:
    session = house.consented()
    house.service.captures.limits = CaptureLimits(no_face_seconds=0)
    with house.socket(session) as socket:
        assert [socket.receive_json()["type"] for _ in range(2)] == ["ready", "no_face"]
    assert house.browser.get(f"{session}/finish").headers["location"] == session


def test_three_failures_are_final(house: Installation) -> None:
    session = house.consented()
    lefts = [house.capture(session, frame(face=EVE))[-1]["captures_left"] for _ in range(3)]
    assert lefts == [2, 1, 0]
    with house.socket(session) as socket:
        assert socket.receive_json() == {"type": "failed", "captures_left": 0}
    outcome = house.complete(house.finish(session))
    assert isinstance(outcome, Failed)
    assert outcome.reason is FailureReason.MISMATCH


def test_starting_the_order_again_gives_no_further_captures(house: Installation) -> None:
    session = house.consented()
    house.capture(session, frame(face=EVE))
    assert house.open() == session
    with house.socket(session) as socket:
        assert socket.receive_json()["captures_left"] == 2


def test_an_engine_that_breaks_is_no_pass(house: Installation) -> None:
    session = house.consented()
    with house.socket(session) as socket:
        socket.receive_json()
        socket.send_bytes(b'{"hint": "unheard of", "face": null, "live": true}')
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
        assert closed.value.code == 1011
    assert house.capture(session, frame(face=ADA))[-1] == {"type": "passed"}


class TestTheProvider:
    """What verify-result accepts of what a browser brings."""

    @pytest.fixture
    def query(self, house: Installation) -> str:
        session = house.consented()
        house.capture(session, frame(face=ADA))
        return house.finish(session)

    @pytest.mark.parametrize(
        "change",
        [
            lambda query: query.replace("reVerificationResult=passed", "reVerificationResult=failed"),
            lambda query: query.partition("&reSignature=")[0],
            lambda query: query[:-1] + ("0" if query[-1] != "0" else "1"),
            lambda query: query + "&transaction=" + HANDLE,
            lambda query: query.replace(HANDLE, "another"),
            lambda query: "",
            lambda query: "ä",
        ],
    )
    def test_it_refuses_a_changed_result_and_then_takes_the_genuine_one(
        self, house: Installation, query: str, change: Any
    ) -> None:
        with pytest.raises(ResultRefused):
            house.complete(change(query))
        assert isinstance(house.complete(query), Passed)

    def test_it_refuses_another_sessions_result(self, house: Installation, query: str) -> None:
        others = Order("transaction-of-eve", CONFIGURATION_ID, "external-id-of-eve", None, START + 300)
        with pytest.raises(ResultRefused, match="does not belong"):
            house.complete(query, others)
        same_person = Order("second-transaction", CONFIGURATION_ID, EXTERNAL_ID, None, START + 300)
        with pytest.raises(ResultRefused, match="does not belong"):
            house.complete(query, same_person)

    def test_it_refuses_a_result_of_another_configuration(self, house: Installation, query: str) -> None:
        house.call(house.store.add_configuration, make_configuration(configuration_id="twin"))
        with pytest.raises(ResultRefused):
            house.complete(query, Order(HANDLE, "twin", EXTERNAL_ID, None, START + 300))

    def test_it_refuses_the_verification_url_played_back_as_a_result(self, house: Installation) -> None:
        with pytest.raises(ResultRefused):
            house.complete(urlsplit(house.start()).query)

    def test_a_result_played_back_opens_nothing(self, house: Installation, query: str) -> None:
        assert house.another_browser().get(f"/verification/{CONFIGURATION_ID}?{query}").status_code == 400

    def test_its_deadline_counts(self, house: Installation, query: str) -> None:
        house.clock.advance(299)
        assert isinstance(house.complete(query), Passed)
        house.clock.advance(1)
        assert isinstance(house.complete(query), Expired)


def test_the_cookie_is_bound_to_the_host_where_the_issuer_is_https(store: Store, clock: FixedClock) -> None:
    issuer, engine = "https://login.example", ScriptedEngine()
    service = VerificationService(store=store, engine=engine.as_engine, clock=clock, ids=SeededIds())
    verification = EmbeddedVerification(service=service, clock=clock, issuer=issuer)
    routes = verification_routes(service=service, pages=Pages(), issuer=issuer, clock=clock)
    with TestClient(Starlette(routes=routes), base_url=issuer, follow_redirects=False) as browser:
        assert browser.portal is not None
        browser.portal.call(store.add_configuration, make_configuration())
        cookie = browser.get(browser.portal.call(verification.start, ORDER)).headers["set-cookie"]
    service.close()
    assert cookie.startswith("__Host-verifeye-vs-")
    for attribute in ("HttpOnly", "Path=/", "SameSite=lax", "Secure"):
        assert attribute in cookie
