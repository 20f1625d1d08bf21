"""What else must hold behind nginx with TLS: cookies, headers, names, the capture's WebSocket, the logs."""

import re
import ssl
from collections.abc import Iterator

import httpx2
import pytest
import websockets.exceptions
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.interop.conftest import Behind, behind_nginx
from tests.interop.installation import Registered, own_site
from tests.interop.openid_client import Job, run

FORGED = {
    "Host": "attacker.example",
    "Forwarded": "host=attacker.example;proto=http;for=192.0.2.1",
    "X-Forwarded-Host": "attacker.example",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Port": "80",
    "X-Forwarded-Prefix": "/attacker",
    "X-Forwarded-For": "192.0.2.1",
    "X-Original-URL": "/attacker",
}


@pytest.fixture(scope="module")
def registered(behind: Behind) -> Registered:
    return behind.provider.register(f"{own_site()}/callback", "--no-require-pkce")


def authorize(registered: Registered) -> str:
    """An authorization request: the path and the query of its URL."""
    query = {
        "client_id": registered.client_id,
        "redirect_uri": registered.redirect_uri,
        "response_type": "code",
        "scope": "openid",
        "state": "a-state-that-is-in-no-log",
        "login_hint": "someone.in.no.log@example.com",
    }
    return f"/v1/openid/authorize?{httpx2.QueryParams(query)}"


def test_openid_client_needs_to_know_the_authority(behind: Behind, registered: Registered) -> None:
    with behind.browser() as browser:
        assert run(Job(registered), browser, behind.node).refused is None
        assert run(Job(registered), browser).accepted is None


def test_cookies_are_bound_to_the_host_and_secure(behind: Behind, registered: Registered) -> None:
    with behind.browser() as browser:
        browser.walk(behind.provider.issuer + authorize(registered), until=(registered.redirect_uri,))
        cookies = [one for seen in browser.seen for one in seen.headers.get_list("set-cookie")]
    assert {cookie[: len("__Host-verifeye-tx-")] for cookie in cookies} >= {
        "__Host-verifeye-tx-", "__Host-verifeye-vs-"
    }  # fmt: skip
    for cookie in cookies:
        name, *attributes = (part.strip().lower() for part in cookie.split(";"))
        assert name.startswith("__host-verifeye-")
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= set(attributes)
        assert not [attribute for attribute in attributes if attribute.startswith("domain")]


def test_every_answer_forbids_plain_http_from_now_on(behind: Behind, registered: Registered) -> None:
    with behind.browser() as browser:
        browser.walk(behind.provider.issuer + authorize(registered), until=(registered.redirect_uri,))
        browser.walk(f"{behind.provider.issuer}/nothing-here")
        browser.walk(f"{behind.provider.issuer}/.well-known/openid-configuration")
        answers = browser.seen
    assert {answer.status_code for answer in answers} >= {200, 303, 404}
    for answer in answers:
        assert re.fullmatch(r"max-age=\d{8,}", answer.headers["strict-transport-security"])
        assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
        assert answer.headers["server"] == "nginx"


@pytest.mark.parametrize("header", FORGED)
@pytest.mark.parametrize("way", ["through nginx", "past nginx"])
def test_a_forged_name_changes_nothing(behind: Behind, registered: Registered, header: str, way: str) -> None:
    issuer = behind.provider.issuer
    origin = issuer if way == "through nginx" else behind.provider.origin
    with behind.browser() as browser:
        forged = {header: FORGED[header]}
        discovery = "/.well-known/openid-configuration"
        plain, other = (browser.http.get(origin + discovery, headers=sent) for sent in ({}, forged))
        assert other.content == plain.content
        begun = browser.http.get(origin + authorize(registered), headers=forged)
        assert begun.status_code == 303
        assert begun.headers["location"].startswith(f"{issuer}/")
        assert begun.headers["set-cookie"].startswith("__Host-verifeye-")
        lost = browser.http.get(f"{origin}/nothing-here", headers=forged)
        assert lost.status_code == 404
        assert "attacker" not in lost.text + str(lost.headers)


def test_no_log_has_a_query_string(behind: Behind, registered: Registered) -> None:
    with behind.browser() as browser:
        arrival = browser.walk(
            behind.provider.issuer + authorize(registered), until=(registered.redirect_uri,)
        )
    assert "code=" in arrival.url
    for log in (behind.provider.log, *behind.proxy.logs):
        written = log.read_text()
        for secret in ("?", "in-no-log", "in.no.log", "code=", "reSignature", registered.client_id):
            assert secret not in written, f"{secret} is in {log.name}"
    assert "/v1/openid/authorize" in behind.proxy.logs[1].read_text()


@pytest.fixture(scope="module")
def with_camera(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    """The embedded service: only there is a capture."""
    with behind_nginx(tmp_path_factory.mktemp("camera")) as running:
        yield running


def test_the_capture_reaches_its_web_socket(with_camera: Behind) -> None:
    issuer = with_camera.provider.issuer
    registered = with_camera.provider.register(f"{own_site()}/callback", "--no-require-pkce")
    trust = ssl.create_default_context(cafile=str(with_camera.proxy.authority))
    with with_camera.browser() as browser:
        session = browser.walk(
            issuer + authorize(registered), until=(f"{issuer}/verification/sessions/",)
        ).url
        accepted = browser.http.post(f"{session}/consent", data={"decision": "accept"})
        assert accepted.status_code == 303
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.http.cookies.jar)
    origin = Origin(issuer)
    capture = session.replace("https://", "wss://") + "/capture"
    with connect(
        capture, ssl=trust, origin=origin, additional_headers={"Cookie": cookies}, proxy=None
    ) as socket:
        assert '"type"' in str(socket.recv(timeout=10))
    with (
        pytest.raises(websockets.exceptions.InvalidStatus),
        connect(capture, ssl=trust, origin=origin, proxy=None),
    ):
        pass
