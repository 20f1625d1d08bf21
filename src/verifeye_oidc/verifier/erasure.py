"""Erasing people: the ledger first, then the database, then every replica, and only then the receipt."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from verifeye_oidc.clock import Clock
from verifeye_oidc.ids import Ids
from verifeye_oidc.storage.port_people import Erased, Erasure, ErasureScope, ErasureStore, ReplicaStore
from verifeye_oidc.verifier.ledger import Ledger

REPLICA_LAPSE_SECONDS = 15
"""A replica that gave no sign of life for so long holds nobody up."""
_POLL_SECONDS = 0.05
_CONFIRM_SECONDS = 40
"""For the replicas and the log together. Readers of ours are short: in one moment it can be emptied."""

DAY = 86_400


class EraserStore(ErasureStore, ReplicaStore, Protocol):
    """What an eraser works on."""


class NotConfirmed(Exception):
    """The person is erased, and nothing of it can come back, but something may still hold a copy.

    The message names the receipts: asking for one again confirms it.
    """


@dataclass(frozen=True, slots=True)
class Target:
    """A person in a collection, and when their newest template was made, if they have one."""

    configuration_id: str
    external_id: str
    newest: int = 0


@dataclass(frozen=True, slots=True)
class Receipt:
    """That an erasure is complete, and until when a backup may still hold what was erased."""

    erased: Erased
    backup_days: int

    @property
    def backups_gone_by(self) -> int:
        """UTC epoch seconds."""
        return self.erased.erased_at + self.backup_days * DAY


class Eraser:
    """Erases, and gives receipts."""

    def __init__(
        self,
        *,
        store: EraserStore,
        ledger: Ledger,
        clock: Clock,
        ids: Ids,
        backup_days: int,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._ids = ids
        self._backup_days = backup_days
        self._sleep = sleep

    async def erase(self, targets: Sequence[Target], scope: ErasureScope) -> Sequence[Receipt]:
        """Erase each of them; those of whom nothing was left to erase get no receipt.

        Raises NotConfirmed, OSError when the ledger cannot be written (then nobody is erased).
        """
        erasures = [self._erasure(target, scope) for target in targets]
        if erasures:
            await asyncio.to_thread(self._ledger.append, erasures)
        done = []
        for target, erasure in zip(targets, erasures, strict=True):
            erased = await self._store.erase(
                erasure, target.configuration_id, target.external_id, self._clock.now()
            )
            if erased is not None:
                done.append(erased.receipt_id)
        return await self._receipts(done)

    async def receipt(self, receipt_id: str) -> Receipt | None:
        """The receipt of an erasure, confirmed now if it was not. None: unknown. Raises NotConfirmed."""
        if await self._store.erased(receipt_id) is None:
            return None
        (receipt,) = await self._receipts([receipt_id])
        return receipt

    async def confirm(self) -> None:
        """Confirm every erasure that something was in the way of. Raises NotConfirmed."""
        await self._receipts(await self._store.unconfirmed())

    async def agree(self) -> int:
        """Bring ledger and database to the same erasures, before anything is served from the database.

        A database from before an erasure loses those people again, a ledger that was lost is written anew.
        Returns how many erasures were repeated. Raises LedgerDamaged.
        """
        known = await self._store.erasures()  # first, because another process writes it second
        written = await asyncio.to_thread(self._ledger.read)
        in_ledger, in_database = ({one.receipt_id for one in side} for side in (written, known))
        lost = [one for one in known if one.receipt_id not in in_ledger]
        if lost:
            await asyncio.to_thread(self._ledger.append, lost)
        missing = [one for one in written if one.receipt_id not in in_database]
        if missing:
            await self._repeat(missing)
        return len(missing)

    async def _repeat(self, erasures: Sequence[Erasure]) -> None:
        people = {self._ledger.mark(*person): person for person in await self._store.everybody()}
        for erasure in erasures:
            person, now = people.get(erasure.mark), self._clock.now()
            if person is None or await self._store.erase(erasure, *person, now) is None:
                await self._store.note_erasure(erasure, now)
        await self._receipts([erasure.receipt_id for erasure in erasures])

    async def _receipts(self, receipt_ids: Sequence[str]) -> Sequence[Receipt]:
        """Confirm what is not confirmed, and give the receipts in order."""
        found = [await self._found(receipt_id) for receipt_id in receipt_ids]
        waiting = [erased for erased in found if erased.confirmed_at is None]
        if waiting:
            names = [erased.receipt_id for erased in waiting]
            deadline = self._clock.monotonic() + _CONFIRM_SECONDS
            await self._evicted_everywhere(max(erased.sequence for erased in waiting), names, deadline)
            await self._log_emptied(names, deadline)
            await self._store.confirm_erased(names, self._clock.now())
            found = [await self._found(receipt_id) for receipt_id in receipt_ids]
        return [Receipt(erased, self._backup_days) for erased in found]

    async def _evicted_everywhere(self, sequence: int, names: Sequence[str], deadline: float) -> None:
        """Wait for each live replica: it follows the sequence within a second, or its sign of life lapses."""
        while await self._store.behind(sequence, self._clock.now() - REPLICA_LAPSE_SECONDS):
            await self._again(
                deadline,
                "erased, but a server process that still runs does not follow the database; end it, "
                f"and ask again: enrollment receipt {' '.join(names)}",
            )

    async def _log_emptied(self, names: Sequence[str], deadline: float) -> None:
        while not await self._store.empty_log():
            await self._again(
                deadline,
                "erased, but the write-ahead log could not be emptied because something keeps reading the "
                "database (a backup, a shell?); end that, and ask again: enrollment receipt "
                f"{' '.join(names)}",
            )

    async def _again(self, deadline: float, in_the_way: str) -> None:
        """Rest before another try. Raises NotConfirmed when there is no time left."""
        if self._clock.monotonic() >= deadline:
            raise NotConfirmed(in_the_way)
        await self._sleep(_POLL_SECONDS)

    async def _found(self, receipt_id: str) -> Erased:
        erased = await self._store.erased(receipt_id)
        if erased is None:
            raise LookupError(f"the record of the erasure {receipt_id} is gone")
        return erased

    def _erasure(self, target: Target, scope: ErasureScope) -> Erasure:
        return Erasure(
            receipt_id=self._ids.guid(),
            scope=scope,
            through=max(self._clock.now(), target.newest),
            mark=self._ledger.mark(target.configuration_id, target.external_id),
        )
