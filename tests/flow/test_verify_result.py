"""What comes back from the verification: decided once, for the right browser, and for nobody else."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest
from starlette.types import Receive, Scope, Send

from tests.flow.conftest import MakeProvider
from tests.support.builders import (
    CLIENT_ID,
    CODE_CHALLENGE,
    CONFIGURATION_ID,
    PASSED,
    REDIRECT_URI,
    make_client,
    make_configuration,
)
from tests.support.fakes import START
from tests.support.provider_app import ISSUER, Browser, Provider, answer
from verifeye_oidc.ids import digest
from verifeye_oidc.oidc.model import AccessToken, Grant
from verifeye_oidc.storage.port import CodeBinding
from verifeye_oidc.verification.contract import Direction, sign
from verifeye_oidc.verification.port import (
    EnrolmentPolicy,
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

BINDING = CodeBinding(CLIENT_ID, REDIRECT_URI, CODE_CHALLENGE)
FACE_ONLY = {Verifier.FACE: VerifierResult.PASSED, Verifier.LIVENESS: VerifierResult.NOT_EXECUTED}


async def redeem(provider: Provider, code: str) -> Grant | None:
    """What the token endpoint does with a code."""
    token = AccessToken(digest(f"token for {code}"), digest(code), CLIENT_ID, START + 900)
    taken = await provider.store.take_code(digest(code), BINDING, token, provider.clock.now())
    return taken if isinstance(taken, Grant) else None


async def assert_signs_in(provider: Provider, browser: Browser, result: str) -> Grant:
    """The genuine transaction can still be finished."""
    said = answer(await browser.get(result))
    grant = await redeem(provider, said["code"])
    assert grant is not None
    return grant


def assert_shown(response: httpx2.Response) -> None:
    assert response.status_code == 400
    assert "location" not in response.headers
    assert 'id="error">invalid_request<' in response.text


async def test_first_enrolled_then_matched_then_another_face(provider: Provider) -> None:
    said = answer(await provider.browser().sign_in(face=1))
    assert (said["state"], said["iss"], set(said)) == ("state-of-acme", ISSUER, {"code", "state", "iss"})
    enrolled = await redeem(provider, said["code"])
    assert enrolled is not None
    assert (enrolled.outcome.event, enrolled.outcome.provenance) == (Event.ENROLLED, Provenance.FIRST_USE)
    assert (enrolled.nonce, enrolled.code_challenge) == ("nonce-of-acme", CODE_CHALLENGE)
    assert (enrolled.outcome.auth_time, enrolled.expires_at) == (START, START + 60)

    matched = await redeem(provider, answer(await provider.browser().sign_in(face=1))["code"])
    assert matched is not None
    assert (matched.outcome.event, matched.outcome.sub) == (Event.MATCHED, enrolled.outcome.sub)

    said = answer(await provider.browser().sign_in(face=2))
    assert (said["error"], said["error_description"]) == ("access_denied", "the person was not verified")


async def test_another_identifier_is_another_person(provider: Provider) -> None:
    ada = await redeem(provider, answer(await provider.browser().sign_in(face=1))["code"])
    eve = await redeem(provider, answer(await provider.browser().sign_in(face=2, login_hint="eve"))["code"])
    assert ada is not None
    assert eve is not None
    assert ada.outcome.sub != eve.outcome.sub


async def test_a_reload_gives_the_same_code_until_it_is_redeemed(provider: Provider) -> None:
    browser = provider.browser()
    result = await browser.result()
    first, again = await browser.get(result), await browser.get(result)
    assert first.headers["location"] == again.headers["location"]
    assert await redeem(provider, answer(first)["code"]) is not None
    over = await browser.get(result)
    assert (over.status_code, "location" in over.headers) == (200, False)
    assert "Go back to Acme" in over.text


async def test_a_reload_gives_no_code_after_a_minute(provider: Provider) -> None:
    browser = provider.browser()
    result = await browser.result()
    code = answer(await browser.get(result))["code"]
    provider.clock.advance(60)
    assert "Go back to Acme" in (await browser.get(result)).text
    assert await redeem(provider, code) is None


async def test_going_back_to_where_it_began_gives_the_same_code(provider: Provider) -> None:
    browser = provider.browser()
    onward = await browser.begin()
    verification = (await browser.get(onward)).headers["location"]
    done = await browser.get(await provider.verification.look(verification))
    assert (await browser.get(onward)).headers["location"] == done.headers["location"]


async def test_the_code_is_stored_nowhere_in_clear(provider: Provider) -> None:
    code = answer(await provider.browser().sign_in())["code"]
    assert len(code) == 43
    assert all(code.encode() not in file.read_bytes() for file in provider.folder.iterdir())


@pytest.mark.parametrize("cookie", ["none", "wrong", "of another transaction"])
async def test_a_result_in_another_browser_is_worth_nothing(provider: Provider, cookie: str) -> None:
    genuine, other = provider.browser(), provider.browser()
    result = await genuine.result()
    handle = dict(parse_qsl(urlsplit(result).query))["transaction"]
    if cookie == "wrong":
        name = f"__Host-verifeye-tx-{handle}"
        other.http.cookies.set(name, "another-secret", domain="login.example", path="/")
    if cookie == "of another transaction":
        await other.begin()
    assert_shown(await other.get(result))
    await assert_signs_in(provider, genuine, result)
    assert_shown(await other.get(result))


async def test_a_code_is_replayed_to_nobody_else(provider: Provider) -> None:
    browser, other = provider.browser(), provider.browser()
    result = await browser.result()
    await browser.get(result)
    assert_shown(await other.get(result))


CHANGED = [
    ("stripped", lambda query: query.rpartition("&")[0]),
    ("empty signature", lambda query: query.rpartition("=")[0] + "="),
    ("upper-case signature", lambda query: query[:-64] + query[-64:].upper()),
    ("one digit of the signature", lambda query: query[:-1] + ("0" if query[-1] != "0" else "1")),
    ("doubled signature", lambda query: query + "&reSignature=" + query[-64:]),
    ("one more parameter", lambda query: "x=1&" + query),
    ("parameter after the signature", lambda query: query + "&x=1"),
    ("passed, whatever it was", lambda query: query.replace("Result=", "Result=passed&x=")),
    ("session", lambda query: query.replace("reVerificationSessionId=", "reVerificationSessionId=0")),
    ("order", lambda query: "&".join([*reversed(query.split("&")[:-1]), query.split("&")[-1]])),
    ("case of a name", lambda query: query.replace("reVerificationResult", "reverificationresult")),
    ("encoding", lambda query: query.replace("passed", "%70assed").replace("failed", "%66ailed")),
    ("only the handle", lambda query: query.partition("&")[0]),
]


@pytest.mark.parametrize("face", [1, 2])
@pytest.mark.parametrize("change", [change for _, change in CHANGED], ids=[what for what, _ in CHANGED])
async def test_a_result_that_was_changed_is_refused_and_the_genuine_one_still_counts(
    provider: Provider, face: int, change: Callable[[str], str]
) -> None:
    await provider.browser().sign_in(face=1)
    browser = provider.browser()
    result = await browser.result(face=face)
    path, _, query = result.partition("?")
    assert change(query) != query
    assert_shown(await browser.get(f"{path}?{change(query)}"))
    said = answer(await browser.get(result))
    assert ("code" in said) == (face == 1)


MALFORMED = [
    "",
    "transaction=",
    "transaction=unknown",
    "reVerificationResult=passed",
    "transaction={handle}&transaction={handle}",
    "transaction={handle}&reVerificationResult=passed&reVerificationResult=failed",
    "transaction={handle}&x=%00",
    "transaction={handle}&x=%ff",
    "transaction={handle}&x=" + "y" * 20_000,
    "transaction={handle}&" + "&".join(f"p{n}=1" for n in range(70)),
    "transaction={handle}&reSignature=" + "0" * 64,
    "transaction={handle}%20",
    "Transaction={handle}",
]


@pytest.mark.parametrize("query", MALFORMED)
async def test_a_malformed_result_is_shown_and_nothing_is_lost(provider: Provider, query: str) -> None:
    browser = provider.browser()
    result = await browser.result()
    handle = dict(parse_qsl(urlsplit(result).query))["transaction"]
    assert_shown(await browser.get("/v1/openid/verify-result?" + query.format(handle=handle)))
    await assert_signs_in(provider, browser, result)


async def test_bytes_that_are_not_ascii_are_refused(provider: Provider) -> None:
    browser = provider.browser()
    result = await browser.result()
    raw = urlsplit(result).query.encode() + b"&x=\xc3\xa9"

    async def with_bytes(scope: Scope, receive: Receive, send: Send) -> None:
        await provider.app({**scope, "query_string": raw}, receive, send)

    cookies = browser.http.cookies
    transport = httpx2.ASGITransport(app=with_bytes)
    async with httpx2.AsyncClient(transport=transport, base_url=ISSUER, cookies=cookies) as hostile:
        assert_shown(await hostile.get(result))
    await assert_signs_in(provider, browser, result)


async def test_the_result_of_another_transaction_is_refused(provider: Provider) -> None:
    """Also in the same browser, which holds the cookies of both."""
    browser = provider.browser()
    mine, other = await browser.result(login_hint="mallory", face=2), await browser.result(face=1)
    moved = dict(parse_qsl(urlsplit(mine).query))["transaction"]
    theirs = dict(parse_qsl(urlsplit(other).query))["transaction"]
    assert_shown(await browser.get(mine.replace(moved, theirs)))
    key = make_configuration().signing_key
    swapped = urlsplit(mine).query.rpartition("&")[0].replace(moved, theirs)
    resigned = sign(key, Direction.OUT, CONFIGURATION_ID, swapped)
    assert_shown(await browser.get(f"/v1/openid/verify-result?{resigned}"))
    await assert_signs_in(provider, browser, other)
    await assert_signs_in(provider, browser, mine)


@pytest.mark.parametrize(
    ("direction", "configuration_id"),
    [(Direction.IN, CONFIGURATION_ID), (Direction.OUT, "another-configuration")],
)
async def test_a_signature_for_another_use_is_refused(
    provider: Provider, direction: Direction, configuration_id: str
) -> None:
    browser = provider.browser()
    result = await browser.result()
    query = urlsplit(result).query.rpartition("&")[0]
    moved = sign(make_configuration().signing_key, direction, configuration_id, query)
    assert_shown(await browser.get(f"/v1/openid/verify-result?{moved}"))
    await assert_signs_in(provider, browser, result)


async def test_the_verification_url_is_no_result(provider: Provider) -> None:
    browser = provider.browser()
    verification = await browser.to_verification()
    assert_shown(await browser.get(f"/v1/openid/verify-result?{urlsplit(verification).query}"))
    await assert_signs_in(provider, browser, await provider.verification.look(verification))


async def test_a_result_before_the_verification_began_is_refused(provider: Provider) -> None:
    browser = provider.browser()
    onward = await browser.begin()
    handle = onward.rpartition("=")[2]
    assert_shown(await browser.get(f"/v1/openid/verify-result?{urlencode({'transaction': handle})}"))
    assert (await browser.get(onward)).status_code == 303


NOT_DENIED = {FailureReason.SERVICE_UNAVAILABLE, FailureReason.LOGIN_REQUIRED}


@pytest.mark.parametrize("reason", [reason for reason in FailureReason if reason not in NOT_DENIED])
async def test_a_failure_is_final(provider: Provider, reason: FailureReason) -> None:
    browser = provider.browser()
    verification = await browser.to_verification()
    failed = await provider.verification.look(verification, verdict=Failed(reason))
    passing = await provider.verification.look(verification)
    for url in (failed, failed, passing):
        said = answer(await browser.get(url))
        assert (said["error"], said["state"], said["iss"]) == ("access_denied", "state-of-acme", ISSUER)


def passed(**changes: Any) -> Passed:
    """A match, were it not for the changes."""
    match = Passed(
        session_id="session",
        face_mode=FaceMode.MATCH_VERIFICATION,
        event=Event.MATCHED,
        provenance=Provenance.INVITE,
        results=PASSED,
        verified_at=START,
    )
    return replace(match, **changes)


@pytest.mark.parametrize(
    "verdict",
    [
        passed(results=FACE_ONLY),
        passed(results={}),
        passed(face_mode=FaceMode.CALCULATION_ONLY),
        passed(event=Event.ENROLLED, provenance=Provenance.FIRST_USE),
        passed(event=Event.ENROLLED),
        Expired(),
    ],
)
async def test_what_the_service_calls_passed_is_judged_again(provider: Provider, verdict: Passed) -> None:
    await provider.browser().sign_in()
    assert answer(await provider.browser().sign_in(verdict=verdict))["error"] == "access_denied"


async def test_a_claimed_match_of_a_stranger_is_refused(provider: Provider) -> None:
    assert answer(await provider.browser().sign_in(verdict=passed()))["error"] == "access_denied"


async def test_an_enrolment_without_a_template_is_refused(provider: Provider) -> None:
    claimed = passed(event=Event.ENROLLED, provenance=Provenance.FIRST_USE)
    assert answer(await provider.browser().sign_in(verdict=claimed))["error"] == "access_denied"


async def test_a_client_that_requires_only_the_face_takes_it(make_provider: MakeProvider) -> None:
    provider = await make_provider(make_client(required_verifiers=frozenset({Verifier.FACE})))
    await provider.browser().sign_in()
    assert "code" in answer(await provider.browser().sign_in(verdict=passed(results=FACE_ONLY)))


async def test_a_template_too_weak_for_the_client_is_not_even_asked_for(make_provider: MakeProvider) -> None:
    """Enrolled on first use, while the client accepts invitations only."""
    strict = make_client(enrolment_policy=EnrolmentPolicy.INVITE)
    provider = await make_provider(strict)
    await provider.store.add_client(make_client(client_id="lax"))
    assert "code" in answer(await provider.browser().sign_in(client_id="lax"))
    browser = provider.browser()
    assert answer(await browser.get(await browser.begin()))["error"] == "access_denied"


async def test_two_firsts_at_once_bind_one_face(provider: Provider) -> None:
    """Two browsers enrol one identifier: the second decision finds the place taken, and writes nothing."""
    ada, eve = provider.browser(), provider.browser()
    first, second = await ada.result(face=1), await eve.result(face=2)
    assert "code" in answer(await eve.get(second))
    assert answer(await ada.get(first))["error"] == "access_denied"
    assert "code" in answer(await provider.browser().sign_in(face=2))
    assert answer(await provider.browser().sign_in(face=1))["error"] == "access_denied"


async def test_racing_tabs_get_one_code_between_them(provider: Provider) -> None:
    browser = provider.browser()
    result = await browser.result()
    responses = await asyncio.gather(*(browser.get(result) for _ in range(8)))
    codes = {answer(response)["code"] for response in responses if response.status_code == 303}
    assert len(codes) == 1
    for response in responses:
        assert response.status_code == 303 or 'http-equiv="refresh"' in response.text
    assert answer(await browser.get(result))["code"] in codes
    assert await redeem(provider, codes.pop()) is not None


async def test_while_one_tab_decides_the_other_waits_and_a_dead_one_lets_go(provider: Provider) -> None:
    browser = provider.browser()
    onward = await browser.begin()
    result = await provider.verification.look((await browser.get(onward)).headers["location"])
    handle = onward.rpartition("=")[2]
    assert await provider.store.lease(handle, START, START + 10)
    for url in (result, onward):
        waiting = await browser.get(url)
        assert (waiting.status_code, 'http-equiv="refresh"' in waiting.text) == (200, True)
    provider.clock.advance(10)
    assert (await browser.get(onward)).headers["location"].startswith(f"{ISSUER}/verification/")
    await assert_signs_in(provider, browser, result)


async def test_while_the_service_is_away_the_person_waits(provider: Provider) -> None:
    browser = provider.browser()
    onward = await browser.begin()
    provider.verification.available = False
    waiting = await browser.get(onward)
    assert (waiting.status_code, 'http-equiv="refresh"' in waiting.text) == (200, True)
    provider.verification.available = True
    result = await provider.verification.look((await browser.get(onward)).headers["location"])
    provider.verification.available = False
    assert (await browser.get(result)).status_code == 200
    provider.verification.available = True
    await assert_signs_in(provider, browser, result)


async def test_shortly_before_the_deadline_it_is_given_up_for_good(provider: Provider) -> None:
    browser = provider.browser()
    result = await browser.result()
    provider.verification.available = False
    provider.clock.advance(284)
    assert (await browser.get(result)).status_code == 200
    provider.clock.advance(1)
    said = answer(await browser.get(result))
    assert (said["error"], said["state"]) == ("temporarily_unavailable", "state-of-acme")
    provider.verification.available = True
    assert answer(await browser.get(result))["error"] == "temporarily_unavailable"


async def test_a_result_after_the_deadline_is_too_late(provider: Provider) -> None:
    browser = provider.browser()
    result = await browser.result()
    provider.clock.advance(300)
    assert answer(await browser.get(result))["error"] == "access_denied"


async def test_whoever_cancelled_is_not_signed_in(provider: Provider) -> None:
    browser = provider.browser()
    result = await browser.result()
    handle = dict(parse_qsl(urlsplit(result).query))["transaction"]
    await browser.post("/v1/openid/identify", transaction=handle, decision="cancel")
    assert answer(await browser.get(result))["error"] == "access_denied"


async def test_prefetch_and_head_decide_nothing(provider: Provider) -> None:
    browser = provider.browser()
    result = await browser.result()
    assert (await browser.http.head(result)).status_code == 204
    assert (await browser.get(result, **{"sec-purpose": "prefetch"})).status_code == 403
    grant = await assert_signs_in(provider, browser, result)
    assert grant.outcome.event is Event.ENROLLED
