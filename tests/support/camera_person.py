"""A person with a browser and a camera, at a provider that runs in a process of its own."""

import json
import re
import time
from collections.abc import Iterable
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.interop.installation import Registered
from tests.support.builders import CODE_CHALLENGE, CODE_VERIFIER

SECONDS_BETWEEN_FRAMES = 0.125


class CameraPerson:
    """Speaks as the pages do, and draws nothing."""

    def __init__(self, client: Registered) -> None:
        self._client = client
        self._browser = httpx2.Client(timeout=30, trust_env=False)

    def authorize(self, identifier: str, *, by_form: bool) -> httpx2.Response:
        """Ask for a sign-in; the identifier comes as the hint, or is typed. Returns the consent page."""
        request = {
            "client_id": self._client.client_id,
            "redirect_uri": self._client.redirect_uri,
            "response_type": "code",
            "scope": "openid profile email verification",
            "state": "state",
            "nonce": "nonce",
            "code_challenge": CODE_CHALLENGE,
            "code_challenge_method": "S256",
        }
        if not by_form:
            request["login_hint"] = identifier
        page = self._follow(self._browser.get(f"{self._client.issuer}/v1/openid/authorize", params=request))
        if by_form:
            transaction = _found(page.text, r'name="transaction" value="([^"]+)"')
            page = self._follow(
                self._browser.post(
                    f"{self._client.issuer}/v1/openid/identify",
                    data={"transaction": transaction, "identifier": identifier},
                )
            )
        return page

    def capture(self, consent: httpx2.Response, frames: Iterable[bytes]) -> tuple[dict[str, Any], str]:
        """Consent and send frames until the last word; returns it, and where the result is fetched."""
        accepted = self._follow(self._browser.post(f"{consent.url}/consent", data={"decision": "accept"}))
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self._browser.cookies.jar)
        port = urlsplit(self._client.issuer).port
        path = _found(accepted.text, r'data-socket="([^"]+)"')
        with connect(
            f"ws://127.0.0.1:{port}{path}",
            origin=Origin(self._client.issuer),
            additional_headers={"Cookie": cookies},
            proxy=None,
        ) as socket:
            assert json.loads(socket.recv())["type"] == "ready"
            said: dict[str, Any] = {"type": "frame"}
            for frame in frames:
                socket.send(frame)
                said = json.loads(socket.recv())
                if said["type"] == "frame" and said["progress"] == 1:
                    said = json.loads(socket.recv())
                if said["type"] != "frame":
                    break
                time.sleep(SECONDS_BETWEEN_FRAMES)
        return said, self._client.issuer + _found(accepted.text, r'data-finish="([^"]+)"')

    def tokens(self, finish: str) -> dict[str, Any]:
        """Bring the result back, take the code to the relying party, and redeem it."""
        answer = self._follow(self._browser.get(finish))
        code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
        response = self._browser.post(
            f"{self._client.issuer}/v1/openid/token",
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self._client.redirect_uri,
                "code_verifier": CODE_VERIFIER,
            },
            auth=(self._client.client_id, self._client.client_secret),
        )
        tokens: dict[str, Any] = response.json()
        userinfo = f"{self._client.issuer}/v1/openid/userinfo"
        bearer = {"authorization": f"Bearer {tokens['access_token']}"}
        return tokens | {"userinfo": self._browser.get(userinfo, headers=bearer).json()}

    def __enter__(self) -> "CameraPerson":
        return self

    def __exit__(self, *_: object) -> None:
        self._browser.close()

    def _follow(self, response: httpx2.Response) -> httpx2.Response:
        """As a browser does, up to the relying party's own site."""
        while response.is_redirect:
            url = response.url.join(response.headers["location"])
            if not str(url).startswith(self._client.issuer):
                break
            response = self._browser.get(url)
        return response


def _found(html: str, pattern: str) -> str:
    found = re.search(pattern, html)
    assert found is not None, f"the page has no {pattern}"
    return unescape(found[1])
