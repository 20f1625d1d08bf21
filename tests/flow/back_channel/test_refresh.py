"""Refresh tokens: rotated, bound, narrowed at most, and ended with everything else by a replay."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx2
import pytest
import structlog

from tests.support.back_channel import BOTH_GRANTS, OFFLINE, OFFLINE_SCOPE, Back, credentials
from tests.support.builders import (
    CLIENT_ID,
    CODE,
    CONFIGURATION_ID,
    IDENTIFIER,
    SUB,
    make_client,
    make_configuration,
    make_outcome,
)
from tests.support.fakes import START
from tests.support.keys import ISSUER
from tests.support.relying_party import verified_claims
from tests.support.stores import make_known
from verifeye_oidc.oidc.discovery import TOKEN_PATH
from verifeye_oidc.oidc.tokens import at_hash
from verifeye_oidc.verification.port import EnrolmentPolicy

DAY = 86_400


async def _claims(back: Back, tokens: dict[str, Any]) -> dict[str, Any]:
    keys = (await back.http.get("/v1/openid/jwks")).json()["keys"]
    return verified_claims(tokens["id_token"], keys)


async def _is_live(back: Back, access_token: str) -> bool:
    return (await back.userinfo(access_token)).status_code == 200


def _assert_refused(response: httpx2.Response, error: str = "invalid_grant") -> None:
    assert (response.status_code, response.json()["error"]) == (400, error), response.text
    assert response.headers["cache-control"] == "no-store"


# Who gets one (OpenID Connect Core 1.0, 11)


async def test_a_client_that_may_refresh_gets_one_for_offline_access(back: Back) -> None:
    tokens = await back.offline_tokens()

    assert set(tokens) == {
        "access_token", "expires_in", "scope", "id_token", "token_type", "refresh_token",
    }  # fmt: skip
    assert tokens["scope"] == " ".join(OFFLINE_SCOPE)


async def test_without_offline_access_there_is_none(back: Back) -> None:
    await back.give_code(client_id=OFFLINE)

    assert "refresh_token" not in (await back.redeem(client_id=OFFLINE)).json()


async def test_a_client_that_may_not_refresh_gets_none(back: Back) -> None:
    """Its policy may have been withdrawn since the code was given."""
    await back.give_code(scope=OFFLINE_SCOPE)

    assert "refresh_token" not in (await back.redeem()).json()


async def test_a_client_that_may_not_refresh_is_told_so(back: Back) -> None:
    tokens = await back.offline_tokens()

    _assert_refused(await back.refresh(tokens["refresh_token"], client_id=CLIENT_ID), "unauthorized_client")

    assert (await back.refresh(tokens["refresh_token"])).status_code == 200


# What it gives (RFC 6749, 6; OpenID Connect Core 1.0, 12.2)


async def test_it_gives_new_tokens_about_the_same_verification(back: Back) -> None:
    first = await back.offline_tokens()
    said_first = await _claims(back, first)
    back.clock.advance(1000)

    response = await back.refresh(first["refresh_token"])

    assert response.status_code == 200
    assert (response.headers["cache-control"], response.headers["pragma"]) == ("no-store", "no-cache")
    second = response.json()
    assert set(second) == set(first)
    assert not {first[name] for name in ("access_token", "refresh_token")} & set(map(str, second.values()))
    assert (second["expires_in"], second["scope"]) == (300, first["scope"])
    said = await _claims(back, second)
    assert (said["iss"], said["sub"], said["aud"]) == (ISSUER, SUB, OFFLINE)
    assert (said["auth_time"], said["iat"], said["exp"]) == (START, START + 1000, START + 1300)
    assert said["at_hash"] == at_hash(second["access_token"]) != said_first["at_hash"]
    assert "nonce" in said_first
    assert set(said) == set(said_first) - {"nonce"}
    same = set(said) - {"iat", "exp", "at_hash"}
    assert {name: said[name] for name in same} == {name: said_first[name] for name in same}
    assert (await back.userinfo(second["access_token"])).json()["email"] == IDENTIFIER


async def test_a_pairwise_subject_is_said_everywhere_and_the_person_s_own_nowhere(back: Back) -> None:
    await make_known(back.store)
    outcome = make_outcome(pairwise_sub="sub-for-this-sector")
    await back.give_code(client_id=OFFLINE, scope=OFFLINE_SCOPE, outcome=outcome)
    first = (await back.redeem(client_id=OFFLINE)).json()
    second = (await back.refresh(first["refresh_token"])).json()

    said = [await _claims(back, first), await _claims(back, second)]
    for tokens in (first, second):
        said.append((await back.userinfo(tokens["access_token"])).json())
        said.append((await back.introspect(tokens["access_token"])).json())
    said.append((await back.introspect(second["refresh_token"])).json())

    assert [each["sub"] for each in said] == ["sub-for-this-sector"] * 7
    assert SUB not in repr(said)


async def test_each_refresh_token_is_good_for_the_next(back: Back) -> None:
    tokens = await back.offline_tokens()
    seen = {tokens["refresh_token"]}
    for _ in range(5):
        back.clock.advance(300)
        response = await back.refresh(tokens["refresh_token"])
        assert response.status_code == 200
        tokens = response.json()
        seen.add(tokens["refresh_token"])

    assert len(seen) == 6


@pytest.mark.parametrize(
    ("scope", "granted"),
    [
        ("openid", "openid"),
        ("verification openid", "openid verification"),
        ("offline_access email openid", "openid email offline_access"),
    ],
)
async def test_a_narrower_scope_is_given_for_this_once(back: Back, scope: str, granted: str) -> None:
    tokens = await back.offline_tokens()

    narrowed = (await back.refresh(tokens["refresh_token"], scope=scope)).json()

    assert narrowed["scope"] == granted
    has = granted.split()
    assert ("verification" in await _claims(back, narrowed)) == ("verification" in has)
    userinfo = (await back.userinfo(narrowed["access_token"])).json()
    assert ("email" in userinfo, "verification" in userinfo) == ("email" in has, "verification" in has)
    whole = (await back.refresh(narrowed["refresh_token"])).json()
    assert whole["scope"] == " ".join(OFFLINE_SCOPE)


@pytest.mark.parametrize(
    "scope", ["openid unknown", "profile", "OPENID", "openid  email", " ", "openid,email"]
)
async def test_no_other_scope_is_given_and_the_token_stays_good(back: Back, scope: str) -> None:
    tokens = await back.offline_tokens()

    _assert_refused(await back.refresh(tokens["refresh_token"], scope=scope), "invalid_scope")

    assert await _is_live(back, tokens["access_token"])
    assert (await back.refresh(tokens["refresh_token"])).status_code == 200


# How long


@pytest.mark.parametrize(("age", "status"), [(DAY - 1, 200), (DAY, 400)])
async def test_it_lives_for_as_long_as_the_client_s_policy_says(back: Back, age: int, status: int) -> None:
    tokens = await back.offline_tokens()
    back.clock.advance(age)

    assert (await back.refresh(tokens["refresh_token"])).status_code == status


async def test_rotation_prolongs_nothing(back: Back) -> None:
    await back.store.add_client(
        make_client(client_id="brief", grant_types=BOTH_GRANTS, refresh_token_seconds=100)
    )
    tokens = await back.offline_tokens("brief")
    back.clock.advance(99)
    tokens = (await back.refresh(tokens["refresh_token"], client_id="brief")).json()
    back.clock.advance(1)

    _assert_refused(await back.refresh(tokens["refresh_token"], client_id="brief"))


# Replays


@pytest.mark.parametrize("scope", [None, "openid", "more than was granted"])
async def test_a_replay_ends_the_family(back: Back, scope: str | None) -> None:
    first = await back.offline_tokens()
    second = (await back.refresh(first["refresh_token"])).json()

    _assert_refused(await back.refresh(first["refresh_token"], scope=scope))

    assert not await _is_live(back, first["access_token"])
    assert not await _is_live(back, second["access_token"])
    _assert_refused(await back.refresh(second["refresh_token"]))


async def test_the_oldest_of_many_is_known_for_a_replay(back: Back) -> None:
    tokens = [await back.offline_tokens()]
    for _ in range(4):
        tokens.append((await back.refresh(tokens[-1]["refresh_token"])).json())

    _assert_refused(await back.refresh(tokens[0]["refresh_token"]))

    _assert_refused(await back.refresh(tokens[-1]["refresh_token"]))


async def test_a_replay_leaves_other_families_alone(back: Back) -> None:
    stolen = await back.offline_tokens()
    other = await back.offline_tokens(code="another-code")
    assert (await back.refresh(stolen["refresh_token"])).status_code == 200
    _assert_refused(await back.refresh(stolen["refresh_token"]))

    assert await _is_live(back, other["access_token"])
    assert (await back.refresh(other["refresh_token"])).status_code == 200


async def test_of_many_at_once_one_is_answered_and_the_family_ends(back: Back) -> None:
    tokens = await back.offline_tokens()

    answers = await asyncio.gather(*[back.refresh(tokens["refresh_token"]) for _ in range(8)])

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7
    [winner] = [answer.json() for answer in answers if answer.status_code == 200]
    _assert_refused(await back.refresh(winner["refresh_token"]))
    assert not await _is_live(back, winner["access_token"])


async def test_a_replayed_code_ends_the_family(back: Back) -> None:
    first = await back.offline_tokens()
    second = (await back.refresh(first["refresh_token"])).json()

    _assert_refused(await back.redeem(client_id=OFFLINE))

    assert not await _is_live(back, second["access_token"])
    _assert_refused(await back.refresh(second["refresh_token"]))


async def test_the_log_tells_a_replay_from_an_unknown_token_and_names_neither(back: Back) -> None:
    first = await back.offline_tokens()
    second = (await back.refresh(first["refresh_token"])).json()

    with structlog.testing.capture_logs() as logged:
        unknown = await back.refresh("no.such-token")
        replayed = await back.refresh(first["refresh_token"])

    assert [entry["detail"] for entry in logged] == [
        "refresh token of client offline unknown, expired, or its family has ended",
        "refresh token of client offline replayed: its family is ended",
    ]
    assert unknown.content == replayed.content
    for token in (first["refresh_token"], second["refresh_token"]):
        assert not any(part in repr(logged) for part in token.split("."))


# The policy as it is now


@pytest.mark.parametrize(
    "tightened", [{"enrolment_policy": EnrolmentPolicy.INVITE}, {"configuration_id": "another"}]
)
async def test_a_client_that_would_not_accept_the_verification_now_is_not_refreshed(
    back: Back, tightened: dict[str, Any]
) -> None:
    await back.store.add_configuration(make_configuration(configuration_id="another"))
    tokens = await back.offline_tokens()

    await back.store.update_client(OFFLINE, lambda client: replace(client, **tightened), lambda *_: None)

    _assert_refused(await back.refresh(tokens["refresh_token"]))
    assert not await _is_live(back, tokens["access_token"])


async def test_nor_is_one_whose_configuration_would_not(back: Back) -> None:
    tokens = await back.offline_tokens()
    second = await back.refresh(tokens["refresh_token"])

    await back.store.update_configuration(
        CONFIGURATION_ID, lambda one: replace(one, enrolment_policy=EnrolmentPolicy.INVITE), lambda *_: None
    )

    _assert_refused(await back.refresh(second.json()["refresh_token"]))


# Whose


async def test_another_client_gets_nothing_and_ends_nothing(back: Back) -> None:
    await back.store.add_client(make_client(client_id="other", grant_types=BOTH_GRANTS))
    tokens = await back.offline_tokens()

    for _ in range(2):
        _assert_refused(await back.refresh(tokens["refresh_token"], client_id="other"))

    assert await _is_live(back, tokens["access_token"])
    assert (await back.refresh(tokens["refresh_token"])).status_code == 200


async def test_who_does_not_authenticate_ends_nothing(back: Back) -> None:
    first = await back.offline_tokens()
    second = (await back.refresh(first["refresh_token"])).json()

    for wrong in ({"client_secret": "wrong"}, {"client_secret": None}, {"client_id": "nobody"}):
        response = await back.refresh(first["refresh_token"], **wrong)
        assert (response.status_code, response.json()["error"]) == (401, "invalid_client")

    assert (await back.refresh(second["refresh_token"])).status_code == 200


async def test_nothing_is_said_any_more_about_somebody_whose_face_is_gone(back: Back) -> None:
    """The grant is Ada's, and nobody of that name has a face here (now)."""
    await back.give_code(client_id=OFFLINE, scope=OFFLINE_SCOPE)
    tokens = (await back.redeem(client_id=OFFLINE)).json()
    assert await _is_live(back, tokens["access_token"])

    _assert_refused(await back.refresh(tokens["refresh_token"]))

    assert not await _is_live(back, tokens["access_token"])


