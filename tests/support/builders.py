"""Values for tests, each with sensible defaults that fit one another; name only what the test is about.

All belong to one story: client `acme` asks for `ada@example.com` in the collection `face-check`.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from tests.support.fakes import START
from verifeye_oidc.ids import digest
from verifeye_oidc.oidc.model import (
    AccessToken,
    AuthorizationRequest,
    Client,
    Grant,
    Invitation,
    Login,
    Outcome,
    RefreshToken,
    Subject,
    Transaction,
    TransactionState,
)
from verifeye_oidc.storage.port import CodeBinding, StoredKey
from verifeye_oidc.verification.port import (
    EnrolmentPolicy,
    Event,
    FaceMode,
    LivenessMode,
    Provenance,
    Verifier,
    VerifierResult,
)
from verifeye_oidc.verifier.model import (
    Configuration,
    Consent,
    SessionResult,
    SessionState,
    StoredTemplate,
    VerificationSession,
)

CLIENT_ID = "acme"
CLIENT_SECRET = "a-client-secret-that-tests-know-0123456789ab"
REDIRECT_URI = "https://acme.example/callback"
CONFIGURATION_ID = "face-check"
IDENTIFIER = "ada@example.com"
EXTERNAL_ID = "3f0e2a51-6f0c-4c7a-9d3e-0c0f6f1f7a10"
SUB = "sub-of-ada"
HANDLE = "transaction-of-ada"
BROWSER_SECRET = "the-secret-in-the-cookie-of-the-browser-of-ada"
CODE = "the-authorization-code-of-ada"
CODE_VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CODE_CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
"""S256 of the verifier (RFC 7636, appendix B)."""
ACCESS_TOKEN = "the-access-token-of-ada"
FAMILY = "the-refresh-family-of-ada"
REFRESH_SECRET = "the-first-refresh-secret-of-ada"
LOGIN_SECRET = "the-secret-in-the-session-cookie-of-ada"
INVITATION = "the-invitation-of-ada"
SESSION_ID = "session-of-ada"
NONCE = "nonce-of-the-signed-url"
PASSED = {Verifier.FACE: VerifierResult.PASSED, Verifier.LIVENESS: VerifierResult.PASSED}


def make_client(**changes: Any) -> Client:
    client = Client(
        client_id=CLIENT_ID,
        name="Acme",
        redirect_uris=(REDIRECT_URI,),
        secret_hashes=(digest(CLIENT_SECRET),),
        configuration_id=CONFIGURATION_ID,
    )
    return replace(client, **changes)


def make_configuration(**changes: Any) -> Configuration:
    configuration = Configuration(
        configuration_id=CONFIGURATION_ID,
        name="Face check",
        face=FaceMode.MATCH_VERIFICATION,
        liveness=LivenessMode.VERIFICATION,
        enrolment_policy=EnrolmentPolicy.FIRST_USE,
        passed_url="https://login.example/v1/openid/verify-result",
        failed_url="https://login.example/v1/openid/verify-result",
        signing_key=bytes(range(32)),
    )
    return replace(configuration, **changes)


def make_request(**changes: Any) -> AuthorizationRequest:
    request = AuthorizationRequest(
        client_id=CLIENT_ID,
        redirect_uri=REDIRECT_URI,
        scope=("openid", "profile", "email", "verification"),
        state="state-of-the-relying-party",
        nonce="nonce-of-the-relying-party",
        code_challenge=CODE_CHALLENGE,
        login_hint=IDENTIFIER,
    )
    return replace(request, **changes)


def make_transaction(**changes: Any) -> Transaction:
    """Created, with its identifier."""
    transaction = Transaction(
        handle=HANDLE,
        browser_hash=digest(BROWSER_SECRET),
        configuration_id=CONFIGURATION_ID,
        request=make_request(),
        invitation_hash=None,
        identifier=IDENTIFIER,
        state=TransactionState.CREATED,
        created_at=START,
        expires_at=START + 300,
    )
    return replace(transaction, **changes)


def make_invitation_transaction(**changes: Any) -> Transaction:
    return make_transaction(request=None, invitation_hash=digest(INVITATION), **changes)


def make_subject(**changes: Any) -> Subject:
    subject = Subject(
        external_id=EXTERNAL_ID,
        configuration_id=CONFIGURATION_ID,
        identifier=IDENTIFIER,
        sub=SUB,
        created_at=START,
    )
    return replace(subject, **changes)


def make_outcome(**changes: Any) -> Outcome:
    """Matched, with liveness."""
    outcome = Outcome(
        sub=SUB,
        identifier=IDENTIFIER,
        event=Event.MATCHED,
        provenance=Provenance.FIRST_USE,
        results=PASSED,
        configuration_id=CONFIGURATION_ID,
        session_id=SESSION_ID,
        auth_time=START,
    )
    return replace(outcome, **changes)


def make_grant(**changes: Any) -> Grant:
    grant = Grant(
        code_hash=digest(CODE),
        transaction=HANDLE,
        client_id=CLIENT_ID,
        redirect_uri=REDIRECT_URI,
        code_challenge=CODE_CHALLENGE,
        nonce="nonce-of-the-relying-party",
        scope=("openid", "profile", "email", "verification"),
        outcome=make_outcome(),
        expires_at=START + 60,
    )
    return replace(grant, **changes)


def make_login(**changes: Any) -> Login:
    login = Login(digest(LOGIN_SECRET), EXTERNAL_ID, make_outcome(), START + 86_400)
    return replace(login, **changes)


def make_binding(**changes: Any) -> CodeBinding:
    return replace(CodeBinding(CLIENT_ID, REDIRECT_URI, CODE_CHALLENGE), **changes)


def make_access_token(**changes: Any) -> AccessToken:
    token = AccessToken(digest(ACCESS_TOKEN), digest(CODE), CLIENT_ID, START + 300)
    return replace(token, **changes)


def make_refresh_token(**changes: Any) -> RefreshToken:
    """The first of its family."""
    token = RefreshToken(digest(FAMILY), digest(REFRESH_SECRET), digest(CODE), CLIENT_ID, START + 86_400)
    return replace(token, **changes)


def make_invitation(**changes: Any) -> Invitation:
    invitation = Invitation(
        invitation_hash=digest(INVITATION),
        configuration_id=CONFIGURATION_ID,
        identifier=IDENTIFIER,
        created_at=START,
        expires_at=START + 86_400,
    )
    return replace(invitation, **changes)


def make_key(**changes: Any) -> StoredKey:
    key = StoredKey(
        kid="key-1",
        alg="RS256",
        private_pem=b"-----BEGIN PRIVATE KEY-----\nnot a real one\n-----END PRIVATE KEY-----\n",
        certificate_der=b"not a real certificate",
        created_at=START,
    )
    return replace(key, **changes)


def make_session(**changes: Any) -> VerificationSession:
    """In capture, after consent."""
    session = VerificationSession(
        session_id=SESSION_ID,
        nonce=NONCE,
        configuration_id=CONFIGURATION_ID,
        browser_hash=digest(BROWSER_SECRET),
        external_id=EXTERNAL_ID,
        enrolment=None,
        custom=(("transaction", HANDLE),),
        state=SessionState.CAPTURE,
        captures=0,
        created_at=START,
        expires_at=START + 300,
    )
    return replace(session, **changes)


def make_result(**changes: Any) -> SessionResult:
    """Passed by a match."""
    result = SessionResult(
        passed=True,
        results=PASSED,
        finished_at=START,
        event=Event.MATCHED,
        provenance=Provenance.FIRST_USE,
    )
    return replace(result, **changes)


def make_consent(**changes: Any) -> Consent:
    consent = Consent(
        session_id=SESSION_ID,
        configuration_id=CONFIGURATION_ID,
        external_id=EXTERNAL_ID,
        accepted=True,
        text_version="1",
        text_sha256="0" * 64,
        locale="en",
        at=START,
    )
    return replace(consent, **changes)


def face_vector(seed: int = 1) -> bytes:
    """A unit vector, float32[128], little endian: the same for the same seed."""
    vector = np.random.default_rng(seed).standard_normal(128).astype(np.float32)
    return (vector / np.linalg.norm(vector)).astype("<f4").tobytes()


def make_template(**changes: Any) -> StoredTemplate:
    """Pending for ten minutes, enrolled on first use."""
    template = StoredTemplate(
        template_id="template-of-ada",
        configuration_id=CONFIGURATION_ID,
        external_id=EXTERNAL_ID,
        vector=face_vector(),
        model_sha256="f" * 64,
        recipe_id="test-recipe-1",
        provenance=Provenance.FIRST_USE,
        session_id=SESSION_ID,
        created_at=START,
        pending_until=START + 600,
    )
    return replace(template, **changes)
