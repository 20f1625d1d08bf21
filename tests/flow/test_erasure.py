"""What a relying party notices of an erasure, through the whole application (in sandbox mode)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.builders import CONFIGURATION_ID, IDENTIFIER
from tests.support.sandbox_app import SandboxApp, SandboxBrowser, running_sandbox, said
from verifeye_oidc.admin.people import erase
from verifeye_oidc.storage.port_people import ErasureScope

BOTH = pytest.mark.parametrize("scope", list(ErasureScope))


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SandboxApp]:
    async with running_sandbox(tmp_path) as sandbox:
        yield sandbox


async def signed_in(sandbox: SandboxApp) -> dict[str, Any]:
    browser = sandbox.browser()
    page = await browser.authorize()
    return await browser.tokens(await browser.choose(page, decision="pass"))


async def erased(sandbox: SandboxApp, scope: ErasureScope) -> None:
    house = sandbox.house
    receipt = await erase(
        house.store, house.eraser, configuration_id=CONFIGURATION_ID, identifier=IDENTIFIER, scope=scope
    )
    assert receipt.erased.confirmed_at is not None


async def reads_userinfo(browser: SandboxBrowser, token: str) -> bool:
    answer = await browser.http.get("/v1/openid/userinfo", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


@BOTH
async def test_the_next_sign_in_enrols_anew_and_only_a_person_gets_another_sub(
    sandbox: SandboxApp, scope: ErasureScope
) -> None:
    first = await signed_in(sandbox)
    assert (await signed_in(sandbox))["claims"]["verification"]["event"] == "matched"
    await erased(sandbox, scope)
    assert await reads_userinfo(sandbox.browser(), first["access_token"]) == (scope is ErasureScope.BIOMETRIC)
    anew = (await signed_in(sandbox))["claims"]
    assert anew["verification"]["event"] == "enrolled"
    assert (anew["sub"] == first["claims"]["sub"]) == (scope is ErasureScope.BIOMETRIC)
    assert (await signed_in(sandbox))["claims"]["sub"] == anew["sub"]


@BOTH
async def test_a_sign_in_that_was_at_the_camera_gives_no_code(
    sandbox: SandboxApp, scope: ErasureScope
) -> None:
    await signed_in(sandbox)
    browser = sandbox.browser()
    page = await browser.authorize()
    await erased(sandbox, scope)
    answer = await browser.http.post(f"{page.url.path}/outcome", data={"decision": "pass"})
    assert answer.status_code == 403, "as for a session that is not this browser's"
    assert "code=" not in answer.text
    assert [person.enrolled for person in await sandbox.house.store.people()] == (
        [] if scope is ErasureScope.PERSON else [None]
    )


@BOTH
async def test_a_sign_in_that_was_decided_gives_no_code_any_more_to_a_person(
    sandbox: SandboxApp, scope: ErasureScope
) -> None:
    await signed_in(sandbox)
    browser = sandbox.browser()
    redirect = await browser.choose(await browser.authorize(), decision="pass")
    assert "code" in said(redirect)
    await erased(sandbox, scope)
    if scope is ErasureScope.BIOMETRIC:
        assert (await browser.tokens(redirect))["claims"]["verification"]["event"] == "matched"
    else:
        with pytest.raises(AssertionError, match="invalid_grant"):
            await browser.tokens(redirect)
