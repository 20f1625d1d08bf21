"""One link, one person, one face: an invitation to enrol."""

from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from tests.flow.conftest import MakeProvider
from tests.support.builders import (
    CONFIGURATION_ID,
    IDENTIFIER,
    INVITATION,
    make_configuration,
    make_invitation,
)
from tests.support.provider_app import ISSUER, Browser, Provider, answer
from verifeye_oidc.ids import digest
from verifeye_oidc.verification.port import EnrolmentPolicy, Failed, FailureReason, Provenance

LINK = f"/v1/openid/invitation?token={INVITATION}"
INVITE_ONLY = make_configuration(enrolment_policy=EnrolmentPolicy.INVITE)


@pytest.fixture
async def provider(make_provider: MakeProvider) -> Provider:
    """Only invited people enrol, and Ada is invited."""
    provider = await make_provider(configuration=INVITE_ONLY)
    await provider.store.add_invitation(make_invitation())
    return provider


async def accepted(browser: Browser) -> str:
    """Open the link and press its button; returns the verification's URL."""
    onward = await browser.submit(await browser.get(LINK))
    assert onward.headers["location"].startswith(f"{ISSUER}/v1/openid/continue?transaction=")
    verification = await browser.get(onward.headers["location"])
    location: str = verification.headers["location"]
    assert location.startswith(f"{ISSUER}/verification/{CONFIGURATION_ID}?")
    return location


async def enrolled(provider: Provider) -> Provenance | None:
    subject = await provider.store.subject(CONFIGURATION_ID, IDENTIFIER)
    return None if subject is None else subject.enrolled


def assert_over(response: httpx2.Response) -> None:
    assert response.status_code == 410
    assert "set-cookie" not in response.headers
    assert "Ask whoever sent it" in response.text


async def test_an_invited_person_enrols_and_then_signs_in(provider: Provider) -> None:
    browser = provider.browser()
    result = await provider.verification.look(await accepted(browser), face=3)
    for _ in range(2):
        done = await browser.get(result)
        assert (done.status_code, 'id="enrolled"' in done.text) == (200, True)
    assert await enrolled(provider) is Provenance.INVITE
    assert "code" in answer(await provider.browser().sign_in(face=3))
    assert answer(await provider.browser().sign_in(face=4))["error"] == "access_denied"


async def test_the_link_works_once(provider: Provider) -> None:
    browser = provider.browser()
    page = await browser.get(LINK)
    await browser.get(await provider.verification.look(await accepted(browser)))
    assert_over(await provider.browser().get(LINK))
    assert_over(await provider.browser().submit(page))


async def test_opening_the_link_uses_nothing_up_and_shows_little(provider: Provider) -> None:
    for _ in range(3):
        page = await provider.browser().get(LINK)
        assert page.status_code == 200
        assert "set-cookie" not in page.headers
        assert IDENTIFIER not in page.text
        assert "a***@e***.com" in page.text
    assert (await provider.browser().http.head(LINK)).status_code == 204
    await accepted(provider.browser())


async def test_an_expired_link_is_over(provider: Provider) -> None:
    page = await provider.browser().get(LINK)
    provider.clock.advance(86_400)
    assert_over(await provider.browser().get(LINK))
    assert_over(await provider.browser().submit(page))


async def test_a_link_that_expires_meanwhile_enrols_nobody(provider: Provider) -> None:
    provider.clock.advance(86_399)
    browser = provider.browser()
    result = await provider.verification.look(await accepted(browser))
    provider.clock.advance(1)
    assert (await browser.get(result)).status_code == 403
    assert await enrolled(provider) is None


@pytest.mark.parametrize(
    "token", ["unknown", digest(INVITATION).hex(), INVITATION.upper(), "%00", "x" * 9000]
)
async def test_an_unknown_link_is_over(provider: Provider, token: str) -> None:
    response = await provider.browser().get(f"/v1/openid/invitation?token={token}")
    assert response.status_code == (400 if token == "%00" else 410)


@pytest.mark.parametrize("query", ["", "?token=", f"?token={INVITATION}&token={INVITATION}"])
async def test_a_malformed_link_is_shown(provider: Provider, query: str) -> None:
    assert (await provider.browser().get(f"/v1/openid/invitation{query}")).status_code == 400


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "nonsense"])
async def test_another_page_accepts_nobodys_invitation(provider: Provider, site: str) -> None:
    browser = provider.browser()
    path, form = "/v1/openid/invitation", {"token": INVITATION}
    forged = await browser.http.post(path, data=form, headers={"sec-fetch-site": site})
    assert forged.status_code == 400
    assert "set-cookie" not in forged.headers
    accepted = await browser.http.post(path, data=form, headers={"sec-fetch-site": "same-origin"})
    assert accepted.status_code == 303


async def test_a_failure_leaves_the_invitation_for_another_try(provider: Provider) -> None:
    browser = provider.browser()
    spoof = Failed(FailureReason.SPOOF)
    shown = await browser.get(await provider.verification.look(await accepted(browser), verdict=spoof))
    assert (shown.status_code, 'id="error">access_denied<' in shown.text) == (403, True)
    done = await browser.get(await provider.verification.look(await accepted(browser)))
    assert 'id="enrolled"' in done.text


async def test_two_browsers_with_one_link_bind_one_face(provider: Provider) -> None:
    ada, eve = provider.browser(), provider.browser()
    first = await provider.verification.look(await accepted(ada), face=1)
    second = await provider.verification.look(await accepted(eve), face=2)
    assert 'id="enrolled"' in (await eve.get(second)).text
    assert (await ada.get(first)).status_code == 403
    assert "code" in answer(await provider.browser().sign_in(face=2))


async def test_an_invitation_gives_no_code(provider: Provider) -> None:
    browser = provider.browser()
    result = await provider.verification.look(await accepted(browser))
    assert "location" not in (await browser.get(result)).headers


async def test_the_result_of_an_invitation_in_another_browser_is_worth_nothing(provider: Provider) -> None:
    browser = provider.browser()
    result = await provider.verification.look(await accepted(browser))
    assert (await provider.browser().get(result)).status_code == 400
    assert await enrolled(provider) is None
    assert 'id="enrolled"' in (await browser.get(result)).text


async def test_an_invitation_names_its_person(provider: Provider) -> None:
    """The identifier page's answer cannot turn it over to somebody else."""
    browser = provider.browser()
    verification = await accepted(browser)
    handle = dict(parse_qsl(urlsplit(verification).query))["transaction"]
    renamed = await browser.post("/v1/openid/identify", transaction=handle, identifier="eve@example.com")
    assert renamed.status_code == 409
    blank = await browser.post("/v1/openid/identify", transaction=handle, identifier="")
    assert blank.status_code == 303


async def test_invitations_end_where_nobody_may_enrol(make_provider: MakeProvider) -> None:
    never = make_configuration(enrolment_policy=EnrolmentPolicy.NEVER)
    provider = await make_provider(configuration=never)
    await provider.store.add_invitation(make_invitation())
    browser = provider.browser()
    onward = await browser.submit(await browser.get(LINK))
    assert (await browser.get(onward.headers["location"])).status_code == 403
    assert provider.verification.started == []
