"""When a verification from before answers, and every way in which it must not."""

import asyncio
import json
from typing import Any

import pytest

from tests.flow.conftest import MakeProvider
from tests.support.builders import (
    CLIENT_ID,
    CODE_CHALLENGE,
    IDENTIFIER,
    REDIRECT_URI,
    make_client,
    make_configuration,
)
from tests.support.fakes import START
from tests.support.keys import signer
from tests.support.provider_app import ISSUER, REQUEST, Browser, Provider, answer, authorize_url
from verifeye_oidc.ids import digest
from verifeye_oidc.oidc.acr import ACR_FACE, ACR_FACE_LIVE
from verifeye_oidc.oidc.model import AccessToken, Grant, SubjectType
from verifeye_oidc.storage.port import CodeBinding
from verifeye_oidc.verification.port import (
    EnrolmentPolicy,
    Event,
    FaceMode,
    LivenessMode,
    Passed,
    Provenance,
    Verifier,
    VerifierResult,
)

COOKIE = "__Host-verifeye-session"
HOUR = 3600
ESSENTIAL = '{"id_token":{"acr":{"essential":true,"values":["%s"]}}}'
FACE_ONLY = Passed(
    session_id="session",
    face_mode=FaceMode.MATCH_VERIFICATION,
    event=Event.MATCHED,
    provenance=Provenance.FIRST_USE,
    results={Verifier.FACE: VerifierResult.PASSED, Verifier.LIVENESS: VerifierResult.NOT_EXECUTED},
    verified_at=START,
)


@pytest.fixture
async def provider(make_provider: MakeProvider) -> Provider:
    """`acme` answers from sessions of an hour; the others differ by what their names say."""
    provider = await make_provider(make_client(session_seconds=HOUR))
    elsewhere = make_configuration(configuration_id="elsewhere")
    await provider.store.add_configuration(elsewhere)
    for client in (
        make_client(client_id="afresh"),
        make_client(client_id="brief", session_seconds=60),
        make_client(client_id="elsewhere", session_seconds=HOUR, configuration_id="elsewhere"),
        make_client(client_id="invited", session_seconds=HOUR, enrolment_policy=EnrolmentPolicy.INVITE),
        make_client(
            client_id="face-only", session_seconds=HOUR, required_verifiers=frozenset({Verifier.FACE})
        ),
        make_client(client_id="pairwise", session_seconds=HOUR, subject_type=SubjectType.PAIRWISE),
    ):
        await provider.store.add_client(client)
    return provider


@pytest.fixture
async def browser(provider: Provider) -> Browser:
    """Ada enrolled elsewhere, and then matched here: her session is of the second."""
    await provider.browser().sign_in()
    browser = provider.browser()
    assert "code" in answer(await browser.sign_in())
    return browser


async def silently(browser: Browser, **changes: str | None) -> dict[str, str]:
    """What comes of a request that forbids to ask anything."""
    return answer(await browser.get(authorize_url(**{"prompt": "none", "login_hint": None, **changes})))


async def granted(provider: Provider, code: str, client_id: str = CLIENT_ID) -> Grant:
    """What the token endpoint finds behind a code."""
    token = AccessToken(digest(f"token for {code}"), digest(code), client_id, START + 10 * HOUR)
    binding = CodeBinding(client_id, REDIRECT_URI, CODE_CHALLENGE)
    grant = await provider.store.take_code(digest(code), binding, token, provider.clock.now())
    assert isinstance(grant, Grant)
    return grant


async def hint_of(sub: str, client_id: str = CLIENT_ID) -> str:
    return await signer().sign({"iss": ISSUER, "aud": client_id, "sub": sub, "exp": 1}, "RS256")


async def sub_of(provider: Provider, identifier: str = IDENTIFIER) -> str:
    subject = await provider.store.subject("face-check", identifier)
    assert subject
    return subject.sub


def session_of(browser: Browser) -> str | None:
    return browser.http.cookies.get(COOKIE)


