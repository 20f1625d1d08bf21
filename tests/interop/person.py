"""A person with a browser: follows redirects, keeps cookies, fills in the pages that they meet."""

import ssl
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import httpx2

MAX_STEPS = 25


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where the browser ended: a page, or an address of the relying party's that it did not open.

    ``form``: what it brought by POST; None for a GET.
    """

    url: str
    form: dict[str, str] | None = None
    page: httpx2.Response | None = None


class Person:
    """``identifier`` is what they type where they are asked who they are."""

    def __init__(self, identifier: str, authority: Path | None = None) -> None:
        """``authority``: a file with the only certification authority to trust."""
        self._identifier = identifier
        context = ssl.create_default_context(cafile=authority)
        self.http = httpx2.Client(follow_redirects=False, trust_env=False, verify=context)
        self.seen: list[httpx2.Response] = []

    def __enter__(self) -> "Person":
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def walk(self, url: str, *, until: tuple[str, ...] = ()) -> Arrival:
        """Go on to a page that asks for nothing, or stop before a URL that begins with one of ``until``."""
        following = httpx2.Request("GET", url)
        for _ in range(MAX_STEPS):
            if str(following.url).startswith(until):
                return _arrival(following)
            response = self._send(following)
            onward = self._onward(response)
            if onward is None:
                return Arrival(str(response.url), page=response)
            following = onward
        raise AssertionError(f"the redirects do not end: {[str(seen.url) for seen in self.seen[-8:]]}")

    def _send(self, request: httpx2.Request) -> httpx2.Response:
        response = self.http.request(
            request.method, request.url, headers=request.headers, content=request.read()
        )
        self.seen.append(response)
        return response

    def _onward(self, response: httpx2.Response) -> httpx2.Request | None:
        """What the person, or the page by itself, does next."""
        here = str(response.url)
        if response.has_redirect_location:
            return httpx2.Request("GET", urljoin(here, response.headers["location"]))
        page = _Page(response.text)
        if page.refresh is not None:
            return httpx2.Request("GET", urljoin(here, page.refresh))
        if page.action is None or response.is_error:
            return None
        if "identifier" in page.fields:
            page.fields["identifier"] = self._identifier
        return httpx2.Request("POST", urljoin(here, page.action), data=page.fields)


def _arrival(request: httpx2.Request) -> Arrival:
    if request.method == "GET":
        return Arrival(str(request.url))
    return Arrival(str(request.url), dict(httpx2.QueryParams(request.read().decode())))


class _Page(HTMLParser):
    """The first form of a page with its fields, and where the page goes by itself."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.action: str | None = None
        self.refresh: str | None = None
        self.fields: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form" and self.action is None:
            self.action = values.get("action", "")
        elif tag == "input" and values.get("name"):
            self.fields[values["name"]] = values.get("value", "")
        elif tag == "button" and values.get("name") and values["name"] not in self.fields:
            if values.get("value") != "cancel":
                self.fields[values["name"]] = values.get("value", "")
        elif tag == "meta" and values.get("http-equiv", "").lower() == "refresh":
            self.refresh = values["content"].partition("url=")[2]
