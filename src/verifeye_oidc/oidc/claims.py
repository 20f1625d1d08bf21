"""What may be said about a verification: the only place that turns an outcome into claims.

A comparison with an enrolled face proves who somebody is. A first capture compares nothing: it carries no
``amr`` and no ``acr``, and below *vouched* not even the identifier, which then is only what somebody typed.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

from verifeye_oidc.oidc.acr import reached
from verifeye_oidc.oidc.identifiers import is_email
from verifeye_oidc.oidc.model import Outcome
from verifeye_oidc.verification.port import Event, Provenance

OFFLINE_ACCESS = "offline_access"

SCOPES = ("openid", "profile", "email", "phone", "address", "verification", OFFLINE_ACCESS)
"""The scopes that are granted. Any other is accepted and gives nothing."""

SCOPE_CLAIMS: Mapping[str, tuple[str, ...]] = {
    "profile": ("preferred_username",),
    "email": ("email", "email_verified"),
    "verification": ("verification",),
}
"""What each gives (OpenID Connect Core 1.0, 5.4). Of anybody's telephone and address we know nothing."""

Claims = dict[str, object]


def scope_claims(scope: Sequence[str]) -> list[str]:
    """The names of the claims that a scope gives."""
    return [name for value in scope for name in SCOPE_CLAIMS.get(value, ())]


class ClaimRules:
    """Outcome, scope and the ``acr`` asked for in; claims out."""

    def __init__(self, *, region: str, sandbox: bool = False) -> None:
        self._region = region
        self._sandbox = sandbox

    def sub(self, outcome: Outcome) -> str:
        """Who it is about, the same wherever it is said."""
        return outcome.said_sub

    def id_token_claims(
        self, outcome: Outcome, scope: Sequence[str], acr_values: Sequence[str], requested: Sequence[str] = ()
    ) -> Claims:
        """Subject and authentication (OpenID Connect Core 1.0, 2), and the claims asked for one by one (5.5).

        Scopes give claims at userinfo (5.4), except for ``verification``.
        """
        claims: Claims = {"sub": self.sub(outcome), "auth_time": outcome.auth_time}
        claims |= _authentication(outcome, acr_values)
        by_scope = [value for value in scope if value == "verification"]
        return claims | self._known(outcome, by_scope, requested)

    def userinfo_claims(
        self, outcome: Outcome, scope: Sequence[str], requested: Sequence[str] = ()
    ) -> Claims:
        """The claims of the granted scopes, and those asked for one by one (Core 1.0, 5.3.2, 5.4 and 5.5)."""
        return {"sub": self.sub(outcome)} | self._known(outcome, scope, requested)

    def _known(self, outcome: Outcome, scope: Sequence[str], requested: Sequence[str]) -> Claims:
        names = {*scope_claims(scope), *requested}
        claims: Claims = {}
        if outcome.event is Event.MATCHED or outcome.provenance.at_least(Provenance.VOUCHED):
            claims |= _identifier(outcome.identifier, names)
        return claims | self._verification(outcome, names)

    def _verification(self, outcome: Outcome, names: Collection[str]) -> Claims:
        """What a sandbox gave says so, whether or not anybody asked."""
        if "verification" not in names:
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


def _authentication(outcome: Outcome, acr_values: Sequence[str]) -> Claims:
    """``amr`` (RFC 8176), and the first ``acr`` asked for that was reached, else the strongest one."""
    said = reached(outcome)
    if not said:
        return {}
    asked = [acr for acr in acr_values if acr in said]
    return {"amr": ["face"], "acr": (asked or said)[0]}


def _identifier(identifier: str, names: Collection[str]) -> Claims:
    claims: Claims = {"preferred_username": identifier}
    if is_email(identifier):
        # Nobody proved that the person reads this mailbox.
        claims |= {"email": identifier, "email_verified": False}
    return {name: value for name, value in claims.items() if name in names}