async def test_a_session_answers_without_any_page(provider: Provider, browser: Browser) -> None:
    provider.clock.advance(HOUR - 1)
    verified = len(provider.verification.started)
    for changes in (
        {"prompt": "none"},
        {"max_age": "10000"},
        {"prompt": "none", "id_token_hint": await hint_of(await sub_of(provider))},
        {"prompt": "consent", "login_hint": None},
        {"login_hint": " ADA@example.com"},
        {"claims": '{"id_token":{"auth_time":{"essential":true}}}'},
        {"acr_values": f"urn:x {ACR_FACE_LIVE}"},
        {"acr_values": "urn:x"},
        {"claims": ESSENTIAL % ACR_FACE},
    ):
        said = answer(await browser.get(authorize_url(**changes)))
        outcome = (await granted(provider, said["code"])).outcome
        assert (outcome.sub, outcome.auth_time) == (await sub_of(provider), START)
        assert (outcome.event, said["state"]) == (Event.MATCHED, "state-of-acme")
    assert len(provider.verification.started) == verified


async def test_nobody_is_verified_where_no_page_may_be_shown(provider: Provider) -> None:
    verified = len(provider.verification.started)
    for changes in ({}, {"login_hint": None}):
        location = await provider.browser().get(authorize_url(**{"prompt": "none", **changes}))
        assert answer(location)["error"] == "login_required"
    assert len(provider.verification.started) == verified


async def test_a_post_across_sites_is_answered_by_our_own_get(provider: Provider, browser: Browser) -> None:
    """The browser sends no Lax cookie with the POST; with the GET after it, it does."""
    secret = session_of(browser)
    assert secret
    browser.http.cookies.clear()
    begun = await browser.post("/v1/openid/authorize", **REQUEST | {"prompt": "none"})
    assert begun.status_code == 303
    browser.http.cookies.set(COOKIE, secret, domain="login.example", path="/")
    assert "code" in answer(await browser.get(begun.headers["location"]))


async def test_what_a_session_granted_is_granted_once(provider: Provider, browser: Browser) -> None:
    begun = await browser.post("/v1/openid/authorize", **REQUEST)
    first = answer(await browser.get(begun.headers["location"]))
    assert answer(await browser.get(begun.headers["location"])) == first
    await granted(provider, first["code"])
    assert "Go back to Acme" in (await browser.get(begun.headers["location"])).text


async def test_racing_tabs_hear_one_answer(browser: Browser) -> None:
    begun = await browser.post("/v1/openid/authorize", **REQUEST | {"prompt": "none"})
    heard = await asyncio.gather(*(browser.get(begun.headers["location"]) for _ in range(8)))
    assert len({answer(response)["code"] for response in heard}) == 1


NOT_ANSWERED: list[dict[str, str]] = [
    {"login_hint": "eve@example.com"},
    {"login_hint": "\u202e"},
    {"max_age": "0"},
    {"client_id": "elsewhere"},
    {"client_id": "invited"},
    {"client_id": "afresh"},
]


@pytest.mark.parametrize("changes", NOT_ANSWERED)
async def test_a_session_does_not_answer(browser: Browser, changes: dict[str, str]) -> None:
    assert (await silently(browser, **changes))["error"] == "login_required"
    assert (await silently(browser))["code"]


@pytest.mark.parametrize("prompt", ["login", "login consent", "select_account", "select_account login"])
async def test_a_person_is_asked_again_where_the_client_wants_it(browser: Browser, prompt: str) -> None:
    page = await browser.get(await browser.begin(prompt=prompt, login_hint=None))
    assert 'id="identifier"' in page.text


async def test_select_account_shows_who_it_would_be(browser: Browser) -> None:
    page = await browser.get(await browser.begin(prompt="select_account"))
    assert f'value="{IDENTIFIER}"' in page.text
    answered = await browser.submit(page, identifier="eve@example.com")
    onward = await browser.get(answered.headers["location"])
    assert "/verification/" in onward.headers["location"]


