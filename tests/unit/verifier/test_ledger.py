"""The erasure ledger: a file that only grows, and that survives a writer that dies."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import CONFIGURATION_ID, EXTERNAL_ID
from tests.support.erasing import make_ledger
from tests.support.fakes import START, SeededIds
from verifeye_oidc.ids import digest
from verifeye_oidc.storage.port_people import Erasure, ErasureScope
from verifeye_oidc.verifier.ledger import LedgerDamaged

IDS = SeededIds()
FIRST, SECOND, THIRD = (
    Erasure(IDS.guid(), scope, START + number, digest(str(number)))
    for number, scope in enumerate((ErasureScope.PERSON, ErasureScope.BIOMETRIC, ErasureScope.PERSON))
)


def test_what_was_appended_is_read_in_order(tmp_path: Path) -> None:
    assert list(make_ledger(tmp_path).read()) == []
    make_ledger(tmp_path).append([FIRST, SECOND])
    make_ledger(tmp_path).append([THIRD])
    assert list(make_ledger(tmp_path).read()) == [FIRST, SECOND, THIRD]


def test_it_is_the_owner_s_only_and_names_nobody(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    mark = ledger.mark(CONFIGURATION_ID, EXTERNAL_ID)
    ledger.append([Erasure(FIRST.receipt_id, FIRST.scope, START, mark)])
    (path,) = tmp_path.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text()
    assert mark.hex() in text
    assert EXTERNAL_ID not in text
    assert CONFIGURATION_ID not in text


def test_a_mark_is_one_person_s_in_one_collection(tmp_path: Path) -> None:
    mark = make_ledger(tmp_path).mark
    assert mark("a", "b") == mark("a", "b")
    assert len({mark("a", "b"), mark("b", "a"), mark("a", "bb"), mark("ab", "")}) == 4


@given(st.integers(1, 130))
def test_a_line_that_was_being_written_when_the_process_died_is_none(
    tmp_path_factory: pytest.TempPathFactory, written: int
) -> None:
    folder = tmp_path_factory.mktemp("ledger")
    ledger = make_ledger(folder)
    ledger.append([FIRST])
    path = folder / "erasures.ledger"
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: min(written, len(whole) - 1)])
    assert list(ledger.read()) == [FIRST]
    ledger.append([SECOND])
    assert list(ledger.read()) == [FIRST, SECOND]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace("person", "nobody", 1),
        lambda text: text.replace("1 ", "2 ", 1),
        lambda text: text[:40] + "\n" + text[40:],
        lambda text: text.replace("\n", "\n\n", 1),
        lambda text: "\x00" + text,
    ],
)
def test_a_damaged_line_is_not_passed_over(tmp_path: Path, damage: object) -> None:
    assert callable(damage)
    ledger = make_ledger(tmp_path)
    ledger.append([FIRST, SECOND])
    path = tmp_path / "erasures.ledger"
    path.write_text(damage(path.read_text()))
    with pytest.raises(LedgerDamaged, match=r"erasures\.ledger, line [12], is not an erasure: restore"):
        ledger.read()
