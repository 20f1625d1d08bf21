"""Each binding of a result to its order, alone: queries here carry genuine signatures."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.builders import (
    CONFIGURATION_ID,
    EXTERNAL_ID,
    HANDLE,
    SESSION_ID,
    make_configuration,
    make_result,
    make_session,
)
from tests.support.fakes import START, FixedClock, SeededIds
from tests.support.scripted_engine import ScriptedEngine
from tests.support.stores import open_store
from verifeye_oidc.storage.port import Store
from verifeye_oidc.verification.contract import Direction, encode, sign
from verifeye_oidc.verification.embedded import EmbeddedVerification
from verifeye_oidc.verification.port import (
    Failed,
    FailureReason,
    Order,
    Passed,
    Provenance,
    ResultRefused,
    ServiceUnavailable,
)
from verifeye_oidc.verifier.model import VerificationSession
from verifeye_oidc.verifier.service import VerificationService

ORDER = Order(HANDLE, CONFIGURATION_ID, EXTERNAL_ID, Provenance.FIRST_USE, START + 300)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = open_store("sqlite", tmp_path / "provider.db")
    await store.add_configuration(make_configuration())
    yield store
    await store.close()


@pytest.fixture
async def verification(store: Store) -> AsyncIterator[EmbeddedVerification]:
    clock, engine = FixedClock(), ScriptedEngine().as_engine
    service = VerificationService(store=store, engine=engine, clock=clock, ids=SeededIds())
    yield EmbeddedVerification(service=service, clock=clock, issuer="https://login.example")
    service.close()


async def finished(store: Store, session: VerificationSession | None = None) -> None:
    session = session or make_session()
    await store.open_session(session)
    await store.finish_session(session.session_id, make_result())


def result(**changes: str) -> str:
    parameters = {
        "reVerificationSessionId": SESSION_ID,
        "reVerificationResult": "passed",
        "transaction": HANDLE,
    } | changes
    query = encode(list(parameters.items()))
    return sign(make_configuration().signing_key, Direction.OUT, CONFIGURATION_ID, query)


async def test_a_genuine_result_is_read_from_the_store(
    store: Store, verification: EmbeddedVerification
) -> None:
    await finished(store)
    assert isinstance(await verification.complete(ORDER, result()), Passed)


@pytest.mark.parametrize(
    "changes",
    [
        {"transaction": "another"},
        {"reVerificationSessionId": "another"},
        {"reVerificationResult": "failed"},
        {"reVerificationResult": ""},
    ],
)
async def test_a_signed_query_that_says_something_else_is_refused(
    store: Store, verification: EmbeddedVerification, changes: dict[str, str]
) -> None:
    await finished(store)
    with pytest.raises(ResultRefused):
        await verification.complete(ORDER, result(**changes))


@pytest.mark.parametrize(
    "session",
    [
        make_session(custom=(("transaction", "another"),)),
        make_session(custom=()),
        make_session(custom=(("transaction", HANDLE), ("transaction", HANDLE))),
        make_session(external_id="another"),
        make_session(configuration_id="another"),
        make_session(enrolment=Provenance.INVITE),
    ],
)
async def test_a_session_that_was_made_for_something_else_is_refused(
    store: Store, verification: EmbeddedVerification, session: VerificationSession
) -> None:
    await finished(store, session)
    with pytest.raises(ResultRefused, match="does not belong"):
        await verification.complete(ORDER, result())


@pytest.mark.parametrize("enrolment", [None, Provenance.FIRST_USE])
async def test_what_every_link_offers_is_no_allowance(
    store: Store, verification: EmbeddedVerification, enrolment: Provenance | None
) -> None:
    """The order of somebody who is known allows nothing, and its sessions are judged by it."""
    await finished(store, make_session(enrolment=enrolment))
    passed = await verification.complete(replace(ORDER, enrolment=None), result())
    assert isinstance(passed, Passed)
    invited = replace(ORDER, enrolment=Provenance.INVITE)
    if enrolment is not None:
        with pytest.raises(ResultRefused, match="does not belong"):
            await verification.complete(invited, result())


async def test_a_session_without_a_result_is_not_over(
    store: Store, verification: EmbeddedVerification
) -> None:
    await store.open_session(make_session())
    with pytest.raises(ResultRefused, match="no result yet"):
        await verification.complete(ORDER, result())


async def test_the_reason_of_a_failure_is_the_stored_one(
    store: Store, verification: EmbeddedVerification
) -> None:
    await store.open_session(make_session())
    failure = make_result(passed=False, event=None, provenance=None, reason=FailureReason.SPOOF)
    await store.finish_session(SESSION_ID, failure)
    assert await verification.complete(ORDER, result(reVerificationResult="failed")) == Failed(
        FailureReason.SPOOF, SESSION_ID
    )
    with pytest.raises(ResultRefused, match="contradicts"):
        await verification.complete(ORDER, result())


async def test_a_deleted_configuration_starts_and_proves_nothing(
    verification: EmbeddedVerification,
) -> None:
    order = replace(ORDER, configuration_id="deleted")
    with pytest.raises(ServiceUnavailable):
        await verification.start(order)
    with pytest.raises(ResultRefused):
        await verification.complete(order, result())
