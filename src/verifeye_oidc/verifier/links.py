"""Verification URLs: made for an order, signed with the configuration's key, read back strictly."""

import hashlib
import re
from dataclasses import dataclass

from verifeye_oidc.verification import contract
from verifeye_oidc.verification.port import EnrolmentPolicy, Order, Provenance
from verifeye_oidc.verifier.errors import LinkInvalid
from verifeye_oidc.verifier.model import Configuration

TRANSACTION = "transaction"
"""The caller's own parameter in which the provider's handle travels there and back."""

_NO_ENROLMENT = "none"
_NONCE = re.compile(r"[0-9a-f]{32}")
_EXPIRATION = re.compile(r"[0-9]{1,12}")
_EXTERNAL_ID = re.compile(r"[\x21-\x7e]{1,256}")


@dataclass(frozen=True, slots=True)
class Link:
    """What a verification URL orders, once its signature was checked. It may have expired."""

    nonce: str
    external_id: str
    enrolment: Provenance | None
    custom: tuple[tuple[str, str], ...]
    expires_at: int


def verification_url(issuer: str, configuration: Configuration, order: Order) -> str:
    """The signed URL for an order. The same order always gives the same URL, and so one session only.

    It offers what the policy offers to a stranger, also for somebody who is enrolled: nobody shall read on it
    who is. What the order allows is judged by the caller, when the result comes.
    """
    query = contract.encode(
        [
            (contract.EXTERNAL_ID, order.external_id),
            (contract.EXPIRATION, str(order.deadline)),
            (contract.NONCE, _nonce(order)),
            (contract.ENROLLMENT, order.enrolment or _offered(configuration.enrolment_policy)),
            (TRANSACTION, order.transaction),
        ]
    )
    signed = contract.sign(
        configuration.signing_key, contract.Direction.IN, configuration.configuration_id, query
    )
    return f"{issuer}/verification/{configuration.configuration_id}?{signed}"


def read_link(configuration: Configuration, raw_query: bytes) -> Link:
    """Read the query of a verification URL of this configuration. Raises LinkInvalid."""
    try:
        query = contract.open_query(
            raw_query, signing_keys(configuration), contract.Direction.IN, configuration.configuration_id
        )
    except contract.QueryRefused as refused:
        raise LinkInvalid(str(refused)) from None
    expiration = query.reserved.get(contract.EXPIRATION, "")
    nonce = query.reserved.get(contract.NONCE, "")
    external_id = query.reserved.get(contract.EXTERNAL_ID, "")
    for name, value, form in (
        (contract.EXPIRATION, expiration, _EXPIRATION),
        (contract.NONCE, nonce, _NONCE),
        (contract.EXTERNAL_ID, external_id, _EXTERNAL_ID),
    ):
        if not form.fullmatch(value):
            raise LinkInvalid(f"{name} is missing or malformed")
    enrolment = _enrolment(query.reserved.get(contract.ENROLLMENT), configuration.enrolment_policy)
    return Link(nonce, external_id, enrolment, query.custom, int(expiration))


def signing_keys(configuration: Configuration) -> list[bytes]:
    """The keys whose signatures hold: the current one, and the one before it."""
    keys = (configuration.signing_key, configuration.previous_signing_key)
    return [key for key in keys if key is not None]


def _nonce(order: Order) -> str:
    """Derived from the transaction, so that starting it again gives no further captures."""
    return hashlib.sha256(f"verification nonce\0{order.transaction}".encode()).hexdigest()[:32]


def _offered(policy: EnrolmentPolicy) -> str:
    return Provenance.FIRST_USE if policy is EnrolmentPolicy.FIRST_USE else _NO_ENROLMENT


def _enrolment(value: str | None, policy: EnrolmentPolicy) -> Provenance | None:
    """Under which provenance this link may enrol; never a weaker one than the configuration's policy."""
    if value == _NO_ENROLMENT or policy is EnrolmentPolicy.NEVER:
        return None
    if value is None:
        return Provenance.FIRST_USE if policy is EnrolmentPolicy.FIRST_USE else None
    if value not in list(Provenance):
        raise LinkInvalid(f"{contract.ENROLLMENT} is not one of none, first_use, vouched, invite")
    provenance = Provenance(value)
    return provenance if provenance.at_least(Provenance(policy)) else None
