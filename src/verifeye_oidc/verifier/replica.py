"""This process among those that share the database: it follows the erasures of all of them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import structlog

from verifeye_oidc.clock import Clock
from verifeye_oidc.storage.port_people import ReplicaStore
from verifeye_oidc.verifier.gallery import Gallery

FOLLOW_SECONDS = 0.5
BEAT_SECONDS = 5
"""A third of what `erasure.REPLICA_LAPSE_SECONDS` allows."""

log = structlog.get_logger("verifeye_oidc")


class Replica:
    """Keeps the galleries in memory as they are stored, and says how far they are.

    A process that is stopped and wakes up later holds old rows until its next step. It decides nothing by
    them: every search catches up first.
    """

    def __init__(self, *, replica_id: str, store: ReplicaStore, gallery: Gallery, clock: Clock) -> None:
        self._id = replica_id
        self._store = store
        self._gallery = gallery
        self._clock = clock
        self._applied = -1
        self._beaten_at = 0

    async def step(self) -> None:
        """Apply what changed, then say so. Nothing is said while nothing changed and the last word is new."""
        latest = await self._store.latest_change()
        if latest != self._applied:
            await self._gallery.follow()
        now = self._clock.now()
        if latest != self._applied or now - self._beaten_at >= BEAT_SECONDS:
            await self._store.beat(self._id, latest, now)
            self._applied, self._beaten_at = latest, now

    async def step_or_forget(self) -> None:
        """A step; when it fails nothing stays in memory, because an erasure will soon not wait for us."""
        try:
            await self.step()
        except Exception:
            await self._gallery.forget()
            log.exception("the galleries cannot be followed and are not kept in memory; it is tried again")

    @contextlib.asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Follow for as long as this lasts. The first sign of life is given before anything is loaded."""
        await self.step()
        task = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            await self._store.leave(self._id)

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(FOLLOW_SECONDS)
            await self.step_or_forget()
