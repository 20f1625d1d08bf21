"""The verification service over HTTP, with scripted frames: a browser, strangers, and the provider's view."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.testclient import TestClient

from tests.support.builders import CONFIGURATION_ID, EXTERNAL_ID, HANDLE, make_configuration, make_template
from tests.support.fakes import START, FixedClock, SeededIds
from tests.support.scripted_engine import ScriptedEngine
from tests.support.stores import open_store
from tests.support.verifier_room import enrol
from verifeye_oidc.http.pages import Pages
from verifeye_oidc.http.verification.routes import verification_routes
from verifeye_oidc.storage.port import Store
from verifeye_oidc.verification.embedded import EmbeddedVerification
from verifeye_oidc.verification.port import (
    Expired,
    Failed,
    Order,
    Passed,
)
from verifeye_oidc.verifier.service import VerificationService

ISSUER = "http://localhost:8080"
ORDER = Order(HANDLE, CONFIGURATION_ID, EXTERNAL_ID, None, START + 300)
ADA, EVE = 1, 2


class VerificationHouse:
    """One running service, the browser of the person who signs in, and the provider's view of it."""

    def __init__(self, store: Store, engine: ScriptedEngine, clock: FixedClock, issuer: str) -> None:
        self.store = store
        self.engine = engine
        self.clock = clock
        ids = SeededIds()
        self.service = VerificationService(store=store, engine=engine.as_engine, clock=clock, ids=ids)
        self.verification = EmbeddedVerification(service=self.service, clock=clock, issuer=issuer)
        routes = verification_routes(service=self.service, pages=Pages(), issuer=issuer, clock=clock)
        self.app = Starlette(routes=routes)
        self.browser = TestClient(self.app, base_url=issuer, follow_redirects=False)

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


@contextmanager
def furnished_house(folder: Path, issuer: str = ISSUER) -> Iterator[VerificationHouse]:
    """A house with the template of Ada in its collection."""
    store = open_store("sqlite", folder / "provider.db")
    house = VerificationHouse(store, ScriptedEngine(), FixedClock(), issuer)
    with house.browser:
        house.call(store.add_configuration, make_configuration())
        house.call(enrol, store, make_template())
        yield house
        house.call(store.close)
    house.service.close()
