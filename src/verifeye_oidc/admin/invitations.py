"""Invitations: one-time links with which one person may enrol."""

from dataclasses import dataclass

from verifeye_oidc.admin.refused import Refused
from verifeye_oidc.clock import Clock
from verifeye_oidc.ids import Ids, digest
from verifeye_oidc.oidc.identifiers import canonical_identifier
from verifeye_oidc.oidc.model import Invitation
from verifeye_oidc.storage.port import Store


@dataclass(frozen=True, slots=True)
class Invited:
    """A one-time enrolment link, shown once."""

    link: str
    expires_at: int


async def invite(
    store: Store,
    ids: Ids,
    clock: Clock,
    *,
    configuration_id: str,
    identifier: str,
    valid_seconds: int,
    issuer: str,
) -> Invited:
    """Let one person enrol once. Whoever holds the link may bind a face to the identifier: send it with care.

    Raises Refused for an unknown configuration, and for somebody who has a face enrolled.
    """
    canonical = canonical_identifier(identifier)
    if canonical is None:
        raise Refused("identifier: 1 to 256 characters are needed, all of them visible, none a space")
    if await store.collection(configuration_id) is None:
        raise Refused(f"configuration: there is none with the id {configuration_id}")
    subject = await store.subject(configuration_id, canonical)
    if subject is not None and subject.enrolled is not None:
        raise Refused("identifier: a face is enrolled under it already; erase that first")
    secret, now = ids.secret(), clock.now()
    await store.add_invitation(
        Invitation(digest(secret), configuration_id, canonical, now, now + valid_seconds)
    )
    return Invited(f"{issuer}/v1/openid/invitation?token={secret}", now + valid_seconds)
