"""One row for each thing an authorization request can have wrong, and for each it may have."""

from typing import Any

import pytest

from tests.support.builders import CLIENT_ID, CODE_CHALLENGE, REDIRECT_URI, make_client
from verifeye_oidc.oidc.authorize import CHECKS, authorization_request
from verifeye_oidc.oidc.checks import response_mode
from verifeye_oidc.oidc.errors import ProtocolError

GOOD = {
    "client_id": CLIENT_ID,
    "redirect_uri": REDIRECT_URI,
    "response_type": "code",
    "scope": "openid",
    "state": "a-state",
    "nonce": "a-nonce",
    "code_challenge": CODE_CHALLENGE,
    "code_challenge_method": "S256",
}
NO_PKCE = {"code_challenge": None, "code_challenge_method": None}
LAX = {"require_pkce": False}
IMPLICIT = {"response_types": ("id_token",)}


def request_with(changes: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in (GOOD | changes).items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "policy", "error"),
    [
        ({"state": "x" * 4097}, {}, "invalid_request"),
        ({"state": "caf\u00e9"}, {}, "invalid_request"),
        ({"state": "a\r\nSet-Cookie: b=c"}, {}, "invalid_request"),
        ({"request": "eyJhbGciOiJub25lIn0.e30."}, {}, "request_not_supported"),
        ({"request_uri": "https://attacker.example/r"}, {}, "request_uri_not_supported"),
        ({"registration": "{}"}, {}, "registration_not_supported"),
        ({"response_type": None}, {}, "invalid_request"),
        ({"response_type": "token"}, {}, "unsupported_response_type"),
        ({"response_type": "id_token"}, {}, "unauthorized_client"),
        ({}, IMPLICIT, "unauthorized_client"),
        ({"response_type": "token"}, IMPLICIT, "unsupported_response_type"),
        ({"response_type": "id_token token"}, IMPLICIT, "unsupported_response_type"),
        ({"response_type": "id_token", "nonce": None}, IMPLICIT, "invalid_request"),
        ({"response_type": "id_token", "response_mode": "query"}, IMPLICIT, "invalid_request"),
        ({"response_type": "id_token", "code_challenge_method": "plain"}, IMPLICIT, "invalid_request"),
        ({"response_type": "code id_token"}, {}, "unsupported_response_type"),
        ({"response_type": "code code"}, {}, "unsupported_response_type"),
        ({"response_type": "Code"}, {}, "unsupported_response_type"),
        ({"response_type": "none"}, {}, "unsupported_response_type"),
        ({"response_mode": "QUERY"}, {}, "invalid_request"),
        ({"response_mode": "query.jwt"}, {}, "invalid_request"),
        ({"response_mode": "query fragment"}, {}, "invalid_request"),
        ({"scope": None}, {}, "invalid_scope"),
        ({"scope": "profile"}, {}, "invalid_scope"),
        ({"scope": "OPENID"}, {}, "invalid_scope"),
        ({"scope": "openid2 xopenid"}, {}, "invalid_scope"),
        ({"scope": "openid\tprofile"}, {}, "invalid_scope"),
        ({"scope": 'openid "x"'}, {}, "invalid_scope"),
        ({"scope": "openid \\"}, {}, "invalid_scope"),
        (NO_PKCE, {}, "invalid_request"),
        ({"code_challenge": None}, {}, "invalid_request"),
        ({"code_challenge": None}, LAX, "invalid_request"),
        ({"code_challenge_method": None}, {}, "invalid_request"),
        ({"code_challenge_method": None}, LAX, "invalid_request"),
        ({"code_challenge_method": "plain"}, {}, "invalid_request"),
        ({"code_challenge_method": "plain"}, LAX, "invalid_request"),
        ({"code_challenge_method": "s256"}, {}, "invalid_request"),
        ({"code_challenge": CODE_CHALLENGE[:-1]}, {}, "invalid_request"),
        ({"code_challenge": CODE_CHALLENGE + "A"}, {}, "invalid_request"),
        ({"code_challenge": CODE_CHALLENGE + "="}, {}, "invalid_request"),
        ({"code_challenge": "+" + CODE_CHALLENGE[1:]}, {}, "invalid_request"),
        ({"code_challenge": CODE_CHALLENGE[:-1] + "\n"}, {}, "invalid_request"),
        ({"nonce": None}, {"require_nonce": True}, "invalid_request"),
        ({"nonce": "n" * 1025}, {}, "invalid_request"),
        ({"max_age": "-1"}, {}, "invalid_request"),
        ({"max_age": "1.5"}, {}, "invalid_request"),
        ({"max_age": "soon"}, {}, "invalid_request"),
        ({"max_age": "9" * 11}, {}, "invalid_request"),
        ({"max_age": "\u0661"}, {}, "invalid_request"),  # a digit, but not of ASCII
        ({"prompt": "none"}, {}, "login_required"),
        ({"prompt": "none login"}, {}, "invalid_request"),
        ({"prompt": "consent none"}, {}, "invalid_request"),
        ({"prompt": "create"}, {}, "invalid_request"),
        ({"prompt": "None"}, {}, "invalid_request"),
        ({"claims": "no JSON"}, {}, "invalid_request"),
        ({"claims": "[]"}, {}, "invalid_request"),
        ({"claims": '{"id_token":{"acr":{"essential":"yes"}}}'}, {}, "invalid_request"),
    ],
)
def test_refused(changes: dict[str, str | None], policy: dict[str, Any], error: str) -> None:
    with pytest.raises(ProtocolError) as refused:
        authorization_request(request_with(changes), make_client(**policy), REDIRECT_URI)
    assert refused.value.error == error
    description = refused.value.description
    assert description.isascii()
    assert description.isprintable()
    assert not set(description) & set('"\\')


