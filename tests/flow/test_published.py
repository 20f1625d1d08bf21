"""Metadata and keys, in every way in which they are asked for."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tests.support.sandbox_app import running_sandbox

DISCOVERY = "/.well-known/openid-configuration"
DOCUMENTS = [DISCOVERY, "/.well-known/oauth-authorization-server", "/v1/openid/jwks"]


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    async with running_sandbox(tmp_path) as sandbox:
        yield sandbox.browser().http


def headers(response: httpx2.Response) -> list[tuple[str, str]]:
    return sorted((name, value) for name, value in response.headers.items() if name != "x-correlation-id")


@pytest.mark.parametrize("path", DOCUMENTS)
async def test_the_short_way_and_the_long_way_answer_the_same(http: httpx2.AsyncClient, path: str) -> None:
    plain = await http.get(path)
    assert (plain.status_code, plain.headers["content-type"]) == (200, "application/json")
    assert plain.headers["access-control-allow-origin"] == "*"
    assert plain.headers["cache-control"] == "public, max-age=3600"
    assert plain.headers["x-content-type-options"] == "nosniff"
    assert len(plain.headers["x-correlation-id"]) == 22
    with_body = await http.request("GET", path, content=b"{}")
    assert (with_body.content, headers(with_body)) == (plain.content, headers(plain))
    head = await http.head(path)
    assert (head.status_code, head.content) == (200, b"")


async def test_only_a_get_of_exactly_this_path_is_answered(http: httpx2.AsyncClient) -> None:
    assert (await http.post(DISCOVERY)).status_code == 405
    assert (await http.get(DISCOVERY + "/")).status_code == 404
    assert (await http.get(DISCOVERY.upper())).status_code == 404
    assert (await http.request("GET", DISCOVERY, content=b"x" * 70_000)).status_code == 413
