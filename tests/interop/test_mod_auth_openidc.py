"""Debian's libapache2-mod-auth-openidc: whom it lets in, and what it refuses."""

import pytest

from tests.interop.apache import WebSite, apache
from tests.interop.conftest import House
from tests.interop.installation import Registered, own_site
from tests.interop.person import Arrival, Person
from tests.interop.tampering import (
    ALG_NONE,
    BAD_SIGNATURE,
    EXPIRED,
    HONEST,
    NO_NONCE,
    OTHER_AUDIENCE,
    OTHER_ISSUER,
    OTHER_ISSUER_ANSWERED,
    OTHER_ISSUER_DISCOVERED,
    SIGNED_ANEW,
    SWAPPED_SUB,
    SWAPPED_SUBJECT,
    UNKNOWN_KEY,
    WRONG_NONCE,
    Tampering,
)

REFUSED = {
    BAD_SIGNATURE: "JWT signature verification failed",
    UNKNOWN_KEY: "could not find key with kid: forger",
    OTHER_ISSUER: 'does not match received "iss" value in id_token',
    OTHER_ISSUER_DISCOVERED: "does not match the issuer provided in the response",
    OTHER_ISSUER_ANSWERED: "does not match the issuer provided in the response",
    WRONG_NONCE: "did not match the one stored in the browser session",
    NO_NONCE: 'did not contain a "nonce" string',
    ALG_NONE: 'could not validate access token against "at_hash" claim value',
    OTHER_AUDIENCE: 'did not match the "aud" claim value',
    EXPIRED: '"exp" validation failure',
}
"""What is refused, and what the error log says about it.

It takes `alg: none` from a token endpoint, as OpenID Connect Core 1.0, 3.1.3.7, lets it: that we always send
`at_hash` is what makes it refuse.
"""


@pytest.fixture(scope="module")
def registered(house: House) -> Registered:
    return house.provider.register(
        f"{own_site()}/protected/callback", "--response-type", "code", "--response-type", "id_token"
    )


def visit(site: WebSite, page: str = "page") -> Arrival:
    """A browser that has never been here, up to the page that it ends on."""
    with Person(site.name) as person:
        return person.walk(f"{site.protected}/{page}")


def entered(arrival: Arrival, site: WebSite) -> dict[str, str]:
    """What the protected page shows; fails unless the person was let in."""
    assert arrival.page is not None
    assert arrival.url.startswith(site.protected)
    shown: dict[str, str] = arrival.page.raise_for_status().json()
    return shown


def test_a_person_enrols_and_is_matched(registered: Registered) -> None:
    with apache(registered) as site:
        first, second, named = (entered(visit(site, page), site) for page in ("page", "page", "named"))
    assert first["sub"] == second["sub"] == named["sub"]
    assert first["user"] == f"{first['sub']}@{registered.issuer}"
    # A first capture compares nothing: it proves no name.
    assert first["name"] == "(none)"
    assert named["name"] == site.name


WAYS = {
    "client_secret_basic": "OIDCProviderTokenEndpointAuth client_secret_basic",
    "client_secret_post": "OIDCProviderTokenEndpointAuth client_secret_post",
    "code by form_post": "OIDCResponseMode form_post",
    "id_token by form_post": "OIDCResponseType id_token\nOIDCResponseMode form_post",
}


@pytest.mark.parametrize("way", WAYS)
def test_it_signs_in_by(registered: Registered, way: str) -> None:
    with apache(registered, WAYS[way]) as site:
        assert entered(visit(site), site)["sub"]


@pytest.mark.parametrize("tampering", [HONEST, SIGNED_ANEW], ids=str)
def test_without_a_change_it_accepts(house: House, registered: Registered, tampering: Tampering) -> None:
    with house.proxy.tampering(tampering), apache(registered) as site:
        assert entered(visit(site), site)["sub"]


@pytest.mark.parametrize(("tampering", "reason"), REFUSED.items(), ids=str)
def test_it_refuses(house: House, registered: Registered, tampering: Tampering, reason: str) -> None:
    with house.proxy.tampering(tampering), apache(registered) as site:
        arrival = visit(site)
        log = site.log.read_text()
    assert arrival.page is not None
    assert "Error in handling response type" in arrival.page.text
    assert arrival.url.startswith(f"{site.protected}/callback")
    assert reason in log


def test_it_refuses_what_userinfo_says_of_somebody_else(house: House, registered: Registered) -> None:
    """It lets the person in as whom the ID token names, and takes no claim from the answer."""
    with apache(registered) as site:
        enrolled = entered(visit(site), site)
        with house.proxy.tampering(SWAPPED_SUBJECT):
            swapped, by_name = entered(visit(site), site), visit(site, "named")
        log = site.log.read_text()
    assert swapped["sub"] == enrolled["sub"]
    assert swapped["name"] == "(none)"
    assert by_name.page is not None
    assert by_name.page.status_code == 401
    assert f'"sub" claim ("{SWAPPED_SUB}") returned from userinfo endpoint does not match' in log
