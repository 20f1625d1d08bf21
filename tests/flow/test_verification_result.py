"""What verify-result accepts of what a browser brings."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.builders import CONFIGURATION_ID, EXTERNAL_ID, HANDLE, make_configuration
from tests.support.fakes import START
from tests.support.scripted_engine import frame
from tests.support.verification_house import ADA, VerificationHouse, furnished_house
from verifeye_oidc.verification.port import (
    Expired,
    Order,
    Passed,
    ResultRefused,
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[VerificationHouse]:
    with furnished_house(tmp_path) as house:
        yield house


@pytest.fixture
def query(house: VerificationHouse) -> str:
    session = house.consented()
    house.capture(session, frame(face=ADA))
    return house.finish(session)


@pytest.mark.parametrize(
    "change",
    [
        lambda query: query.replace("reVerificationResult=passed", "reVerificationResult=failed"),
        lambda query: query.partition("&reSignature=")[0],
        lambda query: query[:-1] + ("0" if query[-1] != "0" else "1"),
        lambda query: query + "&transaction=" + HANDLE,
        lambda query: query.replace(HANDLE, "another"),
        lambda query: "",
        lambda query: "ä",
    ],
)
def test_it_refuses_a_changed_result_and_then_takes_the_genuine_one(
    house: VerificationHouse, query: str, change: Any
) -> None:
    with pytest.raises(ResultRefused):
        house.complete(change(query))
    assert isinstance(house.complete(query), Passed)


def test_it_refuses_another_sessions_result(house: VerificationHouse, query: str) -> None:
    others = Order("transaction-of-eve", CONFIGURATION_ID, "external-id-of-eve", None, START + 300)
    with pytest.raises(ResultRefused, match="does not belong"):
        house.complete(query, others)
    same_person = Order("second-transaction", CONFIGURATION_ID, EXTERNAL_ID, None, START + 300)
    with pytest.raises(ResultRefused, match="does not belong"):
        house.complete(query, same_person)


def test_it_refuses_a_result_of_another_configuration(house: VerificationHouse, query: str) -> None:
    house.call(house.store.add_configuration, make_configuration(configuration_id="twin"))
    with pytest.raises(ResultRefused):
        house.complete(query, Order(HANDLE, "twin", EXTERNAL_ID, None, START + 300))


def test_it_refuses_the_verification_url_played_back_as_a_result(house: VerificationHouse) -> None:
    with pytest.raises(ResultRefused):
        house.complete(urlsplit(house.start()).query)


def test_a_result_played_back_opens_nothing(house: VerificationHouse, query: str) -> None:
    assert house.another_browser().get(f"/verification/{CONFIGURATION_ID}?{query}").status_code == 400


def test_its_deadline_counts(house: VerificationHouse, query: str) -> None:
    house.clock.advance(299)
    assert isinstance(house.complete(query), Passed)
    house.clock.advance(1)
    assert isinstance(house.complete(query), Expired)