async def test_who_is_named_on_the_page_is_verified(provider: Provider, browser: Browser) -> None:
    """Also when a session begins meanwhile, in another tab."""
    fresh = provider.browser()
    page = await fresh.get(await fresh.begin(login_hint=None))
    assert "code" in answer(await fresh.sign_in())
    answered = await fresh.submit(page, identifier="eve@example.com")
    onward = await fresh.get(answered.headers["location"])
    assert "/verification/" in onward.headers["location"]


@pytest.mark.parametrize(
    ("client_id", "max_age", "answers", "too_old"),
    [
        (CLIENT_ID, None, HOUR - 1, HOUR),
        (CLIENT_ID, "5", 4, 5),
        ("brief", None, 59, 60),
        ("brief", "99", 59, 60),
    ],
)
async def test_a_session_ages(
    provider: Provider, browser: Browser, client_id: str, max_age: str | None, answers: int, too_old: int
) -> None:
    """The client that asks says how old it may be, not the one for which it began."""
    provider.clock.advance(answers)
    assert "code" in await silently(browser, client_id=client_id, max_age=max_age)
    provider.clock.advance(too_old - answers)
    assert (await silently(browser, client_id=client_id, max_age=max_age))["error"] == "login_required"


async def test_asked_again_the_time_is_newer(provider: Provider, browser: Browser) -> None:
    provider.clock.advance(2)
    said = answer(await browser.sign_in(max_age="1"))
    assert (await granted(provider, said["code"])).outcome.auth_time == START + 2
    said = await silently(browser)
    assert (await granted(provider, said["code"])).outcome.auth_time == START + 2


async def test_a_client_without_sessions_leaves_none(provider: Provider) -> None:
    browser = provider.browser()
    assert "code" in answer(await browser.sign_in(client_id="afresh"))
    assert session_of(browser) is None
    assert (await silently(browser))["error"] == "login_required"


async def test_a_client_without_sessions_does_not_touch_the_others(browser: Browser) -> None:
    before = session_of(browser)
    assert "code" in answer(await browser.sign_in(client_id="afresh"))
    assert session_of(browser) == before
    assert "code" in await silently(browser)


async def test_nobody_is_signed_in_after_somebody_else_was_verified_at_their_browser(
    browser: Browser,
) -> None:
    """Also where that client keeps no sessions: of two people at one browser, the last is there."""
    assert "code" in await silently(browser)
    bob = answer(await browser.sign_in(face=2, client_id="afresh", login_hint="bob@example.com"))
    assert "code" in bob
    assert (await silently(browser))["error"] == "login_required"


async def test_a_first_capture_gives_a_session_that_proves_as_little(provider: Provider) -> None:
    browser = provider.browser()
    await browser.sign_in()
    outcome = (await granted(provider, (await silently(browser))["code"])).outcome
    assert (outcome.event, outcome.provenance) == (Event.ENROLLED, Provenance.FIRST_USE)
    for more in ({"acr_values": ACR_FACE}, {"claims": ESSENTIAL % ACR_FACE}, {"client_id": "invited"}):
        assert (await silently(browser, **more))["error"] == "login_required"


async def test_a_verification_without_liveness_answers_nobody_who_requires_it(
    provider: Provider, browser: Browser
) -> None:
    """Step-up: the same collection, verified again."""
    said = answer(await browser.sign_in(client_id="face-only", prompt="login", verdict=FACE_ONLY))
    assert "code" in said
    assert "code" in await silently(browser, client_id="face-only")
    assert "code" in await silently(browser, client_id="face-only", acr_values=ACR_FACE)
    assert (await silently(browser))["error"] == "login_required"
    live: Any = {"client_id": "face-only", "acr_values": ACR_FACE_LIVE}
    assert (await silently(browser, **live))["error"] == "login_required"
    assert "code" in answer(await browser.sign_in(**live))
    assert "code" in await silently(browser, **live)


# What an attacker gets


async def test_the_cookie_holds_a_secret_that_is_stored_nowhere(provider: Provider) -> None:
    response = await provider.browser().sign_in()
    [cookie] = [text for text in response.headers.get_list("set-cookie") if text.startswith(COOKIE)]
    secret = cookie.partition("=")[2].partition(";")[0]
    assert len(secret) == 43
    assert secret not in response.headers["location"]
    assert {"httponly", "secure", "samesite=lax", "path=/"} <= {
        part.strip().lower() for part in cookie.split(";")
    }
    assert all(secret.encode() not in file.read_bytes() for file in provider.folder.iterdir())


