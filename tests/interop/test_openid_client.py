"""npm's openid-client, certified by the OpenID Foundation: what it accepts, and what it refuses."""

from typing import Any

import pytest

from tests.interop.conftest import House
from tests.interop.installation import Registered, somebody
from tests.interop.openid_client import SCOPE, Job, run
from tests.interop.person import Person
from tests.interop.tampering import (
    ALG_NONE,
    ALG_NONE_BARE,
    BAD_SIGNATURE,
    EXPIRED,
    HONEST,
    NO_NONCE,
    OTHER_AUDIENCE,
    OTHER_ISSUER,
    OTHER_ISSUER_ANSWERED,
    OTHER_ISSUER_DISCOVERED,
    SIGNED_ANEW,
    SWAPPED_SUBJECT,
    UNKNOWN_KEY,
    WRONG_NONCE,
    Tampering,
)

LOGGED_OUT = "http://127.0.0.1:9/logged-out"

REFUSED = {
    BAD_SIGNATURE: "JWT signature verification failed",
    UNKNOWN_KEY: "no applicable keys found",
    OTHER_ISSUER: 'unexpected JWT "iss" (issuer) claim value',
    OTHER_ISSUER_DISCOVERED: "discovered metadata issuer does not match the expected issuer",
    OTHER_ISSUER_ANSWERED: 'unexpected "iss" (issuer) response parameter value',
    WRONG_NONCE: 'unexpected ID Token "nonce" claim value',
    NO_NONCE: 'JWT "nonce" (nonce) claim missing',
    ALG_NONE: 'unexpected JWT "alg" header parameter',
    ALG_NONE_BARE: 'unexpected JWT "alg" header parameter',
    OTHER_AUDIENCE: 'unexpected JWT "aud" (audience) claim value',
    EXPIRED: 'unexpected JWT "exp" (expiration time) claim value',
    SWAPPED_SUBJECT: 'unexpected "response" body "sub" property value',
}


@pytest.fixture(scope="module")
def registered(house: House) -> Registered:
    return house.provider.register("http://127.0.0.1:9/callback")


@pytest.mark.parametrize("auth_method", ["client_secret_basic", "client_secret_post"])
def test_a_person_enrols_and_is_matched(house: House, registered: Registered, auth_method: str) -> None:
    job = Job(registered, auth_method=auth_method)
    who = somebody()
    with Person(who) as person:
        first, second = run(job, person).accepted, run(job, person).accepted
    assert first is not None
    assert second is not None
    assert first["id_token"]["verification"]["event"] == "enrolled"
    assert second["id_token"]["verification"]["event"] == "matched"
    assert second["id_token"]["amr"] == ["face"]
    assert second["id_token"]["sub"] == second["userinfo"]["sub"] == first["id_token"]["sub"]
    assert second["userinfo"]["email"] == who


@pytest.mark.parametrize("tampering", [HONEST, SIGNED_ANEW], ids=str)
def test_without_a_change_it_accepts(house: House, registered: Registered, tampering: Tampering) -> None:
    with house.proxy.tampering(tampering), Person(somebody()) as person:
        said = run(Job(registered), person)
    assert said.refused is None


@pytest.mark.parametrize(("tampering", "reason"), REFUSED.items(), ids=str)
def test_it_refuses(house: House, registered: Registered, tampering: Tampering, reason: str) -> None:
    with house.proxy.tampering(tampering), Person(somebody()) as person:
        said = run(Job(registered), person)
    assert said.accepted is None
    assert said.refused is not None
    assert reason in said.refused


@pytest.fixture(scope="module")
def long_lived(house: House) -> Registered:
    """A client that may have refresh tokens."""
    grants = ("--grant-type", "authorization_code", "--grant-type", "refresh_token")
    return house.provider.register("http://127.0.0.1:9/long", *grants)