@pytest.mark.parametrize(
    ("changes", "policy"),
    [
        ({}, {}),
        ({"state": None}, {}),
        ({"state": "x" * 4096}, {}),
        ({"state": ' !"#$%&~'}, {}),
        ({"nonce": None}, {}),
        ({"nonce": "caf\u00e9 \u4f60"}, {"require_nonce": True}),
        (NO_PKCE, LAX),
        ({"response_mode": "query"}, {}),
        ({"response_mode": "fragment"}, {}),
        ({"response_mode": "form_post"}, {}),
        ({"response_type": "id_token"} | NO_PKCE, IMPLICIT),
        ({"response_type": "id_token", "response_mode": "fragment"}, IMPLICIT),
        ({"response_type": "id_token", "response_mode": "form_post"}, IMPLICIT),
        ({"prompt": "none"}, {"session_seconds": 60}),
        ({"prompt": " none  none "}, {"session_seconds": 60}),
        ({"claims": '{"id_token":{"nonsense":{"essential":true}},"elsewhere":1}'}, {}),
        ({"scope": "profile openid  email unknown"}, {}),
        ({"max_age": "0"}, {}),
        ({"max_age": "10000"}, {}),
        ({"prompt": "login"}, {}),
        ({"prompt": "login consent select_account"}, {}),
        ({"display": "hologram", "ui_locales": "xx-YY zz", "claims_locales": "fr", "acr_values": "?"}, {}),
        ({"login_hint": "\u202e" * 999, "id_token_hint": "x.y.z", "claims": "{}", "unknown": "1"}, {}),
    ],
)
def test_accepted(changes: dict[str, str | None], policy: dict[str, Any]) -> None:
    authorization_request(request_with(changes), make_client(**policy), REDIRECT_URI)


def test_what_is_remembered_of_a_request() -> None:
    sent = request_with(
        {
            "scope": "email openid phone email nonsense",
            "login_hint": "Ada@example.com",
            "acr_values": "b a",
            "ui_locales": "de en",
            "max_age": "60",
        }
    )
    request = authorization_request(sent, make_client(), REDIRECT_URI)
    assert request.scope == ("openid", "email", "phone")
    assert (request.state, request.nonce, request.code_challenge) == ("a-state", "a-nonce", CODE_CHALLENGE)
    assert (request.login_hint, request.max_age) == ("Ada@example.com", 60)
    assert (request.acr_values, request.ui_locales) == (("b", "a"), ("de", "en"))


def test_the_first_row_that_refuses_answers() -> None:
    everything_wrong = request_with(
        {"response_type": "token", "scope": "x", "prompt": "?", "request": "r", "max_age": "x"}
    )
    with pytest.raises(ProtocolError) as refused:
        authorization_request(everything_wrong, make_client(), REDIRECT_URI)
    assert refused.value.error == "request_not_supported"


def test_no_check_stands_twice_in_the_table() -> None:
    assert len(set(CHECKS)) == len(CHECKS)


@pytest.mark.parametrize(
    ("changes", "mode"),
    [
        ({}, "query"),
        ({"response_mode": "form_post"}, "form_post"),
        ({"response_mode": "fragment"}, "fragment"),
        ({"response_type": "id_token"}, "fragment"),
        ({"response_type": "id_token", "response_mode": "form_post"}, "form_post"),
        # what is refused is answered all the same, and never by a mode that its type excludes
        ({"response_type": None}, "query"),
        ({"response_type": "nonsense", "response_mode": "nonsense"}, "query"),
        ({"response_type": "token"}, "fragment"),
        ({"response_type": "code id_token", "response_mode": "query"}, "fragment"),
        ({"response_type": "id_token", "response_mode": "query"}, "fragment"),
        ({"response_type": "id_token", "response_mode": "nonsense"}, "fragment"),
    ],
)
def test_how_an_answer_travels(changes: dict[str, str | None], mode: str) -> None:
    assert response_mode.requested(request_with(changes)) == mode
