"""Verification URLs and result URLs: what they carry, and what is refused of them."""

from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.support.builders import (
    CONFIGURATION_ID,
    EXTERNAL_ID,
    HANDLE,
    SESSION_ID,
    make_configuration,
    make_result,
    make_session,
)
from tests.support.fakes import START
from verifeye_oidc.verification import contract
from verifeye_oidc.verification.contract import Direction, encode, open_query, sign
from verifeye_oidc.verification.port import EnrolmentPolicy, FailureReason, Order, Provenance
from verifeye_oidc.verifier.errors import LinkInvalid
from verifeye_oidc.verifier.links import read_link, verification_url
from verifeye_oidc.verifier.model import Configuration
from verifeye_oidc.verifier.results import result_url

ORDER = Order(HANDLE, CONFIGURATION_ID, EXTERNAL_ID, Provenance.FIRST_USE, START + 300)
NONCE = "0123456789abcdef" * 2


def query_of(url: str) -> bytes:
    return urlsplit(url).query.encode()


def signed(configuration: Configuration, **changes: str | None) -> bytes:
    parameters = {
        "reExternalId": EXTERNAL_ID,
        "reExpiration": str(START + 300),
        "reNonce": NONCE,
        "a": "1",
    } | changes
    query = encode([(name, value) for name, value in parameters.items() if value is not None])
    return sign(configuration.signing_key, Direction.IN, configuration.configuration_id, query).encode()


def test_the_link_says_what_was_ordered() -> None:
    configuration = make_configuration()
    url = verification_url("https://login.example", configuration, ORDER)
    assert url.startswith(f"https://login.example/verification/{CONFIGURATION_ID}?reExternalId=")
    link = read_link(configuration, query_of(url))
    assert link.external_id == EXTERNAL_ID
    assert link.enrolment is Provenance.FIRST_USE
    assert link.expires_at == START + 300
    assert link.custom == (("transaction", HANDLE),)


@pytest.mark.parametrize(
    ("policy", "known", "stranger"),
    [
        (EnrolmentPolicy.FIRST_USE, Provenance.FIRST_USE, Provenance.FIRST_USE),
        (EnrolmentPolicy.INVITE, None, Provenance.INVITE),
        (EnrolmentPolicy.NEVER, None, None),
    ],
)
def test_under_first_use_the_link_does_not_say_who_is_enrolled(
    policy: EnrolmentPolicy, known: Provenance | None, stranger: Provenance | None
) -> None:
    configuration = make_configuration(enrolment_policy=policy)
    for enrolment, offered in ((None, known), (stranger, stranger)):
        url = verification_url("https://x.example", configuration, replace(ORDER, enrolment=enrolment))
        assert f"&reEnrollment={offered or 'none'}&" in url
        assert read_link(configuration, query_of(url)).enrolment is offered


def test_an_order_has_one_link_so_that_starting_again_gives_no_further_captures() -> None:
    configuration = make_configuration()
    first = verification_url("https://login.example", configuration, ORDER)
    assert verification_url("https://login.example", configuration, ORDER) == first
    other = verification_url("https://login.example", configuration, replace(ORDER, transaction="another"))
    assert read_link(configuration, query_of(other)).nonce != read_link(configuration, query_of(first)).nonce


def test_a_link_under_the_previous_key_still_opens() -> None:
    before = make_configuration()
    url = verification_url("https://login.example", before, ORDER)
    rotated = make_configuration(signing_key=b"n" * 32, previous_signing_key=before.signing_key)
    assert read_link(rotated, query_of(url)).external_id == EXTERNAL_ID
    with pytest.raises(LinkInvalid):
        read_link(make_configuration(signing_key=b"n" * 32), query_of(url))


@pytest.mark.parametrize(
    "changes",
    [
        {"reExpiration": None},
        {"reExpiration": "soon"},
        {"reExpiration": "-1"},
        {"reExpiration": "9" * 30},
        {"reExpiration": "\u0661\u0662"},
        {"reNonce": None},
        {"reNonce": "short"},
        {"reNonce": NONCE.upper()},
        {"reExternalId": None},
        {"reExternalId": "with space"},
        {"reExternalId": "x" * 257},
        {"reEnrollment": "always"},
        {"reEnrollment": ""},
    ],
)
def test_what_is_missing_or_malformed_is_refused_although_signed(changes: dict[str, str | None]) -> None:
    configuration = make_configuration()
    with pytest.raises(LinkInvalid):
        read_link(configuration, signed(configuration, **changes))


@pytest.mark.parametrize(
    ("policy", "asked", "granted"),
    [
        (EnrolmentPolicy.FIRST_USE, None, Provenance.FIRST_USE),
        (EnrolmentPolicy.INVITE, None, None),
        (EnrolmentPolicy.VOUCHED, None, None),
        (EnrolmentPolicy.FIRST_USE, "none", None),
        (EnrolmentPolicy.FIRST_USE, "invite", Provenance.INVITE),
        (EnrolmentPolicy.INVITE, "first_use", None),
        (EnrolmentPolicy.INVITE, "vouched", None),
        (EnrolmentPolicy.INVITE, "invite", Provenance.INVITE),
        (EnrolmentPolicy.VOUCHED, "first_use", None),
        (EnrolmentPolicy.NEVER, "invite", None),
    ],
)
def test_enrolment_is_never_looser_than_the_configuration(
    policy: EnrolmentPolicy, asked: str | None, granted: Provenance | None
) -> None:
    configuration = make_configuration(enrolment_policy=policy)
    assert read_link(configuration, signed(configuration, reEnrollment=asked)).enrolment is granted


def test_a_passed_result_names_each_verifier_and_returns_the_callers_parameters() -> None:
    configuration = make_configuration(passed_url="https://rp.example/back?x=1")
    session = make_session(result=make_result(), custom=(("a", "1&2"), ("a", "ä"), ("transaction", HANDLE)))
    url = result_url(configuration, session)
    assert url.startswith("https://rp.example/back?x=1&reVerificationSessionId=")
    query = open_query(query_of(url), [configuration.signing_key], Direction.OUT, CONFIGURATION_ID)
    assert query.reserved == {
        contract.SESSION_ID: SESSION_ID,
        contract.RESULT: "passed",
        contract.LIVENESS_RESULT: "passed",
        contract.FACE_RESULT: "passed",
    }
    assert query.custom == (("x", "1"), ("a", "1&2"), ("a", "ä"), ("transaction", HANDLE))


@pytest.mark.parametrize("reason", [FailureReason.MISMATCH, FailureReason.SPOOF])
def test_a_failed_result_does_not_say_what_was_noticed(reason: FailureReason) -> None:
    configuration = make_configuration(failed_url="https://rp.example/no")
    result = make_result(passed=False, event=None, provenance=None, reason=reason)
    url = result_url(configuration, make_session(result=result))
    assert url.startswith("https://rp.example/no?")
    names = [name for name, _ in parse_qsl(urlsplit(url).query)]
    assert names == ["reVerificationSessionId", "reVerificationResult", "transaction", "reSignature"]
