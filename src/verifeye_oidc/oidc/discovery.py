"""What we publish about ourselves (OpenID Connect Discovery 1.0, 3; RFC 8414; RFC 9207)."""

from verifeye_oidc.oidc.acr import ACR
from verifeye_oidc.oidc.checks.response_type import SUPPORTED as RESPONSE_TYPES
from verifeye_oidc.oidc.claims import SCOPES, Claims
from verifeye_oidc.oidc.client_auth import METHODS, SECRET_METHODS
from verifeye_oidc.oidc.grants import authorization_code, refresh_token
from verifeye_oidc.oidc.model import ResponseMode, SubjectType
from verifeye_oidc.oidc.tokens import SIGNING_ALG

DISCOVERY_PATH = "/.well-known/openid-configuration"
SERVER_METADATA_PATH = "/.well-known/oauth-authorization-server"
"""The same document for clients that know OAuth alone (RFC 8414, 3)."""
AUTHORIZATION_PATH = "/v1/openid/authorize"
TOKEN_PATH = "/v1/openid/token"  # noqa: S105 - a path
JWKS_PATH = "/v1/openid/jwks"
USERINFO_PATH = "/v1/openid/userinfo"
END_SESSION_PATH = "/v1/openid/logout"
INTROSPECTION_PATH = "/v1/openid/introspect"
REVOCATION_PATH = "/v1/openid/revoke"


def provider_metadata(issuer: str) -> Claims:
    """The provider's metadata. ``issuer``: an origin, byte for byte as in every token.

    What we do not do is said as well: the default of ``request_uri_parameter_supported`` is *true*.
    """
    return {
        "issuer": issuer,
        "authorization_endpoint": issuer + AUTHORIZATION_PATH,
        "token_endpoint": issuer + TOKEN_PATH,
        "userinfo_endpoint": issuer + USERINFO_PATH,
        "introspection_endpoint": issuer + INTROSPECTION_PATH,
        "revocation_endpoint": issuer + REVOCATION_PATH,
        "end_session_endpoint": issuer + END_SESSION_PATH,
        "jwks_uri": issuer + JWKS_PATH,
        "response_types_supported": list(RESPONSE_TYPES),
        "response_modes_supported": list(ResponseMode),
        "grant_types_supported": [authorization_code.GRANT_TYPE, "implicit", refresh_token.GRANT_TYPE],
        "subject_types_supported": list(SubjectType),
        "id_token_signing_alg_values_supported": [SIGNING_ALG],
        "token_endpoint_auth_methods_supported": list(METHODS),
        "introspection_endpoint_auth_methods_supported": list(SECRET_METHODS),
        "revocation_endpoint_auth_methods_supported": list(METHODS),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "scopes_supported": list(SCOPES),
        "claim_types_supported": ["normal"],
        "claims_supported": [
            "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "amr", "acr",
            "preferred_username", "email", "email_verified", "verification",
        ],
        "acr_values_supported": list(ACR),
        "ui_locales_supported": ["en"],
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }  # fmt: skip
