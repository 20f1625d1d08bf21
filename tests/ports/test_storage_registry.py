"""The storage port, operator's side: clients and configurations, and the rules between them."""

import dataclasses
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.builders import (
    ACCESS_TOKEN,
    CLIENT_ID,
    CODE,
    CONFIGURATION_ID,
    EXTERNAL_ID,
    HANDLE,
    INVITATION,
    make_access_token,
    make_binding,
    make_client,
    make_configuration,
    make_grant,
    make_invitation,
    make_invitation_transaction,
    make_refresh_token,
    make_request,
    make_subject,
    make_transaction,
)
from tests.support.fakes import START
from tests.support.racers import Racers, two_racers
from tests.support.stores import bring_to_decision, enrol, make_known, make_unknown
from verifeye_oidc.ids import digest
from verifeye_oidc.oidc.model import Client, Grant
from verifeye_oidc.storage.port import InUse, Store
from verifeye_oidc.verification.port import Collection, FaceMode


class No(Exception):
    """What these tests' judges raise."""


def named(name: str) -> Callable[[Client], Client]:
    return lambda client: dataclasses.replace(client, name=name)


def anyone(client: Client, collection: Collection | None) -> None:
    """Admits everybody."""


def nobody(client: Client, collection: Collection | None) -> None:
    raise No


async def test_a_client_is_judged_beside_its_configuration_before_it_is_written(store: Store) -> None:
    seen = []
    await store.add_configuration(make_configuration())
    await store.add_client(make_client(), lambda *judged: seen.append(judged))
    await store.add_client(
        make_client(client_id="b", configuration_id="?"), lambda *judged: seen.append(judged)
    )
    assert seen == [
        (make_client(), make_configuration().collection),
        (make_client(client_id="b", configuration_id="?"), None),
    ]
    with pytest.raises(No):
        await store.add_client(make_client(client_id="c"), nobody)
    assert await store.client("c") is None


async def test_an_update_writes_what_it_returns(store: Store) -> None:
    await store.add_client(make_client())
    await store.add_client(make_client(client_id="other"))
    changed = make_client(name="Changed", secret_hashes=(digest("new"), digest("old")))
    assert await store.update_client(CLIENT_ID, lambda _: changed, anyone) == changed
    assert await store.client(CLIENT_ID) == changed
    assert await store.client("other") == make_client(client_id="other")


async def test_an_update_is_judged_beside_the_configuration_it_names_now(store: Store) -> None:
    seen = []
    await store.add_client(make_client())
    await store.add_configuration(make_configuration(configuration_id="new"))
    moved = make_client(configuration_id="new")
    await store.update_client(CLIENT_ID, lambda _: moved, lambda *judged: seen.append(judged))
    assert seen == [(moved, make_configuration(configuration_id="new").collection)]


async def test_a_refused_update_writes_nothing(store: Store) -> None:
    await store.add_client(make_client())
    with pytest.raises(No):
        await store.update_client(CLIENT_ID, named("Changed"), nobody)
    assert await store.client(CLIENT_ID) == make_client()


async def test_nobody_updates_or_deletes_what_is_not_there(store: Store) -> None:
    assert await store.update_client("?", named("Changed"), nobody) is None
    assert not await store.delete_client("?")
    assert await store.update_configuration("?", lambda found: found, nobody) is None
    assert not await store.delete_configuration("?")


async def test_a_deleted_client_takes_all_that_is_its_own_and_nothing_else(
    store: Store, database: Path
) -> None:
    await store.add_client(make_client())
    await store.add_client(make_client(client_id="other"))
    await _sign_in(store, CLIENT_ID, HANDLE, CODE, ACCESS_TOKEN)
    await _sign_in(store, "other", "handle of other", "code of other", "token of other")
    await store.add_transaction(make_transaction(handle="open"))
    await store.add_transaction(make_invitation_transaction(handle="invited"))
    before = _rows_by_client(database)
    assert await store.delete_client(CLIENT_ID)
    assert await store.client(CLIENT_ID) is None
    assert await store.transaction("open") is None
    assert await store.transaction(HANDLE) is None
    assert await store.access_token(digest(ACCESS_TOKEN), START) is None
    assert await store.access_token(digest("token of other"), START) is not None
    assert await store.transaction("invited") is not None
    after = _rows_by_client(database)
    assert {table for table, client in before if client == CLIENT_ID} >= {"clients", "grants", "transactions"}
    assert after == {(table, client) for table, client in before if client != CLIENT_ID}


async def test_a_configuration_is_updated(store: Store) -> None:
    await store.add_configuration(make_configuration())
    changed = make_configuration(name="Changed", face=FaceMode.UNIQUE_MATCH_VERIFICATION)
    assert await store.update_configuration(CONFIGURATION_ID, lambda _: changed, nobody) == changed
    assert await store.configuration(CONFIGURATION_ID) == changed


async def test_every_client_of_a_configuration_judges_its_update(store: Store) -> None:
    seen = []
    await store.add_configuration(make_configuration())
    for client_id, configuration_id in (("a", CONFIGURATION_ID), ("b", "other"), ("c", CONFIGURATION_ID)):
        await store.add_client(make_client(client_id=client_id, configuration_id=configuration_id))

    def judge(client: Client, collection: Collection | None) -> None:
        seen.append((client.client_id, collection))
        if client.client_id == "c":
            raise No

    changed = make_configuration(name="Changed")
    with pytest.raises(No):
        await store.update_configuration(CONFIGURATION_ID, lambda _: changed, judge)
    assert seen == [("a", changed.collection), ("c", changed.collection)]
    assert await store.configuration(CONFIGURATION_ID) == make_configuration()