def afterwards(registered: Registered, *steps: str) -> list[dict[str, Any]]:
    """What came of each step after a sign-in with `offline_access`."""
    with Person(somebody()) as person:
        said = run(Job(registered, scope=f"{SCOPE} offline_access", then=steps), person)
    assert said.accepted is not None, said.refused
    then: list[dict[str, Any]] = said.accepted["then"]
    return then


def test_it_refreshes_and_introspects(long_lived: Registered) -> None:
    before, refreshed, after, userinfo = afterwards(
        long_lived, "introspect", "refresh", "introspect", "userinfo"
    )
    assert before["said"]["active"] is after["said"]["active"] is True
    assert before["said"]["client_id"] == long_lived.client_id
    assert refreshed["said"]["id_token"]["sub"] == userinfo["said"]["sub"] == before["said"]["sub"]


def test_a_replayed_refresh_token_ends_its_family(long_lived: Registered) -> None:
    _, replayed, after, userinfo = afterwards(long_lived, "refresh", "replay", "refresh", "userinfo")
    assert "invalid_grant" in replayed["refused"]
    assert "invalid_grant" in after["refused"]
    assert "WWW_AUTHENTICATE" in userinfo["refused"]


def test_it_revokes(long_lived: Registered) -> None:
    revoked, introspected, refreshed = afterwards(long_lived, "revoke", "introspect", "refresh")
    assert "said" in revoked
    assert introspected["said"] == {"active": False}
    assert "invalid_grant" in refreshed["refused"]


def test_a_public_client_is_proven_by_pkce(house: House) -> None:
    public = house.provider.register("http://127.0.0.1:9/public", "--token-endpoint-auth-method", "none")
    with Person(somebody()) as person:
        said = run(Job(public, auth_method="none"), person)
    assert said.accepted is not None, said.refused


@pytest.fixture(scope="module")
def with_sessions(house: House) -> Registered:
    logged_out = ("--post-logout-redirect-uri", LOGGED_OUT)
    return house.provider.register("http://127.0.0.1:9/session", "--session-seconds", "3600", *logged_out)


def signed_in(job: Job, person: Person) -> dict[str, Any]:
    """The ID token's claims."""
    said = run(job, person)
    assert said.accepted is not None, said.refused
    claims: dict[str, Any] = said.accepted["id_token"]
    return claims


@pytest.mark.parametrize("parameters", [{"prompt": "none"}, {"max_age": "10000"}, {}], ids=str)
def test_a_session_answers_with_the_same_verification(
    with_sessions: Registered, parameters: dict[str, str]
) -> None:
    max_age = int(parameters["max_age"]) if "max_age" in parameters else None
    with Person(somebody()) as person:
        signed_in(Job(with_sessions), person)
        matched = signed_in(Job(with_sessions, parameters={"prompt": "login"}), person)
        again = signed_in(Job(with_sessions, parameters=parameters, max_age=max_age), person)
    for claim in ("sub", "auth_time", "acr", "amr"):
        assert again[claim] == matched[claim]
    assert again["verification"]["session_id"] == matched["verification"]["session_id"]


def test_who_has_no_session_must_log_in(with_sessions: Registered) -> None:
    with Person(somebody()) as person:
        said = run(Job(with_sessions, parameters={"prompt": "none"}), person)
    assert "login_required" in str(said.refused)


def test_prompt_login_verifies_afresh(with_sessions: Registered) -> None:
    with Person(somebody()) as person:
        first = signed_in(Job(with_sessions), person)
        second = signed_in(Job(with_sessions, parameters={"prompt": "login"}), person)
    assert second["verification"]["session_id"] != first["verification"]["session_id"]


def test_logout_ends_the_session(with_sessions: Registered) -> None:
    job = Job(with_sessions, then=["logout"], post_logout_redirect_uri=LOGGED_OUT)
    with Person(somebody()) as person:
        said = run(job, person)
        assert said.accepted is not None, said.refused
        (logout,) = said.accepted["then"]
        after = run(Job(with_sessions, parameters={"prompt": "none"}), person)
    assert logout == {"said": {"state": "state-of-the-logout"}}
    assert "login_required" in str(after.refused)
