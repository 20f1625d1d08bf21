"""Two real processes on one database: an erasure in one evicts the face from the other before its receipt."""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from tests.support.builders import CONFIGURATION_ID, EXTERNAL_ID, face_vector, make_template
from tests.support.erasing import ADA, make_eraser
from tests.support.fakes import START, FixedClock, SeededIds
from tests.support.scripted_engine import RECIPE, template
from tests.support.stores import open_store
from tests.support.verifier_room import enrol
from verifeye_oidc.clock import SystemClock
from verifeye_oidc.faces import Template
from verifeye_oidc.storage.port import Store
from verifeye_oidc.storage.port_people import ErasureScope
from verifeye_oidc.verifier.erasure import Target
from verifeye_oidc.verifier.gallery import Gallery
from verifeye_oidc.verifier.replica import BEAT_SECONDS, Replica

PATIENCE = 20.0
ADAS_FACE, PROBE = 1, 9


async def load(gallery: Gallery) -> None:
    """Somebody enrols: the collection is read into memory."""
    probe = make_template(
        external_id=SeededIds(os.getpid()).guid(),
        template_id=SeededIds(os.getpid()).guid(),
        session_id=f"session of {os.getpid()}",
        vector=template(PROBE).to_bytes(),
    )
    assert await gallery.enrol_unique(probe, START) == (True, False)


def holds_ada(gallery: Gallery) -> bool:
    """Whether the matrix itself has the face: no search, which would catch up first."""
    collection = gallery._collections[CONFIGURATION_ID]
    face = Template.from_bytes(face_vector(ADAS_FACE), RECIPE.id, RECIPE.model_sha256)
    return bool(((collection.vectors @ face.vector) > 0.99).any())


def serve(end: Connection, database: Path) -> None:
    asyncio.run(_serve(end, database))


async def _serve(end: Connection, database: Path) -> None:
    store = open_store("sqlite", database)
    gallery = Gallery(store, RECIPE, ThreadPoolExecutor(1))
    replica = Replica(replica_id=str(os.getpid()), store=store, gallery=gallery, clock=SystemClock())
    async with replica.following():
        await load(gallery)
        end.send("loaded")
        while await asyncio.to_thread(end.recv) == "do you hold her?":
            end.send(holds_ada(gallery))
    await store.close()
    end.send("left")


class Other:
    """The other process."""

    def __init__(self, end: Connection, pid: int) -> None:
        self._end = end
        self.pid = pid

    async def hears(self) -> object:
        assert await asyncio.to_thread(self._end.poll, PATIENCE), "the other process does not answer"
        return self._end.recv()

    async def asked(self, question: str) -> object:
        self._end.send(question)
        return await self.hears()

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)


@contextmanager
def another_process(database: Path) -> Iterator[Other]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, database), daemon=True)
    process.start()
    assert process.pid is not None
    try:
        yield Other(ours, process.pid)
    finally:
        process.kill()
        process.join(PATIENCE)
        ours.close()
        theirs.close()


@pytest.fixture
async def known(store: Store) -> Store:
    await enrol(store, make_template(vector=face_vector(ADAS_FACE)))
    return store


async def test_the_other_process_holds_nothing_when_the_receipt_is_given(
    known: Store, tmp_path: Path
) -> None:
    with another_process(tmp_path / "provider.db") as other:
        assert await other.hears() == "loaded"
        assert await other.asked("do you hold her?") is True
        other.signal(signal.SIGSTOP)
        eraser = make_eraser(known, tmp_path, SystemClock(), asyncio.sleep)
        ada = Target(CONFIGURATION_ID, EXTERNAL_ID, newest=START)
        erasing = asyncio.create_task(eraser.erase([ada], ErasureScope.BIOMETRIC))
        await asyncio.wait([erasing], timeout=1.5)
        assert not erasing.done(), "no receipt while a process that lives has not followed"
        assert await known.active_template(CONFIGURATION_ID, EXTERNAL_ID) is None
        other.signal(signal.SIGCONT)
        (receipt,) = await asyncio.wait_for(erasing, PATIENCE)
        assert await other.asked("do you hold her?") is False
        assert receipt.erased.confirmed_at is not None
        assert await other.asked("leave") == "left"
        assert await known.behind(10**9, 0) == []


async def test_signs_of_life_are_few_while_nothing_happens(known: Store, tmp_path: Path) -> None:
    clock, gallery = FixedClock(), Gallery(known, RECIPE, ThreadPoolExecutor(1))
    replica = Replica(replica_id="ours", store=known, gallery=gallery, clock=clock)
    await replica.step()
    latest = await known.latest_change()
    await known.beat("ours", -5, START)
    await replica.step()
    assert await known.behind(latest, START) == ["ours"], "nothing new, nothing said"
    clock.advance(BEAT_SECONDS)
    await replica.step()
    assert await known.behind(latest, START) == []
    assert await known.behind(latest + 1, START + BEAT_SECONDS) == ["ours"]


async def test_a_step_that_fails_is_no_sign_of_life(known: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    gallery = Gallery(known, RECIPE, ThreadPoolExecutor(1))
    replica = Replica(replica_id="ours", store=known, gallery=gallery, clock=FixedClock())

    async def fails() -> None:
        raise OSError("no memory")

    monkeypatch.setattr(gallery, "follow", fails)
    with pytest.raises(OSError, match="no memory"):
        await replica.step()
    assert await known.behind(10**9, 0) == []


async def test_who_cannot_follow_holds_nothing(known: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    gallery = Gallery(known, RECIPE, ThreadPoolExecutor(1))
    replica = Replica(replica_id="ours", store=known, gallery=gallery, clock=FixedClock())
    await load(gallery)
    assert holds_ada(gallery)

    async def fails() -> int:
        raise OSError("the disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr(known, "latest_change", fails)
        await replica.step_or_forget()
    assert not holds_ada(gallery)
    await replica.step_or_forget()
    assert await known.behind(await known.latest_change(), START) == []


async def test_following_evicts_from_every_collection_in_memory(known: Store, tmp_path: Path) -> None:
    gallery = Gallery(known, RECIPE, ThreadPoolExecutor(1))
    await load(gallery)
    assert holds_ada(gallery)
    await make_eraser(known, tmp_path).erase([ADA], ErasureScope.BIOMETRIC)
    assert holds_ada(gallery)
    await gallery.follow()
    assert not holds_ada(gallery)
