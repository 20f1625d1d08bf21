"""What may be said about a verification: the only place that turns an outcome into claims.

A comparison with an enrolled face proves who somebody is. A first capture compares nothing: it carries no
``amr`` and no ``acr``, and below *vouched* not even the identifier, which then is only what somebody typed.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from verifeye_oidc.oidc.model import Outcome
from verifeye_oidc.verification.port import Event, Provenance, Verifier, VerifierResult

ACR_FACE = "urn:verifeye-oidc:acr:face"
ACR_FACE_LIVE = "urn:verifeye-oidc:acr:face-live"

ACR: Mapping[str, frozenset[Verifier]] = {
    ACR_FACE_LIVE: frozenset({Verifier.FACE, Verifier.LIVENESS}),
    ACR_FACE: frozenset({Verifier.FACE}),
}
"""The verifiers that must have passed for each ``acr``, strongest first."""

OFFLINE_ACCESS = "offline_access"

SCOPES = ("openid", "profile", "email", "verification", OFFLINE_ACCESS)
"""The scopes that give something. Any other is accepted and gives nothing."""

Claims = dict[str, object]


class ClaimRules:
    """Outcome, scope and the ``acr`` asked for in; claims out."""

    def __init__(self, *, region: str, sandbox: bool = False) -> None:
        self._region = region
        self._sandbox = sandbox

    def sub(self, outcome: Outcome) -> str:
        """Who it is about, the same wherever it is said."""
        return outcome.sub

    def id_token_claims(self, outcome: Outcome, scope: Sequence[str], acr_values: Sequence[str]) -> Claims:
        """Subject and authentication (OpenID Connect Core 1.0, 2); scopes give claims at userinfo (5.4)."""
        claims: Claims = {"sub": self.sub(outcome), "auth_time": outcome.auth_time}
        if outcome.event is Event.MATCHED:
            claims |= _authentication(outcome.results, acr_values)
        return claims | self._verification(outcome, scope)

    def userinfo_claims(self, outcome: Outcome, scope: Sequence[str]) -> Claims:
        """The claims of the granted scopes (OpenID Connect Core 1.0, 5.3.2 and 5.4)."""
        claims: Claims = {"sub": self.sub(outcome)}
        if outcome.event is Event.MATCHED or outcome.provenance.at_least(Provenance.VOUCHED):
            claims |= _identifier(outcome.identifier, scope)
        return claims | self._verification(outcome, scope)

    def _verification(self, outcome: Outcome, scope: Sequence[str]) -> Claims:
        """What a sandbox gave says so, whether or not anybody asked."""
        if "verification" not in scope:
            return {"verification": {"sandbox": True}} if self._sandbox else {}
        verification = {
            "event": outcome.event.value,
            "configuration_id": outcome.configuration_id,
            "session_id": outcome.session_id,
            "results": {verifier.value: result.value for verifier, result in outcome.results.items()},
            "time": datetime.fromtimestamp(outcome.auth_time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": self._region,
            "sandbox": self._sandbox,
        }
        return {"verification": verification}


def _authentication(results: Mapping[Verifier, VerifierResult], acr_values: Sequence[str]) -> Claims:
    """``amr`` (RFC 8176), and the first ``acr`` asked for that was reached, else the strongest one."""
    passed = {verifier for verifier, result in results.items() if result is VerifierResult.PASSED}
    if Verifier.FACE not in passed:
        return {}
    reached = [acr for acr, needed in ACR.items() if needed <= passed]
    asked = [acr for acr in acr_values if acr in reached]
    return {"amr": ["face"], "acr": (asked or reached)[0]}


def _identifier(identifier: str, scope: Sequence[str]) -> Claims:
    claims: Claims = {}
    if "profile" in scope:
        claims["preferred_username"] = identifier
    if "email" in scope and "@" in identifier:
        # Nobody proved that the person reads this mailbox.
        claims |= {"email": identifier, "email_verified": False}
    return claims