async def test_the_session_changes_at_each_verification_and_the_older_one_is_dead(
    provider: Provider, browser: Browser
) -> None:
    stolen = session_of(browser)
    assert "code" in answer(await browser.sign_in(prompt="login"))
    assert session_of(browser) != stolen
    thief = provider.browser()
    thief.http.cookies.set(COOKIE, str(stolen), domain="login.example", path="/")
    assert (await silently(thief))["error"] == "login_required"
    assert "code" in await silently(browser)


@pytest.mark.parametrize("planted", ["chosen-by-an-attacker", "", "x" * 4000])
async def test_a_planted_session_id_is_never_taken_on(provider: Provider, planted: str) -> None:
    await provider.browser().sign_in()
    victim, attacker = provider.browser(), provider.browser()
    for each in (victim, attacker):
        each.http.cookies.set(COOKIE, planted, domain="login.example", path="/")
    assert "code" in answer(await victim.sign_in())
    assert victim.http.cookies.get(COOKIE) != planted
    assert (await silently(attacker))["error"] == "login_required"


async def test_an_attackers_own_session_does_not_survive_the_victims_verification(
    provider: Provider, browser: Browser
) -> None:
    attacker, victim = provider.browser(), browser
    assert "code" in answer(await attacker.sign_in(face=2, login_hint="eve@example.com"))
    own = session_of(attacker)
    victim.http.cookies.clear()
    victim.http.cookies.set(COOKIE, str(own), domain="login.example", path="/")
    assert "code" in answer(await victim.sign_in())
    assert (await silently(attacker))["error"] == "login_required"
    said = await silently(victim)
    assert (await granted(provider, said["code"])).outcome.identifier == IDENTIFIER


async def test_the_transactions_cookie_is_no_session(provider: Provider, browser: Browser) -> None:
    [transaction] = [name for name in browser.http.cookies if name.startswith("__Host-verifeye-tx-")]
    thief = provider.browser()
    secret = browser.http.cookies[transaction]
    thief.http.cookies.set(COOKIE, secret, domain="login.example", path="/")
    assert (await silently(thief))["error"] == "login_required"


async def test_two_tabs_leave_one_session(provider: Provider, browser: Browser) -> None:
    first = await browser.result(prompt="login")
    second = await browser.result(prompt="login")
    before = session_of(browser)
    assert "code" in answer(await browser.get(first))
    middle = session_of(browser)
    assert "code" in answer(await browser.get(second))
    after = session_of(browser)
    assert len({before, middle, after}) == 3
    now = provider.clock.now()
    alive = [
        secret for secret in (before, middle, after) if await provider.store.login(digest(str(secret)), now)
    ]
    assert alive == [after]


async def test_a_reload_of_an_older_result_does_not_bring_its_session_back(browser: Browser) -> None:
    older = await browser.result(prompt="login")
    await browser.get(older)
    await browser.sign_in(prompt="login")
    newest = session_of(browser)
    assert "code" in answer(await browser.get(older))
    assert session_of(browser) == newest


async def test_a_lost_answer_brings_the_same_session_again(provider: Provider) -> None:
    browser = provider.browser()
    result = await browser.result()
    await browser.get(result)
    lost = session_of(browser)
    browser.http.cookies.delete(COOKIE)
    await browser.get(result)
    assert session_of(browser) == lost
    assert "code" in await silently(browser)


# Who is meant


async def test_a_hint_at_somebody_else_is_not_answered(provider: Provider, browser: Browser) -> None:
    await provider.browser().sign_in(face=2, login_hint="eve@example.com")
    eve = await hint_of(await sub_of(provider, "eve@example.com"))
    assert (await silently(browser, id_token_hint=eve))["error"] == "login_required"
    denied = answer(await browser.get(authorize_url(id_token_hint=eve)))
    assert (denied["error"], denied["error_description"]) == ("access_denied", "the person was not verified")
    signed_in = answer(await browser.sign_in(face=2, login_hint="eve@example.com", id_token_hint=eve))
    assert "code" in signed_in


