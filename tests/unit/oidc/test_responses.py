from urllib.parse import parse_qsl, urlsplit

import pytest

from verifeye_oidc.oidc.errors import ProtocolError
from verifeye_oidc.oidc.model import ResponseMode
from verifeye_oidc.oidc.refusals import refusal
from verifeye_oidc.oidc.responses import Answering, AuthorizationResponse
from verifeye_oidc.verification.port import FailureReason

ISSUER = "https://login.example"


@pytest.mark.parametrize(
    ("redirect_uri", "location"),
    [
        ("https://rp.example/cb", "https://rp.example/cb?code=c"),
        ("https://rp.example/cb?", "https://rp.example/cb?code=c"),
        ("https://rp.example/cb?tenant=a%2Fb&x", "https://rp.example/cb?tenant=a%2Fb&x&code=c"),
        ("https://rp.example/cb?a=1&", "https://rp.example/cb?a=1&code=c"),
        ("https://RP.example:443/%7Ecb?a=b+c", "https://RP.example:443/%7Ecb?a=b+c&code=c"),
        ("com.example.app:/cb", "com.example.app:/cb?code=c"),
    ],
)
def test_a_redirect_uri_is_kept_byte_for_byte(redirect_uri: str, location: str) -> None:
    assert AuthorizationResponse(redirect_uri, {"code": "c"}).location == location


@pytest.mark.parametrize(
    "state", ["a b", "&code=other", "#x", "%41", "+", '"<script>', "a\r\nX: y", "~" * 128]
)
def test_a_state_comes_back_unchanged_and_breaks_out_of_nothing(state: str) -> None:
    location = Answering(ISSUER, "https://rp.example/cb", state).success("code", "c").location
    assert parse_qsl(urlsplit(location).query) == [("code", "c"), ("state", state), ("iss", ISSUER)]
    assert location.isascii()
    assert location.isprintable()
    assert not urlsplit(location).fragment


def test_no_state_is_answered_by_none() -> None:
    answer = Answering(ISSUER, "https://rp.example/cb", None).error(ProtocolError("access_denied", "no"))
    assert answer.parameters == {"error": "access_denied", "error_description": "no", "iss": ISSUER}


def test_a_client_hears_the_same_of_a_wrong_face_a_spoof_and_a_stranger() -> None:
    silent = {
        FailureReason.MISMATCH,
        FailureReason.SPOOF,
        FailureReason.DUPLICATE,
        FailureReason.NOT_ENROLLED,
    }
    assert {(refusal(reason).error, refusal(reason).description) for reason in silent} == {
        ("access_denied", "the person was not verified")
    }


@pytest.mark.parametrize("reason", FailureReason)
def test_every_failure_has_its_error(reason: FailureReason) -> None:
    other = {
        FailureReason.SERVICE_UNAVAILABLE: "temporarily_unavailable",
        FailureReason.LOGIN_REQUIRED: "login_required",
    }
    assert refusal(reason).error == other.get(reason, "access_denied")


@pytest.mark.parametrize("redirect_uri", ["https://rp.example/cb", "https://rp.example/cb?a=1"])
def test_a_fragment_keeps_what_it_says_out_of_the_query(redirect_uri: str) -> None:
    answering = Answering(ISSUER, redirect_uri, "#?&", ResponseMode.FRAGMENT)
    before, _, fragment = answering.success("id_token", "a.b.c").location.partition("#")
    assert before == redirect_uri
    assert parse_qsl(fragment) == [("id_token", "a.b.c"), ("state", "#?&"), ("iss", ISSUER)]


def test_a_form_is_on_no_url() -> None:
    answer = Answering(ISSUER, "https://rp.example/cb", None, ResponseMode.FORM_POST).success("code", "c")
    with pytest.raises(ValueError, match="form_post"):
        _ = answer.location
