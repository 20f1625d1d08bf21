"""Erased means: in the ledger, gone from the database and its log, and held by no replica that lives."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.builders import CONFIGURATION_ID, EXTERNAL_ID, IDENTIFIER, make_template
from tests.support.erasing import ADA, BACKUP_DAYS, make_eraser, make_ledger
from tests.support.fakes import START, FixedClock
from tests.support.stores import make_known, open_store
from tests.support.verifier_room import enrol
from verifeye_oidc.storage.port import Store
from verifeye_oidc.storage.port_people import Erasure, ErasureScope
from verifeye_oidc.verifier.erasure import REPLICA_LAPSE_SECONDS, NotConfirmed, Target

BOTH = pytest.mark.parametrize("scope", list(ErasureScope))
DAY = 86_400


@BOTH
async def test_the_receipt_says_what_was_erased_when_and_how_long_backups_may_hold_it(
    store: Store, tmp_path: Path, scope: ErasureScope
) -> None:
    await make_known(store)
    (receipt,) = await make_eraser(store, tmp_path).erase([ADA], scope)
    erased = receipt.erased
    assert (erased.scope, erased.external_id, erased.templates) == (scope, EXTERNAL_ID, 1)
    assert (erased.erased_at, erased.confirmed_at) == (START, START)
    assert (receipt.backup_days, receipt.backups_gone_by) == (BACKUP_DAYS, START + BACKUP_DAYS * DAY)
    assert await make_eraser(store, tmp_path).receipt(erased.receipt_id) == receipt


async def test_nobody_is_erased_when_the_ledger_cannot_be_written(store: Store, tmp_path: Path) -> None:
    await make_known(store)
    (tmp_path / "erasures.ledger").mkdir()
    with pytest.raises(OSError, match="directory"):
        await make_eraser(store, tmp_path).erase([ADA], ErasureScope.PERSON)
    assert await store.person(CONFIGURATION_ID, IDENTIFIER) is not None


async def test_of_whom_nothing_is_left_there_is_no_receipt(store: Store, tmp_path: Path) -> None:
    await make_known(store)
    eraser = make_eraser(store, tmp_path)
    nobody = Target(CONFIGURATION_ID, "nobody")
    (receipt,) = await eraser.erase([nobody, ADA], ErasureScope.PERSON)
    assert receipt.erased.external_id == EXTERNAL_ID
    assert list(await eraser.erase([ADA], ErasureScope.PERSON)) == []
    assert await eraser.receipt("no receipt") is None


async def test_a_replica_that_lives_is_waited_for(store: Store, tmp_path: Path) -> None:
    await make_known(store)
    clock, waited = FixedClock(), []
    await store.beat("another", await store.latest_change(), START)

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        clock.advance(1)
        if len(waited) == 3:
            await store.beat("another", await store.latest_change(), clock.now())

    (receipt,) = await make_eraser(store, tmp_path, clock, sleep).erase([ADA], ErasureScope.BIOMETRIC)
    assert len(waited) == 3
    assert receipt.erased.confirmed_at == START + 3


async def test_a_replica_without_a_sign_of_life_holds_nobody_up_for_longer_than_its_lapse(
    store: Store, tmp_path: Path
) -> None:
    await make_known(store)
    clock = FixedClock()
    await store.beat("died", 0, START)

    async def sleep(seconds: float) -> None:
        clock.advance(1)

    (receipt,) = await make_eraser(store, tmp_path, clock, sleep).erase([ADA], ErasureScope.BIOMETRIC)
    assert receipt.erased.confirmed_at == START + REPLICA_LAPSE_SECONDS + 1


async def test_no_receipt_while_somebody_keeps_the_log_from_being_emptied_and_one_afterwards(
    store: Store, tmp_path: Path
) -> None:
    await make_known(store)
    clock = FixedClock()

    async def sleep(seconds: float) -> None:
        clock.advance(15)

    eraser = make_eraser(store, tmp_path, clock, sleep)
    with closing(sqlite3.connect(tmp_path / "provider.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM templates").fetchone()
        async with asyncio.timeout(5):
            with pytest.raises(NotConfirmed, match=r"keeps reading .* ask again: enrollment receipt "):
                await eraser.erase([ADA], ErasureScope.BIOMETRIC)
    (line,) = make_ledger(tmp_path).read()
    erased = await store.erased(line.receipt_id)
    assert erased is not None
    assert erased.confirmed_at is None
    receipt = await eraser.receipt(line.receipt_id)
    assert receipt is not None
    assert receipt.erased.confirmed_at == clock.now() == START + 45


async def test_no_receipt_while_a_replica_that_lives_does_not_follow(store: Store, tmp_path: Path) -> None:
    await make_known(store)
    clock = FixedClock()
    await store.beat("stuck", 0, START)

    async def sleep(seconds: float) -> None:
        clock.advance(1)
        await store.beat("stuck", 0, clock.now())

    with pytest.raises(NotConfirmed, match="does not follow the database"):
        await make_eraser(store, tmp_path, clock, sleep).erase([ADA], ErasureScope.BIOMETRIC)
    assert clock.now() == START + 40


async def test_what_was_not_confirmed_is_confirmed_later(store: Store, tmp_path: Path) -> None:
    await make_known(store)
    left = Erasure("receipt of a process that died", ErasureScope.PERSON, START, bytes(32))
    assert await store.erase(left, CONFIGURATION_ID, EXTERNAL_ID, START)
    assert list(await store.unconfirmed()) == [left.receipt_id]
    eraser = make_eraser(store, tmp_path)
    await eraser.confirm()
    assert list(await store.unconfirmed()) == []
    receipt = await eraser.receipt(left.receipt_id)
    assert receipt is not None
    assert receipt.erased.confirmed_at == START
    await eraser.confirm()


async def test_a_template_from_a_clock_that_ran_ahead_goes_too(store: Store, tmp_path: Path) -> None:
    await enrol(store, make_template(created_at=START + 100))
    ahead = Target(CONFIGURATION_ID, EXTERNAL_ID, newest=START + 100)
    (receipt,) = await make_eraser(store, tmp_path).erase([ahead], ErasureScope.BIOMETRIC)
    assert receipt.erased.templates == 1


@BOTH
async def test_a_database_from_before_the_erasure_loses_the_person_again(
    store: Store, tmp_path: Path, scope: ErasureScope
) -> None:
    await make_known(store)
    await enrol(store, make_template(external_id="eve", template_id="eve"))
    backup = copied(tmp_path / "provider.db", tmp_path / "backup" / "provider.db")
    (receipt,) = await make_eraser(store, tmp_path).erase([ADA], scope)
    restored = open_store("sqlite", backup)
    assert await restored.active_template(CONFIGURATION_ID, EXTERNAL_ID) is not None
    assert await make_eraser(restored, tmp_path, seed=2).agree() == 1
    assert await restored.active_template(CONFIGURATION_ID, EXTERNAL_ID) is None
    person = await restored.person(CONFIGURATION_ID, IDENTIFIER)
    assert (person is None) == (scope is ErasureScope.PERSON)
    assert await restored.active_template(CONFIGURATION_ID, "eve") is not None
    again = await restored.erased(receipt.erased.receipt_id)
    assert again is not None
    assert again.confirmed_at is not None
    assert await make_eraser(restored, tmp_path, seed=3).agree() == 0
    await restored.close()


def copied(database: Path, to: Path) -> Path:
    to.parent.mkdir()
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)
    return to


async def test_who_enrolled_again_after_the_erasure_is_left_alone(store: Store, tmp_path: Path) -> None:
    await make_known(store)
    await make_eraser(store, tmp_path).erase([ADA], ErasureScope.BIOMETRIC)
    empty = open_store("sqlite", tmp_path / "elsewhere" / "provider.db")
    await enrol(empty, make_template(created_at=START + 1))
    assert await make_eraser(empty, tmp_path, seed=2).agree() == 1
    assert await empty.active_template(CONFIGURATION_ID, EXTERNAL_ID) is not None
    assert await make_eraser(empty, tmp_path, seed=3).agree() == 0
    await empty.close()


async def test_a_lost_ledger_is_written_anew_from_the_database(store: Store, tmp_path: Path) -> None:
    await make_known(store)
    await make_eraser(store, tmp_path).erase([ADA], ErasureScope.PERSON)
    before = list(make_ledger(tmp_path).read())
    (tmp_path / "erasures.ledger").unlink()
    assert await make_eraser(store, tmp_path, seed=2).agree() == 0
    assert list(make_ledger(tmp_path).read()) == before != []
