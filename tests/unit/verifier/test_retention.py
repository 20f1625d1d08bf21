"""Faces go when their configuration says so, and their people stay."""

from pathlib import Path

import pytest

from tests.support.builders import (
    CONFIGURATION_ID,
    EXTERNAL_ID,
    IDENTIFIER,
    SESSION_ID,
    SUB,
    make_configuration,
    make_grant,
    make_subject,
)
from tests.support.erasing import make_eraser
from tests.support.fakes import START, FixedClock
from tests.support.stores import bring_to_decision, make_known
from verifeye_oidc.storage.port import Store
from verifeye_oidc.verifier.retention import due, enforce

DAY = 86_400


@pytest.mark.parametrize(
    ("retention", "days", "kept"),
    [
        ({}, 10_000, True),
        ({"retention_unused_days": 30}, 39, True),
        ({"retention_unused_days": 30}, 40, False),
        ({"retention_days": 30}, 29, True),
        ({"retention_days": 30}, 30, False),
        ({"retention_unused_days": 30, "retention_days": 365}, 39, True),
        ({"retention_unused_days": 365, "retention_days": 30}, 30, False),
    ],
)
async def test_a_face_enrolled_on_day_0_and_used_on_day_10(
    store: Store, tmp_path: Path, clock: FixedClock, retention: dict[str, int], days: int, kept: bool
) -> None:
    await store.add_configuration(make_configuration(**retention))
    await make_known(store)
    await bring_to_decision(store, enrolment=None)
    assert await store.grant(make_grant(), make_subject(), SESSION_ID, START + 10 * DAY)
    clock.advance(days * DAY)
    receipts = await enforce(store, make_eraser(store, tmp_path, clock), clock)
    assert [receipt.erased.external_id for receipt in receipts] == ([] if kept else [EXTERNAL_ID])
    assert (await store.active_template(CONFIGURATION_ID, EXTERNAL_ID) is not None) == kept
    person = await store.person(CONFIGURATION_ID, IDENTIFIER)
    assert person is not None
    assert person.sub == SUB
    assert list(await due(store, clock)) == []
