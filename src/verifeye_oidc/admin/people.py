"""People: who is enrolled, what is held on them, and erasing them. Each use case writes once."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from verifeye_oidc.admin.refused import Refused
from verifeye_oidc.clock import Clock
from verifeye_oidc.oidc.identifiers import canonical_identifier, masked_identifier
from verifeye_oidc.oidc.model import Invitation
from verifeye_oidc.storage.port import ConfigurationStore
from verifeye_oidc.storage.port_people import ErasureScope, PeopleStore, Person
from verifeye_oidc.verifier.erasure import Eraser, NotConfirmed, Receipt, Target
from verifeye_oidc.verifier.retention import due, enforce

_ID_DIGITS = 16
"""Of an invitation's hash in hex: enough to name one, and no link comes out of it."""


class PeopleAndConfigurations(PeopleStore, ConfigurationStore, Protocol):
    """What these use cases read."""


async def list_people(
    store: PeopleAndConfigurations, configuration_id: str | None, *, show_identifiers: bool
) -> Sequence[Mapping[str, Any]]:
    """Everybody, as records; identifiers are masked unless they are asked for. Raises Refused."""
    await _check(store, configuration_id)
    return [
        {
            "identifier": shown(person.identifier, show_identifiers),
            "sub": person.sub,
            "configuration_id": person.configuration_id,
            "enrolled": person.enrolled,
            "created_at": person.created_at,
            "enrolled_at": person.enrolled_at,
            "last_used_at": person.last_used_at,
        }
        for person in await store.people(configuration_id)
    ]


async def find_person(store: PeopleAndConfigurations, configuration_id: str, identifier: str) -> Person:
    """Raises Refused when nobody is known by it in that collection."""
    await _check(store, configuration_id)
    canonical = canonical_identifier(identifier)
    person = None if canonical is None else await store.person(configuration_id, canonical)
    if person is None:
        raise Refused("identifier: nobody is known by it in this configuration")
    return person


async def erase(
    store: PeopleAndConfigurations,
    eraser: Eraser,
    *,
    configuration_id: str,
    identifier: str,
    scope: ErasureScope,
) -> Receipt:
    """Erase a face, or a person with everything that leads to them. Raises Refused."""
    person = await find_person(store, configuration_id, identifier)
    target = Target(configuration_id, person.external_id, newest=person.enrolled_at or 0)
    receipts = await _confirmed(eraser, [target], scope)
    if not receipts:
        raise Refused("identifier: no face is enrolled under it; with --person the person is erased")
    return receipts[0]


async def receipt_of(eraser: Eraser, receipt_id: str) -> Receipt:
    """A receipt again, or at last. Raises Refused."""
    try:
        receipt = await eraser.receipt(receipt_id)
    except NotConfirmed as waiting:
        raise Refused(str(waiting)) from waiting
    if receipt is None:
        raise Refused(f"receipt: there is none with the id {receipt_id}")
    return receipt


def receipt_record(receipt: Receipt) -> dict[str, Any]:
    """What a receipt says."""
    erased = receipt.erased
    return {
        "receipt_id": erased.receipt_id,
        "scope": erased.scope,
        "configuration_id": erased.configuration_id,
        "sub": erased.sub,
        "erased_at": erased.erased_at,
        "confirmed_at": erased.confirmed_at,
        "templates": erased.templates,
        "person_key": erased.person_key,
        "wrapped_under": erased.wrapped_under,
        "ended": dict(erased.ended),
        "backup_days": receipt.backup_days,
        "backups_gone_by": receipt.backups_gone_by,
    }


async def export(
    store: PeopleAndConfigurations, clock: Clock, *, configuration_id: str, identifier: str
) -> dict[str, Any]:
    """All that is held on somebody, without the template (GDPR Art. 15). Raises Refused."""
    person = await find_person(store, configuration_id, identifier)
    configuration = await store.configuration(configuration_id)
    held = await store.held_on(person)
    record = {
        "exported_at": clock.now(),
        "identifier": person.identifier,
        "sub": person.sub,
        "collection": configuration_id if configuration is None else configuration.name,
        "created_at": person.created_at,
        **held,
    }
    dated: dict[str, Any] = _dated(record)
    return dated


async def enforce_retention(
    store: PeopleAndConfigurations, eraser: Eraser, clock: Clock, *, run: bool
) -> Sequence[Mapping[str, Any]]:
    """Whose face is due; with ``run`` it is erased, and there is a receipt for each. Raises Refused."""
    if not run:
        return [
            {"configuration_id": target.configuration_id, "external_id": target.external_id}
            for target in await due(store, clock)
        ]
    try:
        return [receipt_record(receipt) for receipt in await enforce(store, eraser, clock)]
    except NotConfirmed as waiting:
        raise Refused(str(waiting)) from waiting


async def list_invitations(
    store: PeopleAndConfigurations, clock: Clock, configuration_id: str | None, *, show_identifiers: bool
) -> Sequence[Mapping[str, Any]]:
    """All invitations that are kept. Raises Refused."""
    await _check(store, configuration_id)
    return [
        {
            "invitation_id": _id(invitation),
            "identifier": shown(invitation.identifier, show_identifiers),
            "configuration_id": invitation.configuration_id,
            "state": _state(invitation, clock.now()),
            "created_at": invitation.created_at,
            "expires_at": invitation.expires_at,
            "used_at": invitation.used_at,
        }
        for invitation in await store.invitations(configuration_id)
    ]


async def cancel_invitation(store: PeopleStore, invitation_id: str) -> None:
    """Raises Refused when there is none with this id, or it was used."""
    found = [one for one in await store.invitations() if _id(one) == invitation_id]
    if not found or not await store.cancel_invitation(found[0].invitation_hash):
        raise Refused(
            f"invitation: there is none with the id {invitation_id} that could still be used; "
            "`enrollment invitations` shows them"
        )


def shown(identifier: str, openly: bool) -> str:
    return identifier if openly else masked_identifier(identifier)


async def _confirmed(eraser: Eraser, targets: Sequence[Target], scope: ErasureScope) -> Sequence[Receipt]:
    try:
        return await eraser.erase(targets, scope)
    except NotConfirmed as waiting:
        raise Refused(str(waiting)) from waiting
    except OSError as failed:
        raise Refused(f"the erasure ledger cannot be written, and nobody was erased: {failed}") from failed


async def _check(store: ConfigurationStore, configuration_id: str | None) -> None:
    if configuration_id is not None and await store.configuration(configuration_id) is None:
        raise Refused(
            f"configuration: there is none with the id {configuration_id}; "
            "`configuration list` shows those there are"
        )


def _id(invitation: Invitation) -> str:
    return invitation.invitation_hash.hex()[:_ID_DIGITS]


def _state(invitation: Invitation, now: int) -> str:
    if invitation.used_at is not None:
        return "used"
    return "expired" if invitation.expires_at <= now else "open"


def _dated(value: Any) -> Any:
    """Times in words that a person can read: ISO 8601, UTC."""
    if isinstance(value, Mapping):
        return {
            name: _iso(field) if isinstance(field, int) and _is_time(name) else _dated(field)
            for name, field in value.items()
        }
    return [_dated(one) for one in value] if isinstance(value, (list, tuple)) else value


def _is_time(name: str) -> bool:
    return name in ("at", "pending_until") or name.endswith("_at")


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
