"""The values that the protocol is about. Frozen: a change is a new value, written by one storage method."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from verifeye_oidc.verification.port import (
    EnrolmentPolicy,
    Event,
    FailureReason,
    Order,
    Provenance,
    Verifier,
    VerifierResult,
)

MAX_SESSION_SECONDS = 86_400


class SubjectType(StrEnum):
    """Whether a person's ``sub`` is the same at every client (OpenID Connect Core 1.0, 8)."""

    PUBLIC = "public"
    PAIRWISE = "pairwise"


@dataclass(frozen=True, slots=True)
class Client:
    """A relying party, and every policy that is a property of the client and never of the server."""

    client_id: str
    name: str
    redirect_uris: tuple[str, ...]
    secret_hashes: tuple[bytes, ...]
    """SHA-256 of each live secret, newest first (at most two, for rotation)."""
    configuration_id: str
    native: bool = False
    """Runs on the person's own machine: any port of a registered loopback redirect URI (RFC 8252, 7.3)."""
    token_endpoint_auth_methods: tuple[str, ...] = ("client_secret_basic", "client_secret_post")
    require_pkce: bool = True
    require_nonce: bool = False
    required_verifiers: frozenset[Verifier] = frozenset({Verifier.FACE, Verifier.LIVENESS})
    enrolment_policy: EnrolmentPolicy | None = None
    """Tightens the configuration's policy; None leaves it as it is."""
    max_verification_seconds: int = 300
    id_token_seconds: int = 300
    access_token_seconds: int = 300
    grant_types: tuple[str, ...] = ("authorization_code",)
    """With ``refresh_token`` the operator lets the client have ``offline_access``."""
    refresh_token_seconds: int = 86_400
    """From the exchange of the code on, however often the token is rotated."""
    session_seconds: int = 0
    """How old a verification may be that answers a request of this client without a new one, at most
    `MAX_SESSION_SECONDS`. 0: it neither reads nor leaves a session."""
    response_types: tuple[str, ...] = ("code",)
    """``code``, ``id_token`` (OpenID Connect Core 1.0, 3.1 and 3.2)."""
    subject_type: SubjectType = SubjectType.PUBLIC
    sector_identifier: str | None = None
    """The host for whose clients a pairwise subject is the same; None: that of the first redirect URI."""
    post_logout_redirect_uris: tuple[str, ...] = ()

    @property
    def may_refresh(self) -> bool:
        return "refresh_token" in self.grant_types

    @property
    def is_public(self) -> bool:
        """It can keep no secret (RFC 6749, 2.1): PKCE is what binds its codes."""
        return "none" in self.token_endpoint_auth_methods


class ResponseMode(StrEnum):
    """How an answer travels to the redirect URI.

    OAuth 2.0 Multiple Response Type Encoding Practices, 2.1; OAuth 2.0 Form Post Response Mode.
    """

    QUERY = "query"
    FRAGMENT = "fragment"
    FORM_POST = "form_post"


@dataclass(frozen=True, slots=True)
class RequestedClaims:
    """What the parameter ``claims`` asked for, as far as we know it (OpenID Connect Core 1.0, 5.5)."""

    id_token: tuple[str, ...] = ()
    userinfo: tuple[str, ...] = ()
    acr: tuple[str, ...] = ()
    essential_acr: tuple[str, ...] | None = None
    """One of these, or nobody is verified; None: not essential."""
    subs: tuple[str, ...] | None = None
    """One of these subjects, or nobody is verified; None: anybody."""


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """An authorization request that passed every check (OpenID Connect Core 1.0, 3.1.2.1)."""

    client_id: str
    redirect_uri: str
    scope: tuple[str, ...]
    state: str | None
    nonce: str | None
    code_challenge: str | None
    """Always S256 (RFC 7636)."""
    login_hint: str | None
    acr_values: tuple[str, ...] = ()
    ui_locales: tuple[str, ...] = ()
    max_age: int | None = None
    response_type: str = "code"
    response_mode: ResponseMode = ResponseMode.QUERY
    prompt: tuple[str, ...] = ()
    claims: RequestedClaims = RequestedClaims()
    hinted_sub: str | None = None
    """Whom the ``id_token_hint`` names: nobody else may be the outcome."""

    @property
    def all_acr_values(self) -> tuple[str, ...]:
        """What was asked for in both ways; what ``claims`` asks for counts first."""
        return (*self.claims.acr, *self.acr_values)


