"""An eraser over a store, with a ledger in a folder."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.support.builders import CONFIGURATION_ID, EXTERNAL_ID
from tests.support.fakes import FixedClock, SeededIds
from tests.support.stores import TEST_VAULT
from verifeye_oidc.clock import Clock
from verifeye_oidc.storage.port import Store
from verifeye_oidc.verifier.erasure import Eraser, Target
from verifeye_oidc.verifier.ledger import Ledger

ADA = Target(CONFIGURATION_ID, EXTERNAL_ID)
BACKUP_DAYS = 30


def make_ledger(folder: Path) -> Ledger:
    return Ledger(folder / "erasures.ledger", TEST_VAULT)


def make_eraser(
    store: Store,
    folder: Path,
    clock: Clock | None = None,
    sleep: Callable[[float], Awaitable[None]] | None = None,
    seed: int = 1,
) -> Eraser:
    """One that never waits, unless it is told how."""

    async def never(seconds: float) -> None:
        raise AssertionError("nothing is to be waited for here")

    return Eraser(
        store=store,
        ledger=make_ledger(folder),
        clock=clock or FixedClock(),
        ids=SeededIds(seed),
        backup_days=BACKUP_DAYS,
        sleep=sleep or never,
    )
