"""What programs ask the provider for: tokens, what is behind them, and what we publish."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from verifeye_oidc.clock import Clock
from verifeye_oidc.http.provider.back_channel import method_not_allowed
from verifeye_oidc.http.provider.documents import PublicDocument
from verifeye_oidc.http.provider.introspect import IntrospectionEndpoint
from verifeye_oidc.http.provider.revoke import RevocationEndpoint
from verifeye_oidc.http.provider.token import TokenEndpoint
from verifeye_oidc.http.provider.userinfo import UserInfoEndpoint
from verifeye_oidc.ids import Ids
from verifeye_oidc.keys.port import Signer
from verifeye_oidc.oidc.claims import ClaimRules
from verifeye_oidc.oidc.client_auth import SECRET_METHODS, ClientAuthentication
from verifeye_oidc.oidc.discovery import (
    DISCOVERY_PATH,
    INTROSPECTION_PATH,
    JWKS_PATH,
    REVOCATION_PATH,
    SERVER_METADATA_PATH,
    TOKEN_PATH,
    USERINFO_PATH,
    provider_metadata,
)
from verifeye_oidc.oidc.grants import authorization_code, refresh_token
from verifeye_oidc.oidc.introspection import Introspection
from verifeye_oidc.oidc.revocation import Revocation
from verifeye_oidc.oidc.tokens import Tokens
from verifeye_oidc.oidc.userinfo import UserInfo
from verifeye_oidc.storage.port import Store


class BackChannel:
    """The endpoints, over one store and one signer."""

    def __init__(
        self, *, issuer: str, store: Store, signer: Signer, rules: ClaimRules, clock: Clock, ids: Ids
    ) -> None:
        tokens = Tokens(issuer=issuer, signer=signer, rules=rules, clock=clock, ids=ids)
        code = authorization_code.AuthorizationCodeGrant(grants=store, tokens=tokens, clock=clock)
        refresh = refresh_token.RefreshTokenGrant(
            grants=store, subjects=store, clients=store, tokens=tokens, clock=clock
        )
        anybody, confidential = ClientAuthentication(store), ClientAuthentication(store, SECRET_METHODS)
        self._token = TokenEndpoint(
            anybody,
            {authorization_code.GRANT_TYPE: code.exchange, refresh_token.GRANT_TYPE: refresh.exchange},
        )
        self._introspect = IntrospectionEndpoint(
            confidential, Introspection(issuer=issuer, grants=store, rules=rules, clock=clock)
        )
        self._revoke = RevocationEndpoint(anybody, Revocation(grants=store, clock=clock))
        self._userinfo = UserInfoEndpoint(UserInfo(grants=store, clients=store, rules=rules, clock=clock))
        metadata, jwks = (
            PublicDocument(provider_metadata(issuer)),
            PublicDocument({"keys": signer.public_keys()}),
        )
        self.documents = {DISCOVERY_PATH: metadata, SERVER_METADATA_PATH: metadata, JWKS_PATH: jwks}

    def routes(self) -> list[Route]:
        return [
            *_only(TOKEN_PATH, self._token.post, "POST"),
            *_only(INTROSPECTION_PATH, self._introspect.post, "POST"),
            *_only(REVOCATION_PATH, self._revoke.post, "POST"),
            *_only(USERINFO_PATH, self._userinfo.get_or_post, "GET", "POST"),
            *(
                route
                for path, document in self.documents.items()
                for route in _only(path, document.get, "GET")
            ),
        ]


def _only(path: str, endpoint: Callable[[Request], Awaitable[Response]], *methods: str) -> list[Route]:
    """The endpoint for its methods, and for every other one a refusal that a program can read."""
    return [
        Route(path, endpoint, methods=list(methods)),
        Route(path, method_not_allowed(", ".join(methods))),
    ]