async def test_nothing_is_said_about_somebody_who_had_the_name_before(back: Back) -> None:
    await make_known(back.store)
    before = make_outcome(sub="sub-of-another-ada")
    await back.give_code(client_id=OFFLINE, scope=OFFLINE_SCOPE, outcome=before)
    tokens = (await back.redeem(client_id=OFFLINE)).json()

    _assert_refused(await back.refresh(tokens["refresh_token"]))


async def test_a_client_that_is_deleted_takes_its_tokens_with_it(back: Back) -> None:
    tokens = await back.offline_tokens()
    assert await back.store.delete_client(OFFLINE)

    assert not await _is_live(back, tokens["access_token"])
    await back.store.add_client(make_client(client_id=OFFLINE, grant_types=BOTH_GRANTS))

    assert not await _is_live(back, tokens["access_token"])
    _assert_refused(await back.refresh(tokens["refresh_token"]))


@pytest.mark.parametrize("token", ["x", ".", "..", "a.b", CODE, "x" * 5000, "é.é", "a.b.c"])
async def test_what_is_no_refresh_token_is_refused(back: Back, token: str) -> None:
    _assert_refused(await back.refresh(token))


async def test_an_access_token_does_not_refresh_and_a_refresh_token_reads_nothing(back: Back) -> None:
    tokens = await back.offline_tokens()

    _assert_refused(await back.refresh(tokens["access_token"]))
    assert not await _is_live(back, tokens["refresh_token"])
    assert (await back.refresh(tokens["refresh_token"])).status_code == 200


async def test_a_missing_refresh_token_is_named(back: Back) -> None:
    data = credentials(OFFLINE) | {"grant_type": "refresh_token"}

    for extra in ({}, {"refresh_token": ""}):
        response = await back.http.post(TOKEN_PATH, data=data | extra)
        _assert_refused(response, "invalid_request")
        assert "refresh_token" in response.json()["error_description"]