async def test_a_configuration_with_clients_stays(store: Store) -> None:
    await store.add_configuration(make_configuration())
    await store.add_client(make_client())
    with pytest.raises(InUse) as refused:
        await store.delete_configuration(CONFIGURATION_ID)
    assert (refused.value.clients, refused.value.people) == ([CLIENT_ID], 0)
    assert await store.configuration(CONFIGURATION_ID) == make_configuration()
    assert await store.delete_client(CLIENT_ID)
    assert await store.delete_configuration(CONFIGURATION_ID)
    assert await store.configuration(CONFIGURATION_ID) is None


async def test_a_configuration_stays_while_it_knows_somebody(store: Store) -> None:
    await store.add_configuration(make_configuration())
    await store.add_configuration(make_configuration(configuration_id="other"))
    await make_known(store)
    await store.add_invitation(make_invitation())
    with pytest.raises(InUse) as refused:
        await store.delete_configuration(CONFIGURATION_ID)
    assert (refused.value.clients, refused.value.people) == ([], 1)
    assert await store.delete_configuration("other")
    assert await store.active_template(CONFIGURATION_ID, EXTERNAL_ID) is not None
    assert await store.invitation(digest(INVITATION)) is not None
    await make_unknown(store)
    assert await store.delete_configuration(CONFIGURATION_ID)
    assert await store.configuration(CONFIGURATION_ID) is None


async def test_enrolments_under_way_end_with_their_configuration(store: Store) -> None:
    await store.add_configuration(make_configuration())
    await store.add_invitation(make_invitation())
    assert await enrol(store)
    sequence = (await store.template_changes(CONFIGURATION_ID, 0))[-1].sequence
    assert await store.delete_configuration(CONFIGURATION_ID)
    assert await store.invitation(digest(INVITATION)) is None
    (gone,) = await store.template_changes(CONFIGURATION_ID, sequence)
    assert gone.template is None


@pytest.fixture(scope="module")
def racers() -> Iterator[Racers]:
    with two_racers() as pair:
        yield pair


async def change_one_side(store: Store, side: int, number: int) -> bool:
    def change(client: Client) -> Client:
        if side:
            return dataclasses.replace(client, id_token_seconds=client.id_token_seconds + 1)
        return dataclasses.replace(client, access_token_seconds=client.access_token_seconds + 1)

    return await store.update_client(CLIENT_ID, change, anyone) is not None


async def test_two_updates_lose_nothing(store: Store, database: Path, racers: Racers) -> None:
    await store.add_client(make_client(id_token_seconds=100, access_token_seconds=200))
    assert racers.race("sqlite", database, change_one_side, 20) == [2] * 20
    assert await store.client(CLIENT_ID) == make_client(id_token_seconds=120, access_token_seconds=220)


def exists(client: Client, collection: Collection | None) -> None:
    if collection is None:
        raise No


async def bind_or_delete(store: Store, side: int, number: int) -> bool:
    """One side binds a client to the configuration that the other deletes."""
    name = str(number)
    try:
        if side:
            return await store.delete_configuration(name)
        await store.add_client(make_client(client_id=name, configuration_id=name), exists)
    except (No, InUse):
        return False
    return True


async def test_no_client_is_bound_to_what_is_being_deleted(
    store: Store, database: Path, racers: Racers
) -> None:
    for number in range(12):
        await store.add_configuration(make_configuration(configuration_id=str(number)))
    assert racers.race("sqlite", database, bind_or_delete, 12) == [1] * 12
    for client in await store.clients():
        assert await store.configuration(client.configuration_id) is not None


async def delete(store: Store, side: int, number: int) -> bool:
    return await store.delete_client(str(number))


async def test_a_client_is_deleted_by_one(store: Store, database: Path, racers: Racers) -> None:
    for number in range(12):
        await store.add_client(make_client(client_id=str(number)))
    assert racers.race("sqlite", database, delete, 12) == [1] * 12


async def _sign_in(store: Store, client_id: str, handle: str, code: str, token: str) -> None:
    """All the way: a transaction that was granted, its code taken, both tokens given."""
    request = make_request(client_id=client_id)
    await bring_to_decision(store, make_transaction(handle=handle, request=request), enrolment=None)
    grant = make_grant(transaction=handle, client_id=client_id, code_hash=digest(code))
    assert await store.grant(grant, make_subject(), "session", START)
    taken = await store.take_code(
        digest(code),
        make_binding(client_id=client_id),
        make_access_token(token_hash=digest(token), code_hash=digest(code), client_id=client_id),
        START,
        make_refresh_token(
            family_hash=digest(f"family of {token}"), code_hash=digest(code), client_id=client_id
        ),
    )
    assert isinstance(taken, Grant)


def _rows_by_client(database: Path) -> set[tuple[str, str]]:
    """Which tables have rows of which client: also the tables that somebody adds later."""
    found = set()
    with closing(sqlite3.connect(database)) as connection:
        tables = connection.execute(
            "SELECT t.name FROM sqlite_schema t, pragma_table_info(t.name) c"
            " WHERE t.type = 'table' AND c.name = 'client_id'"
        ).fetchall()
        for (table,) in tables:
            rows = connection.execute(
                f"SELECT client_id FROM {table} WHERE client_id IS NOT NULL"  # noqa: S608 - from the schema
            ).fetchall()
            found |= {(str(table), str(row[0])) for row in rows}
    return found
