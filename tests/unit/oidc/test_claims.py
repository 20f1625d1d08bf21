import pytest

from tests.support.builders import IDENTIFIER, SESSION_ID, SUB, make_outcome
from tests.support.fakes import START
from verifeye_oidc.oidc.acr import ACR_FACE, ACR_FACE_LIVE
from verifeye_oidc.oidc.claims import ClaimRules
from verifeye_oidc.oidc.model import Outcome
from verifeye_oidc.verification.port import Event, Provenance, Verifier, VerifierResult

RULES = ClaimRules(region="eu")
ALL_SCOPES = ("openid", "profile", "email", "verification", "address")
FACE_ONLY = {Verifier.FACE: VerifierResult.PASSED, Verifier.LIVENESS: VerifierResult.NOT_EXECUTED}


def first_use() -> Outcome:
    return make_outcome(event=Event.ENROLLED, provenance=Provenance.FIRST_USE)


def test_a_match_says_who_when_and_how() -> None:
    assert RULES.id_token_claims(make_outcome(), ("openid",), ()) == {
        "sub": SUB,
        "auth_time": START,
        "amr": ["face"],
        "acr": ACR_FACE_LIVE,
    }


def test_the_identifier_is_never_in_the_id_token() -> None:
    claims = RULES.id_token_claims(make_outcome(), ALL_SCOPES, ())

    assert IDENTIFIER not in repr(claims)


@pytest.mark.parametrize(
    ("live", "asked", "said"),
    [
        (True, (), ACR_FACE_LIVE),
        (True, (ACR_FACE,), ACR_FACE),
        (True, (ACR_FACE, ACR_FACE_LIVE), ACR_FACE),
        (True, (ACR_FACE_LIVE, ACR_FACE), ACR_FACE_LIVE),
        (True, ("urn:somebody:else", ACR_FACE), ACR_FACE),
        (True, ("urn:somebody:else",), ACR_FACE_LIVE),
        (False, (), ACR_FACE),
        (False, (ACR_FACE_LIVE,), ACR_FACE),
        (False, (ACR_FACE_LIVE, ACR_FACE), ACR_FACE),
    ],
)
def test_acr_is_the_first_one_asked_for_that_was_reached(
    live: bool, asked: tuple[str, ...], said: str
) -> None:
    outcome = make_outcome() if live else make_outcome(results=FACE_ONLY)

    assert RULES.id_token_claims(outcome, ("openid",), asked)["acr"] == said


@pytest.mark.parametrize("face", [VerifierResult.FAILED, VerifierResult.NOT_EXECUTED])
def test_without_a_face_that_passed_nothing_is_said_of_authentication(face: VerifierResult) -> None:
    outcome = make_outcome(results={Verifier.FACE: face, Verifier.LIVENESS: VerifierResult.PASSED})

    assert set(RULES.id_token_claims(outcome, ("openid",), ())) == {"sub", "auth_time"}


def test_a_first_capture_says_no_authentication_whatever_was_asked_for() -> None:
    claims = RULES.id_token_claims(first_use(), ALL_SCOPES, (ACR_FACE, ACR_FACE_LIVE))

    assert set(claims) == {"sub", "auth_time", "verification"}


@pytest.mark.parametrize("provenance", [Provenance.VOUCHED, Provenance.INVITE])
def test_a_first_capture_that_was_vouched_for_compares_nothing_either(provenance: Provenance) -> None:
    outcome = make_outcome(event=Event.ENROLLED, provenance=provenance)

    assert set(RULES.id_token_claims(outcome, ("openid",), ())) == {"sub", "auth_time"}
    assert RULES.userinfo_claims(outcome, ALL_SCOPES)["preferred_username"] == IDENTIFIER


def test_the_verification_says_what_happened() -> None:
    outcome = make_outcome(results=FACE_ONLY)
    verification = {
        "event": "matched",
        "configuration_id": "face-check",
        "session_id": SESSION_ID,
        "results": {"face": "passed", "liveness": "not_executed"},
        "time": "2027-01-15T08:00:00Z",
        "region": "us",
        "sandbox": False,
    }
    rules = ClaimRules(region="us")

    assert rules.id_token_claims(outcome, ("openid", "verification"), ())["verification"] == verification
    assert rules.userinfo_claims(outcome, ("openid", "verification"))["verification"] == verification
    assert "verification" not in rules.id_token_claims(outcome, ("openid",), ())


@pytest.mark.parametrize(
    ("scope", "claims"),
    [
        (("openid",), {}),
        (("openid", "profile"), {"preferred_username": IDENTIFIER}),
        (("openid", "email"), {"email": IDENTIFIER, "email_verified": False}),
        (("openid", "phone", "address", "unheard-of"), {}),
    ],
)
def test_each_scope_gives_its_claims_at_userinfo(scope: tuple[str, ...], claims: dict[str, object]) -> None:
    assert RULES.userinfo_claims(make_outcome(), scope) == {"sub": SUB} | claims


@pytest.mark.parametrize("identifier", ["ada", "ada@corp.example@evil.example", "@"])
def test_an_identifier_that_is_no_address_gives_no_email(identifier: str) -> None:
    claims = RULES.userinfo_claims(make_outcome(identifier=identifier), ("openid", "profile", "email"))

    assert claims == {"sub": SUB, "preferred_username": identifier}


def test_who_was_enrolled_on_first_use_is_only_a_subject() -> None:
    assert set(RULES.userinfo_claims(first_use(), ALL_SCOPES)) == {"sub", "verification"}


@pytest.mark.parametrize(
    ("requested", "claims"),
    [
        (("email",), {"email": IDENTIFIER}),
        (("email_verified",), {"email_verified": False}),
        (("preferred_username", "email"), {"preferred_username": IDENTIFIER, "email": IDENTIFIER}),
    ],
)
def test_claims_asked_for_one_by_one_go_where_they_are_asked_for(
    requested: tuple[str, ...], claims: dict[str, object]
) -> None:
    assert RULES.userinfo_claims(make_outcome(), ("openid",), requested) == {"sub": SUB} | claims
    id_token = RULES.id_token_claims(make_outcome(), ("openid",), (), requested)
    assert {
        name: id_token[name] for name in id_token if name not in {"sub", "auth_time", "amr", "acr"}
    } == claims


def test_asking_for_a_claim_does_not_make_it_true() -> None:
    requested = ("preferred_username", "email", "email_verified")
    assert set(RULES.userinfo_claims(first_use(), ("openid",), requested)) == {"sub"}
    assert set(RULES.id_token_claims(first_use(), ("openid",), (), requested)) == {"sub", "auth_time"}
    no_address = make_outcome(identifier="ada")
    assert set(RULES.userinfo_claims(no_address, ("openid",), requested)) == {"sub", "preferred_username"}


def test_a_pairwise_client_hears_its_own_name_everywhere() -> None:
    outcome = make_outcome(pairwise_sub="known-to-acme-as-this")
    for claims in (RULES.id_token_claims(outcome, (), ()), RULES.userinfo_claims(outcome, ())):
        assert claims["sub"] == "known-to-acme-as-this"
        assert SUB not in claims.values()
