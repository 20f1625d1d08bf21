"""Authlib: what it accepts, and what it refuses."""

from typing import Any

import pytest

from tests.interop.authlib_party import authlib_party
from tests.interop.conftest import House
from tests.interop.installation import Registered, own_site, somebody
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
    OTHER_ISSUER_DISCOVERED,
    SIGNED_ANEW,
    SWAPPED_SUBJECT,
    UNKNOWN_KEY,
    WRONG_NONCE,
    Tampering,
)

REFUSED = {
    BAD_SIGNATURE: "BadSignatureError",
    UNKNOWN_KEY: "No key for kid",
    OTHER_ISSUER: "Invalid claim: 'iss'",
    OTHER_ISSUER_DISCOVERED: "Invalid claim: 'iss'",
    WRONG_NONCE: "Invalid claim: 'nonce'",
    NO_NONCE: "Missing claim: 'nonce'",
    ALG_NONE: "Algorithm of 'none' is not allowed",
    ALG_NONE_BARE: "Algorithm of 'none' is not allowed",
    OTHER_AUDIENCE: "Missing claim: 'azp'",
    EXPIRED: "expired",
    SWAPPED_SUBJECT: "sub differs",
}
"""Authlib does not look at ``iss`` in the answer (RFC 9207): it is none of its refusals."""


@pytest.fixture(scope="module")
def registered(house: House) -> Registered:
    return house.provider.register(f"{own_site()}/callback")


def sign_in(login: str, identifier: str) -> dict[str, Any]:
    """What the relying party says at the end."""
    with Person(identifier) as person:
        page = person.walk(login).page
    assert page is not None
    said: dict[str, Any] = page.json()
    return said


@pytest.mark.parametrize("auth_method", ["client_secret_basic", "client_secret_post"])
def test_a_person_enrols_and_is_matched(registered: Registered, auth_method: str) -> None:
    who = somebody()
    with authlib_party(registered, auth_method) as login:
        first, second = (sign_in(login, who)["accepted"] for _ in range(2))
    assert first["id_token"]["verification"]["event"] == "enrolled"
    assert second["id_token"]["verification"]["event"] == "matched"
    assert second["id_token"]["sub"] == first["id_token"]["sub"]
    assert second["userinfo"]["preferred_username"] == who


@pytest.mark.parametrize("tampering", [HONEST, SIGNED_ANEW], ids=str)
def test_without_a_change_it_accepts(house: House, registered: Registered, tampering: Tampering) -> None:
    with house.proxy.tampering(tampering), authlib_party(registered) as login:
        assert "accepted" in sign_in(login, somebody())


@pytest.mark.parametrize(("tampering", "reason"), REFUSED.items(), ids=str)
def test_it_refuses(house: House, registered: Registered, tampering: Tampering, reason: str) -> None:
    with house.proxy.tampering(tampering), authlib_party(registered) as login:
        said = sign_in(login, somebody())
    assert "accepted" not in said
    assert reason in said["refused"]
