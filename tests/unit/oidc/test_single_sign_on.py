"""Every rule of whether a session answers: one row each, beside the one that does."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.builders import (
    PASSED,
    make_client,
    make_configuration,
    make_login,
    make_outcome,
    make_request,
    make_subject,
)
from tests.support.fakes import START
from verifeye_oidc.oidc.acr import ACR_FACE, ACR_FACE_LIVE
from verifeye_oidc.oidc.model import RequestedClaims
from verifeye_oidc.oidc.single_sign_on import answers, is_meant
from verifeye_oidc.verification.port import (
    EnrolmentPolicy,
    Event,
    FaceMode,
    LivenessMode,
    Provenance,
    Verifier,
    VerifierResult,
)

HOUR = 3600
FACE_ONLY = PASSED | {Verifier.LIVENESS: VerifierResult.NOT_EXECUTED}
LAX = make_client(session_seconds=HOUR, required_verifiers=frozenset({Verifier.FACE}))


def asked(**changes: Any) -> dict[str, Any]:
    return {"request": make_request(**changes)}


def verified(**changes: Any) -> dict[str, Any]:
    return {"login": make_login(outcome=make_outcome(**changes))}


def essential(*values: str) -> RequestedClaims:
    return RequestedClaims(acr=values, essential_acr=values)


def is_answered(**changes: Any) -> bool:
    genuine: dict[str, Any] = {
        "login": make_login(),
        "request": make_request(),
        "client": make_client(session_seconds=HOUR),
        "collection": make_configuration().collection,
        "subject": make_subject(enrolled=Provenance.FIRST_USE),
        "named": None,
        "now": START + 60,
    }
    return answers(**genuine | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"now": START + HOUR - 1},
        {"now": START - 1},  # another replica's clock is ahead
        {"named": "ada@example.com"},
        asked(max_age=61),
        asked(prompt=("consent",)),
        asked(acr_values=(ACR_FACE,)),
        asked(acr_values=("urn:x", ACR_FACE_LIVE)),
        asked(acr_values=("urn:x",)),
        asked(claims=essential(ACR_FACE_LIVE)),
        asked(claims=essential("urn:x", ACR_FACE)),
        verified(results=FACE_ONLY) | {"client": LAX},
        verified(provenance=Provenance.INVITE),
        verified(event=Event.ENROLLED),
    ],
)
def test_it_answers(changes: dict[str, Any]) -> None:
    assert is_answered(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        # time
        {"now": START + HOUR},
        asked(max_age=60),
        asked(max_age=0) | {"now": START},
        {"client": make_client(), "now": START},
        {"client": make_client(), "now": START - 1},
        # who
        {"named": "eve@example.com"},
        {"named": "ADA@example.com"},
        {"subject": None},
        {"subject": make_subject()},
        {"subject": make_subject(enrolled=Provenance.FIRST_USE, external_id="another")},
        {"subject": make_subject(enrolled=Provenance.FIRST_USE, sub="another")},
        # where
        verified(configuration_id="another"),
        {"client": make_client(session_seconds=HOUR, configuration_id="another")},
        {"collection": replace(make_configuration().collection, face=FaceMode.CALCULATION_ONLY)},
        # how well
        verified(results=FACE_ONLY),
        verified(results={}),
        verified(results=PASSED | {Verifier.FACE: VerifierResult.FAILED}) | {"client": LAX},
        {"client": make_client(session_seconds=HOUR, enrolment_policy=EnrolmentPolicy.INVITE)},
        verified(results=FACE_ONLY) | {"client": LAX} | asked(acr_values=(ACR_FACE_LIVE,)),
        verified(results=FACE_ONLY) | {"client": LAX} | asked(claims=essential(ACR_FACE_LIVE)),
        verified(results=FACE_ONLY)
        | {"client": LAX}
        | asked(claims=essential(ACR_FACE_LIVE), acr_values=(ACR_FACE,)),
        verified(event=Event.ENROLLED) | asked(acr_values=(ACR_FACE,)),
        # the person is to be asked
        asked(prompt=("login",)),
        asked(prompt=("consent", "login")),
        asked(prompt=("select_account",)),
    ],
)
def test_it_does_not_answer(changes: dict[str, Any]) -> None:
    assert not is_answered(**changes)


def test_what_no_verification_could_reach_is_no_reason_to_ask_again() -> None:
    without = replace(make_configuration().collection, liveness=LivenessMode.DISABLED)
    changes = verified(results=FACE_ONLY) | {"client": LAX} | asked(acr_values=(ACR_FACE_LIVE,))
    assert is_answered(**changes, collection=without)


@pytest.mark.parametrize(
    ("hinted", "subs", "sub", "meant"),
    [
        (None, None, "ada", True),
        (None, None, None, True),
        ("ada", None, "ada", True),
        ("ada", None, "eve", False),
        ("ada", None, None, False),
        (None, ("ada",), "ada", True),
        (None, ("eve", "ada"), "ada", True),
        (None, ("eve",), "ada", False),
        (None, (), "ada", False),
        (None, (), None, False),
        ("ada", ("eve",), "ada", False),
        ("ada", ("eve",), "eve", False),
    ],
)
def test_who_may_be_the_outcome(
    hinted: str | None, subs: tuple[str, ...] | None, sub: str | None, meant: bool
) -> None:
    request = make_request(hinted_sub=hinted, claims=RequestedClaims(subs=subs))
    assert is_meant(request, sub) is meant
