"""Who is granted ``offline_access`` (OpenID Connect Core 1.0, 11), and who may never leave PKCE out."""

import pytest

from tests.support.builders import CODE_CHALLENGE, REDIRECT_URI, make_client
from verifeye_oidc.oidc.authorize import authorization_request
from verifeye_oidc.oidc.checks import scope
from verifeye_oidc.oidc.errors import ProtocolError

MAY_REFRESH = make_client(grant_types=("authorization_code", "refresh_token"))
REQUEST = {
    "client_id": "acme",
    "redirect_uri": REDIRECT_URI,
    "response_type": "code",
    "scope": "openid offline_access",
    "code_challenge": CODE_CHALLENGE,
    "code_challenge_method": "S256",
}


def test_a_client_registered_for_refresh_tokens_is_granted_it() -> None:
    assert authorization_request(REQUEST, MAY_REFRESH, REDIRECT_URI).scope == ("openid", "offline_access")


def test_to_any_other_client_it_is_a_scope_that_gives_nothing() -> None:
    assert authorization_request(REQUEST, make_client(), REDIRECT_URI).scope == ("openid",)


def test_nobody_is_granted_what_they_did_not_ask_for() -> None:
    request = REQUEST | {"scope": "openid"}

    assert authorization_request(request, MAY_REFRESH, REDIRECT_URI).scope == ("openid",)


@pytest.mark.parametrize("response_type", ["id_token", "token", None])
def test_without_a_code_it_is_ignored(response_type: str | None) -> None:
    request = {name: value for name, value in REQUEST.items() if name != "response_type"}
    if response_type is not None:
        request["response_type"] = response_type

    assert scope.requested(request, MAY_REFRESH) == ("openid",)


def test_a_public_client_cannot_leave_pkce_out_whatever_its_policy_says() -> None:
    bare = {name: value for name, value in REQUEST.items() if not name.startswith("code_challenge")}
    lenient = make_client(require_pkce=False)
    public = make_client(require_pkce=False, token_endpoint_auth_methods=("none",))

    assert authorization_request(bare, lenient, REDIRECT_URI).code_challenge is None
    with pytest.raises(ProtocolError, match="code_challenge"):
        authorization_request(bare, public, REDIRECT_URI)