async def test_a_stranger_cannot_enrol_as_who_is_hinted_at(provider: Provider, browser: Browser) -> None:
    ada = await hint_of(await sub_of(provider))
    verified = len(provider.verification.started)
    said = answer(await provider.browser().get(authorize_url(login_hint="mallory", id_token_hint=ada)))
    assert said["error"] == "access_denied"
    assert len(provider.verification.started) == verified


@pytest.mark.parametrize("where", ["id_token", "userinfo"])
async def test_a_sub_that_is_asked_for_is_the_only_one(
    provider: Provider, browser: Browser, where: str
) -> None:
    genuine = json.dumps({where: {"sub": {"value": await sub_of(provider)}}})
    assert "code" in await silently(browser, claims=genuine)
    other = json.dumps({where: {"sub": {"value": "somebody-else"}}})
    assert (await silently(browser, claims=other))["error"] == "login_required"
    assert answer(await browser.get(authorize_url(claims=other)))["error"] == "access_denied"


async def test_a_hint_must_be_ours_and_for_this_client(provider: Provider, browser: Browser) -> None:
    sub = await sub_of(provider)
    genuine = await hint_of(sub)
    for hint in (await hint_of(sub, "brief"), genuine[:-8] + "AAAAAAAA", genuine + "x", "a.b.c"):
        assert (await silently(browser, id_token_hint=hint))["error"] == "invalid_request"
    assert "code" in await silently(browser, id_token_hint=genuine)


async def test_a_pairwise_client_knows_people_by_its_own_names(provider: Provider, browser: Browser) -> None:
    said = await silently(browser, client_id="pairwise")
    outcome = (await granted(provider, said["code"], "pairwise")).outcome
    assert outcome.said_sub not in (outcome.sub, "")
    assert outcome.sub == await sub_of(provider)
    for sub, expected in ((outcome.said_sub, "code"), (outcome.sub, "error")):
        hint = await hint_of(sub, "pairwise")
        assert expected in await silently(browser, client_id="pairwise", id_token_hint=hint)


# Essential acr


async def test_an_essential_acr_out_of_reach_is_refused_before_anything_begins(
    make_provider: MakeProvider,
) -> None:
    configuration = make_configuration(liveness=LivenessMode.DISABLED)
    client = make_client(session_seconds=HOUR, required_verifiers=frozenset({Verifier.FACE}))
    provider = await make_provider(client, configuration)
    for values in (
        ACR_FACE_LIVE,
        "urn:verifeye-oidc:acr:face-live-advanced",
        "urn:verifeye-oidc:acr:face-device",
    ):
        response = await provider.browser().get(authorize_url(claims=ESSENTIAL % values))
        assert answer(response)["error"] == "unmet_authentication_requirements"
        assert "set-cookie" not in response.headers
    voluntary = ESSENTIAL.replace("true", "false") % ACR_FACE_LIVE
    assert (
        "/verification/"
        in (await provider.browser().get(authorize_url(claims=voluntary))).headers["location"]
    )


async def test_an_essential_acr_within_reach_that_was_missed_is_a_failure(
    provider: Provider, browser: Browser
) -> None:
    live: Any = {"client_id": "face-only", "claims": ESSENTIAL % ACR_FACE_LIVE, "prompt": "login"}
    said = answer(await browser.sign_in(verdict=FACE_ONLY, **live))
    assert (said["error"], said["error_description"]) == ("access_denied", "the person was not verified")
    said = answer(await browser.sign_in(**live))
    assert ACR_FACE_LIVE in (await granted(provider, said["code"], "face-only")).acr_values


async def test_a_first_capture_reaches_no_essential_acr_and_is_not_begun(provider: Provider) -> None:
    claims = ESSENTIAL % ACR_FACE
    said = answer(await provider.browser().get(authorize_url(login_hint="new", claims=claims)))
    assert said["error"] == "access_denied"
    assert provider.verification.started == []
