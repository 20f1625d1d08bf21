"""What an operator can do with configurations, over a real store."""

from typing import Any

import pytest

from tests.support.builders import CONFIGURATION_ID, make_client, make_configuration
from tests.support.fakes import SeededIds
from tests.support.stores import make_known, make_unknown
from verifeye_oidc.admin.configurations import (
    create_configuration,
    delete_configuration,
    show_configuration,
    update_configuration,
)
from verifeye_oidc.admin.refused import Refused
from verifeye_oidc.storage.port import Store
from verifeye_oidc.verification.port import EnrolmentPolicy, FaceMode, LivenessMode, Verifier

LEAST: dict[str, Any] = {
    "name": "Front door",
    "face": FaceMode.MATCH_VERIFICATION,
    "liveness": LivenessMode.VERIFICATION,
    "enrolment_policy": EnrolmentPolicy.INVITE,
}


async def test_a_configuration_is_created_and_its_results_come_back_here(store: Store) -> None:
    made = await create_configuration(store, SeededIds(), issuer="https://login.example", **LEAST)
    assert made.passed_url == made.failed_url == "https://login.example/v1/openid/verify-result"
    assert len(made.signing_key) == 32
    assert {name: getattr(made, name) for name in LEAST} == LEAST
    assert await show_configuration(store, made.configuration_id) == made


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"name": "Front\ndoor"}, "name: 1 to 100"),
        ({"false_match_rate": 0.5}, "false_match_rate: no threshold was measured for .* take one of 0.001, "),
    ],
)
async def test_what_cannot_be_is_neither_created_nor_updated(
    store: Store, values: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Refused, match="^" + reason):
        await create_configuration(store, SeededIds(), issuer="https://login.example", **(LEAST | values))
    assert list(await store.configurations()) == []
    await store.add_configuration(make_configuration())
    with pytest.raises(Refused, match="^" + reason):
        await update_configuration(store, CONFIGURATION_ID, **values)
    assert await show_configuration(store, CONFIGURATION_ID) == make_configuration()


async def test_an_update_changes_what_is_named_and_nothing_else(store: Store) -> None:
    await store.add_configuration(make_configuration())
    await store.add_client(make_client())
    changed = await update_configuration(
        store, CONFIGURATION_ID, face=FaceMode.UNIQUE_MATCH_VERIFICATION, false_match_rate=1e-6
    )
    assert changed == make_configuration(face=FaceMode.UNIQUE_MATCH_VERIFICATION, false_match_rate=1e-6)


@pytest.mark.parametrize(
    "face", [FaceMode.DISABLED, FaceMode.CALCULATION_ONLY, FaceMode.DUPLICATE_VERIFICATION]
)
async def test_with_clients_it_cannot_cease_to_compare(store: Store, face: FaceMode) -> None:
    await store.add_configuration(make_configuration())
    await update_configuration(store, CONFIGURATION_ID, face=face)
    await update_configuration(store, CONFIGURATION_ID, face=FaceMode.MATCH_VERIFICATION)
    await store.add_client(make_client())
    with pytest.raises(Refused, match=f"^face: {face} compares nobody, and the client 'Acme'"):
        await update_configuration(store, CONFIGURATION_ID, face=face)
    assert await show_configuration(store, CONFIGURATION_ID) == make_configuration()


async def test_liveness_stays_while_a_client_requires_it(store: Store) -> None:
    await store.add_configuration(make_configuration())
    await store.add_client(make_client(client_id="a", required_verifiers=frozenset({Verifier.FACE})))
    await update_configuration(store, CONFIGURATION_ID, liveness=LivenessMode.DISABLED)
    await update_configuration(store, CONFIGURATION_ID, liveness=LivenessMode.VERIFICATION)
    await store.add_client(make_client(client_id="b", name="Beta"))
    with pytest.raises(Refused, match=r"^liveness: .* the client 'Beta' requires it"):
        await update_configuration(store, CONFIGURATION_ID, liveness=LivenessMode.DISABLED)


async def test_its_enrolment_may_be_tightened_whatever_its_clients_say(store: Store) -> None:
    await store.add_configuration(make_configuration())
    await store.add_client(make_client(enrolment_policy=EnrolmentPolicy.FIRST_USE))
    changed = await update_configuration(store, CONFIGURATION_ID, enrolment_policy=EnrolmentPolicy.NEVER)
    assert changed.enrolment_policy is EnrolmentPolicy.NEVER


async def test_it_is_not_deleted_while_it_has_clients_or_people(store: Store) -> None:
    await store.add_configuration(make_configuration())
    await store.add_client(make_client())
    await make_known(store)
    with pytest.raises(Refused, match=r"^configuration: clients are bound to it \(acme\)"):
        await delete_configuration(store, CONFIGURATION_ID)
    await store.delete_client("acme")
    with pytest.raises(Refused, match=r"^configuration: it knows 1 people; .* `enrollment erase`"):
        await delete_configuration(store, CONFIGURATION_ID)
    await make_unknown(store)
    await delete_configuration(store, CONFIGURATION_ID)
    assert list(await store.configurations()) == []


async def test_nothing_is_done_to_one_that_is_not_there(store: Store) -> None:
    for attempt in (
        show_configuration(store, "?"),
        update_configuration(store, "?", name="New"),
        delete_configuration(store, "?"),
    ):
        with pytest.raises(Refused, match=r"^configuration: there is none with the id \?"):
            await attempt
