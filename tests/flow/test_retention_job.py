"""The process that serves erases faces whose retention is over, without being told to."""

import asyncio
from pathlib import Path

from tests.support.builders import CONFIGURATION_ID, EXTERNAL_ID, make_configuration
from tests.support.erasing import make_eraser
from tests.support.fakes import START
from tests.support.stores import make_known
from verifeye_oidc.app import House, open_app, open_house
from verifeye_oidc.settings import load_settings

DAY = 86_400


class Someday:
    """The clock of a house, so many days after Ada enrolled."""

    def __init__(self, days: int) -> None:
        self._now = START + days * DAY

    def now(self) -> int:
        return self._now

    def monotonic(self) -> float:
        return 0.0


async def served(folder: Path, days: int) -> bool:
    """Serve for a moment; whether Ada's face is there afterwards."""
    settings = load_settings(
        issuer="http://localhost:8080", data_dir=folder, verification="sandbox", sandbox_acknowledged=True
    )
    async with open_house(settings) as opened:
        await opened.store.add_configuration(make_configuration(retention_days=30))
        await make_known(opened.store)
        clock = Someday(days)
        eraser = make_eraser(opened.store, folder, clock, asyncio.sleep)
        house = House(settings, clock, opened.ids, opened.vault, opened.store, eraser)
        async with open_app(house):
            for _ in range(40):
                if await house.store.active_template(CONFIGURATION_ID, EXTERNAL_ID) is None:
                    return False
                await asyncio.sleep(0.05)
        return True


async def test_a_face_is_erased_when_its_days_are_over_and_not_before(tmp_path: Path) -> None:
    assert await served(tmp_path / "day 29", 29)
    assert not await served(tmp_path / "day 31", 31)
