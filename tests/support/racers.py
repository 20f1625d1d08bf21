"""Two real processes that do the same thing to one database at the same moment."""

import asyncio
import multiprocessing
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path

from tests.support.stores import open_store
from verifeye_oidc.storage.port import Store

Job = Callable[[Store, int, int], Awaitable[bool]]
"""Gets the store, the side (0 or 1) and the number of the round; says whether it won."""

_PATIENCE = 30.0


class Racers:
    """The parent's handle on two processes, kept for many races."""

    def __init__(self, ends: list[Connection]) -> None:
        self._ends = ends

    def race(self, adapter: str, path: Path, job: Job, rounds: int) -> list[int]:
        """How many sides won each round. The job is a function of a module, so that it can be sent."""
        for end in self._ends:
            end.send((adapter, path, job, rounds))
        sides = []
        for end in self._ends:
            assert end.poll(_PATIENCE), "a racer does not answer"
            answer = end.recv()
            if isinstance(answer, Exception):
                raise answer
            sides.append(answer)
        return [sum(wins) for wins in zip(*sides, strict=True)]


@contextmanager
def two_racers() -> Iterator[Racers]:
    """Start two processes; end them when done."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    pipes = [context.Pipe() for _ in range(2)]
    processes = [
        context.Process(target=_serve, args=(theirs, barrier, side), daemon=True)
        for side, (_, theirs) in enumerate(pipes)
    ]
    for process in processes:
        process.start()
    try:
        yield Racers([ours for ours, _ in pipes])
    finally:
        for ours, theirs in pipes:
            with suppress(OSError):
                ours.send(None)
            theirs.close()
        for process, (ours, _) in zip(processes, pipes, strict=True):
            process.join(_PATIENCE)
            ours.close()
            process.close()


def _serve(end: Connection, barrier: Barrier, side: int) -> None:
    while (order := end.recv()) is not None:
        adapter, path, job, rounds = order
        answer: list[bool] | Exception
        try:
            answer = asyncio.run(_run(adapter, path, job, rounds, barrier, side))
        except Exception as error:
            barrier.abort()
            answer = RuntimeError(f"side {side}: {error!r}")
        end.send(answer)


async def _run(adapter: str, path: Path, job: Job, rounds: int, barrier: Barrier, side: int) -> list[bool]:
    barrier.wait(_PATIENCE)
    store = open_store(adapter, path)
    wins = []
    for number in range(rounds):
        barrier.wait(_PATIENCE)
        wins.append(await job(store, side, number))
    await store.close()
    return wins
