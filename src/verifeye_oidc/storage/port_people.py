"""The storage port for people: who is enrolled, what is held on them, how they are erased.

An erasure is one unit of work. Its receipt is given once no live replica holds a template of that person any
more and the write-ahead log was emptied: see `verifier.erasure`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from verifeye_oidc.oidc.model import Invitation
from verifeye_oidc.verification.port import Provenance


@dataclass(frozen=True, slots=True)
class Person:
    """A person who has an identifier in a collection, with or without a face."""

    configuration_id: str
    external_id: str
    identifier: str
    sub: str
    created_at: int
    enrolled: Provenance | None
    """Provenance of the active template; None: there is none."""
    enrolled_at: int | None
    last_used_at: int | None
    """When a sign-in was last decided with the template; None: it was not used since it was enrolled."""


class ErasureScope(StrEnum):
    """What is erased: the face alone, or everything that leads to the person."""

    BIOMETRIC = "biometric"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure as the ledger keeps it: enough to repeat it on a copy of the database, and nobody's name."""

    receipt_id: str
    scope: ErasureScope
    through: int
    """Templates made up to this time are gone; a later one is another enrolment."""
    mark: bytes
    """Keyed hash of collection and external id, 32 bytes."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did. It stays as the record of it, and holds no identifier."""

    receipt_id: str
    scope: ErasureScope
    configuration_id: str | None
    """None, and the next two: the ledger names somebody whom this copy of the database never knew."""
    external_id: str | None
    sub: str | None
    erased_at: int
    templates: int
    person_key: str | None
    """Which key was destroyed: SHA-256 of its wrapped form, in hex. None: there was none."""
    wrapped_under: str | None
    """Id of the master key that had wrapped it."""
    ended: Mapping[str, int]
    """How many rows went with it, by table."""
    sequence: int
    """A replica that has followed the change sequence up to here holds no template of the person."""
    confirmed_at: int | None
    """When the last replica had evicted it and the write-ahead log was emptied; None: not yet."""


class PeopleStore(Protocol):
    async def people(self, configuration_id: str | None = None) -> Sequence[Person]:
        """Everybody with an identifier, of one collection or of all, in the order in which they came."""

    async def person(self, configuration_id: str, identifier: str) -> Person | None: ...

    async def held_on(self, person: Person) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """What else is held on somebody, by kind, as plain values.

        No template, no key, no hash of a secret.
        """

    async def invitations(self, configuration_id: str | None = None) -> Sequence[Invitation]:
        """All that are kept, used and expired ones too, in the order in which they were made."""

    async def cancel_invitation(self, invitation_hash: bytes) -> bool:
        """Its link enrols nobody any more. False when there is none, or it was used."""

    async def overdue(
        self, configuration_id: str, *, unused_since: int | None, made_by: int | None
    ) -> Sequence[str]:
        """External ids of active templates not used after ``unused_since``, or made up to ``made_by``."""


class ErasureStore(Protocol):
    async def erase(
        self, erasure: Erasure, configuration_id: str, external_id: str, now: int
    ) -> Erased | None:
        """One unit of work. Of both scopes: the templates up to ``through``, the key once nothing is sealed
        under it, the OP sessions, and every transaction and verification session that is under way.

        Of the person also: identifier and its look-up, invitations, grants with all their tokens. The subject
        is retired; its ``sub`` is kept, so that nobody else ever gets it.

        Returns what was recorded under this receipt when that was done before, None when nothing is left to
        erase.
        """

    async def erasures(self) -> Sequence[Erasure]:
        """All that this database knows of, oldest first."""

    async def note_erasure(self, erasure: Erasure, now: int) -> None:
        """Remember one that concerns nobody in this database."""

    async def everybody(self) -> Sequence[tuple[str, str]]:
        """(configuration id, external id) of each person and each template: what a mark may stand for."""

    async def erased(self, receipt_id: str) -> Erased | None: ...

    async def unconfirmed(self) -> Sequence[str]:
        """Receipt ids of erasures that were not confirmed yet, oldest first."""

    async def confirm_erased(self, receipt_ids: Sequence[str], now: int) -> None:
        """Write when these were confirmed, for those that were not."""

    async def empty_log(self) -> bool:
        """Bring the write-ahead log into the database and truncate it: nothing deleted is left in it.

        False when a reader or writer is in the way; try again.
        """


class ReplicaStore(Protocol):
    async def latest_change(self) -> int:
        """The newest number of the template change sequence, over all collections; 0 at the beginning."""

    async def beat(self, replica_id: str, applied: int, now: int) -> None:
        """This replica lives and has followed the change sequence up to ``applied``."""

    async def leave(self, replica_id: str) -> None: ...

    async def behind(self, sequence: int, alive_since: int) -> Sequence[str]:
        """Replicas with a sign of life since then that have not followed up to the sequence."""
