from base64 import b64encode

import pytest

from verifeye_oidc.oidc.client_auth import Credentials, presented_credentials
from verifeye_oidc.oidc.errors import ProtocolError


def basic(pair: str | bytes, scheme: str = "Basic") -> str:
    return f"{scheme} {b64encode(pair if isinstance(pair, bytes) else pair.encode()).decode()}"


@pytest.mark.parametrize(
    ("header", "client_id", "secret"),
    [
        (basic("acme:s3cret"), "acme", "s3cret"),
        (basic("acme:s3cret", "bAsIc"), "acme", "s3cret"),
        (basic("acme:with:colons"), "acme", "with:colons"),
        (basic("a%3Acme:s%2B+%25"), "a:cme", "s+ %"),
        (basic("%C3%A9:%E2%82%AC"), "é", "€"),
        (basic("acme:"), "acme", ""),
    ],
)
def test_basic_is_two_form_encoded_halves(header: str, client_id: str, secret: str) -> None:
    """RFC 6749, 2.3.1 and appendix B."""
    assert presented_credentials([header], {}) == Credentials(client_id, secret, "client_secret_basic")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic ",
        "Basic !!!!",
        "Basic YWNtZTpz3",
        "Basic YWNt!ZTpz",
        basic("no-colon"),
        basic(b"\xff\xfe:secret"),
        basic("acme:%ff"),
        basic("ac%00me:secret"),
        basic("acme:secret", "Bearer"),
        basic("acme:secret", "Digest"),
    ],
)
def test_a_header_that_cannot_be_read_authenticates_nobody(header: str) -> None:
    with pytest.raises(ProtocolError) as refused:
        presented_credentials([header], {})

    assert (refused.value.error, refused.value.status) == ("invalid_client", 401)


def test_the_body_names_the_client_with_its_secret_or_alone() -> None:
    by_post = presented_credentials([], {"client_id": "acme", "client_secret": "s3cret"})
    public = presented_credentials([], {"client_id": "acme"})

    assert by_post == Credentials("acme", "s3cret", "client_secret_post")
    assert public == Credentials("acme", "", "none")
    for parameters in ({}, {"client_secret": "s3cret"}):
        with pytest.raises(ProtocolError, match="invalid_client"):
            presented_credentials([], parameters)


@pytest.mark.parametrize(
    ("headers", "parameters"),
    [
        ([basic("acme:s")], {"client_id": "acme", "client_secret": "s"}),
        ([basic("acme:s")], {"client_secret": "s"}),
        ([basic("acme:s")], {"client_id": "another"}),
        ([basic("acme:s"), basic("acme:s")], {}),
    ],
)
def test_two_ways_at_once_are_refused(headers: list[str], parameters: dict[str, str]) -> None:
    with pytest.raises(ProtocolError) as refused:
        presented_credentials(headers, parameters)

    assert (refused.value.error, refused.value.status) == ("invalid_request", 400)


def test_a_client_id_beside_basic_is_welcome_when_it_is_the_same() -> None:
    assert presented_credentials([basic("acme:s")], {"client_id": "acme"}).client_id == "acme"