@dataclass(frozen=True, slots=True)
class Invitation:
    """A one-time permission for one identifier to enrol in one collection."""

    invitation_hash: bytes
    configuration_id: str
    identifier: str
    created_at: int
    expires_at: int
    used_at: int | None = None


class TransactionState(StrEnum):
    """created -> verifying -> deciding (a lease of 10 s) -> granted | refused | expired."""

    CREATED = "created"
    VERIFYING = "verifying"
    DECIDING = "deciding"
    GRANTED = "granted"
    REFUSED = "refused"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Transaction:
    """One person on the way through one request, in one browser.

    It serves an authorization request, or an invitation to enrol: exactly one of the two is set.
    """

    handle: str
    browser_hash: bytes
    """SHA-256 of the secret in the transaction's cookie."""
    configuration_id: str
    request: AuthorizationRequest | None
    invitation_hash: bytes | None
    identifier: str | None
    """Who is to be verified, in its canonical form; None until the identifier page was answered."""
    state: TransactionState
    created_at: int
    expires_at: int
    external_id: str | None = None
    """From here on: set when verification begins."""
    enrolment: Provenance | None = None
    lease_until: int | None = None
    failure: FailureReason | None = None

    @property
    def order(self) -> Order:
        """What is asked of the verification service. Only for a transaction whose verification began."""
        if self.external_id is None:
            raise ValueError("verification of this transaction has not begun")
        return Order(self.handle, self.configuration_id, self.external_id, self.enrolment, self.expires_at)


@dataclass(frozen=True, slots=True)
class Subject:
    """A person in a collection, unique on (collection, identifier).

    ``sub`` is random and never reassigned.
    """

    external_id: str
    configuration_id: str
    identifier: str
    sub: str
    created_at: int
    enrolled: Provenance | None = None
    """Provenance of the active template; None when there is no template (not written with the row)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was verified: everything that a token may say about it."""

    sub: str
    identifier: str
    event: Event
    provenance: Provenance
    results: Mapping[Verifier, VerifierResult]
    configuration_id: str
    session_id: str
    auth_time: int
    pairwise_sub: str | None = None
    """What the client of a grant hears in place of ``sub``; None: it hears that."""

    @property
    def said_sub(self) -> str:
        return self.pairwise_sub or self.sub


@dataclass(frozen=True, slots=True)
class Login:
    """An OP session: one verification, which may answer more requests of the browser that holds its secret.

    (The embedded verification service has sessions of its own, which are another thing.)
    """

    login_hash: bytes
    external_id: str
    outcome: Outcome
    expires_at: int


@dataclass(frozen=True, slots=True)
class Grant:
    """An authorization code and what it stands for (RFC 6749, 4.1). The code itself is stored nowhere."""

    code_hash: bytes
    transaction: str
    client_id: str
    redirect_uri: str
    code_challenge: str | None
    nonce: str | None
    scope: tuple[str, ...]
    outcome: Outcome
    expires_at: int
    acr_values: tuple[str, ...] = ()
    """What was asked for, in order of preference: decides which of the reached values is said."""
    claims: RequestedClaims = RequestedClaims()


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An opaque bearer token, stored hashed; what it may read is its grant's (RFC 6750)."""

    token_hash: bytes
    code_hash: bytes
    client_id: str
    expires_at: int
    scope: tuple[str, ...] | None = None
    """Narrower than the grant's, by a refresh; None: the grant's."""


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """The one live refresh token of a family: everything that one code gave (RFC 6749, 6; RFC 9700, 4.14).

    A token is ``<family>.<secret>``. Rotation gives a new secret and keeps the family: a secret that is not
    the live one is a replay, which no record of the earlier ones is needed to see.
    """

    family_hash: bytes
    secret_hash: bytes
    code_hash: bytes
    client_id: str
    expires_at: int
