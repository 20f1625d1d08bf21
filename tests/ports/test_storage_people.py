"""The storage port for people: who is there, what is held on them, and what an erasure leaves."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.builders import (
    ACCESS_TOKEN,
    CLIENT_ID,
    CODE,
    CONFIGURATION_ID,
    EXTERNAL_ID,
    FAMILY,
    HANDLE,
    IDENTIFIER,
    LOGIN_SECRET,
    SESSION_ID,
    SUB,
    face_vector,
    make_consent,
    make_grant,
    make_invitation,
    make_login,
    make_outcome,
    make_result,
    make_session,
    make_subject,
    make_template,
    make_transaction,
)
from tests.support.fakes import START
from tests.support.racers import Racers, two_racers
from tests.support.stores import bring_to_decision, enrol, grant_enrolled, make_known, make_refreshable
from verifeye_oidc.ids import digest
from verifeye_oidc.storage.port import Store
from verifeye_oidc.storage.port_people import Erasure, ErasureScope, Person
from verifeye_oidc.storage.sqlite.erasures import KEPT, WITH_THE_FACE, WITH_THE_PERSON
from verifeye_oidc.verification.port import Event, Provenance
from verifeye_oidc.verifier.model import SessionState

ADA = (CONFIGURATION_ID, EXTERNAL_ID)
BOTH = pytest.mark.parametrize("scope", list(ErasureScope))


def erasure(scope: ErasureScope = ErasureScope.PERSON, **changes: Any) -> Erasure:
    return replace(Erasure("receipt-1", scope, START, digest("mark of ada")), **changes)


async def live(store: Store) -> None:
    """Ada: enrolled, matched, refreshable, signed in, invited, and on her way through two more requests."""
    await make_refreshable(store)
    await store.add_invitation(make_invitation())
    await bring_to_decision(store, make_transaction(handle="again"), enrolment=None)
    again = make_grant(transaction="again", code_hash=digest("again"))
    assert await store.grant(again, make_subject(), SESSION_ID, START, make_login())
    await bring_to_decision(store, make_transaction(handle="under way"), enrolment=None)
    await store.open_session(make_session(state=SessionState.CONSENT))
    assert await store.answer_consent(make_consent(), None)


async def somebody_else(store: Store, external_id: str = "eve") -> None:
    await bring_to_decision(store, make_transaction(handle=external_id), external_id=external_id)
    template = make_template(template_id=external_id, external_id=external_id, session_id=external_id)
    assert await enrol(store, template)
    assert await grant_enrolled(
        store,
        grant=make_grant(
            transaction=external_id,
            code_hash=digest(external_id),
            outcome=make_outcome(event=Event.ENROLLED, sub=external_id),
        ),
        subject=make_subject(
            external_id=external_id, identifier=f"{external_id}@example.com", sub=external_id
        ),
        session_id=external_id,
    )


async def test_people_are_listed_with_their_template_s_times(store: Store) -> None:
    await make_known(store)
    await somebody_else(store)
    ada = Person(
        CONFIGURATION_ID, EXTERNAL_ID, IDENTIFIER, SUB, START, Provenance.FIRST_USE, START, last_used_at=None
    )
    listed = await store.people(CONFIGURATION_ID)
    assert (listed[0], [person.external_id for person in listed]) == (ada, [EXTERNAL_ID, "eve"])
    assert await store.people() == listed
    assert await store.people("another collection") == []
    assert await store.person(CONFIGURATION_ID, IDENTIFIER) == ada
    assert await store.person("another collection", IDENTIFIER) is None


async def test_a_match_is_a_use_of_the_template_and_an_enrolment_is_none(store: Store) -> None:
    await make_known(store)
    assert (await person(store)).last_used_at is None
    await bring_to_decision(store, enrolment=None)
    assert await store.grant(make_grant(), make_subject(), SESSION_ID, START + 7)
    assert (await person(store)).last_used_at == START + 7


async def person(store: Store) -> Person:
    found = await store.person(CONFIGURATION_ID, IDENTIFIER)
    assert found is not None
    return found


async def test_all_that_is_held_is_told_without_template_key_and_hash(store: Store) -> None:
    await live(store)
    await store.finish_session(SESSION_ID, make_result())
    held = await store.held_on(await person(store))
    assert {kind: len(rows) for kind, rows in held.items()} == {
        "templates": 1,
        "consents": 1,
        "verification_sessions": 1,
        "sign_ins_under_way": 4,
        "sessions": 1,
        "grants": 3,
        "invitations": 1,
        "erasures": 0,
    }
    told = repr(held)
    assert "'accepted': True" in told
    assert "'event': 'matched'" in told
    assert "b'" not in told, "no bytes, so neither vector nor key nor hash"
    assert IDENTIFIER not in told


@BOTH
async def test_the_face_is_gone_with_its_key_and_what_was_verified_with_it(
    store: Store, scope: ErasureScope
) -> None:
    await live(store)
    (before,) = await store.template_changes(CONFIGURATION_ID, 0)
    erased = await store.erase(erasure(scope), *ADA, START + 9)
    assert erased is not None
    assert (erased.receipt_id, erased.scope, erased.sub, erased.templates) == ("receipt-1", scope, SUB, 1)
    assert (erased.erased_at, erased.wrapped_under, erased.confirmed_at) == (START + 9, "test", None)
    assert erased.person_key is not None
    assert await store.active_template(*ADA) is None
    (gone,) = await store.template_changes(CONFIGURATION_ID, before.sequence)
    assert (gone.template, gone.sequence) == (None, erased.sequence)
    assert await store.login(digest(LOGIN_SECRET), START) is None
    assert await store.transaction("under way") is None
    assert await store.session(SESSION_ID) is None
    assert await store.erased("receipt-1") == erased


async def test_without_a_face_the_person_stays_and_their_sub_is_theirs_at_the_next_enrolment(
    store: Store,
) -> None:
    await live(store)
    assert await store.erase(erasure(ErasureScope.BIOMETRIC), *ADA, START)
    subject = await store.subject(CONFIGURATION_ID, IDENTIFIER)
    assert subject == make_subject(enrolled=None)
    assert await store.access_token(digest(ACCESS_TOKEN), START) is not None
    await bring_to_decision(store, make_transaction(handle="anew"))
    await store.open_session(make_session(session_id="anew", nonce="anew"))
    assert await enrol(store, make_template(template_id="anew", session_id="anew"))
    grant = make_grant(
        transaction="anew", code_hash=digest("anew"), outcome=make_outcome(event=Event.ENROLLED)
    )
    assert await grant_enrolled(store, grant=grant, subject=subject, session_id="anew")
    assert (await person(store)).sub == SUB


async def test_of_the_person_nothing_is_left_that_reads_or_leads_to_them(
    store: Store, database: Path
) -> None:
    await live(store)
    await somebody_else(store)
    erased = await store.erase(erasure(), *ADA, START)
    assert erased is not None
    assert erased.ended == {"logins": 1, "transactions": 4, "sessions": 1, "grants": 3, "invitations": 1}
    assert await store.subject(CONFIGURATION_ID, IDENTIFIER) is None
    assert await store.person(CONFIGURATION_ID, IDENTIFIER) is None
    assert await store.access_token(digest(ACCESS_TOKEN), START) is None
    assert await store.refresh_token(digest(FAMILY), CLIENT_ID, START) is None
    assert await store.grant_of_code(digest(CODE)) is None
    assert await store.invitations() == []
    assert [one.external_id for one in await store.people()] == ["eve"]
    with closing(sqlite3.connect(database)) as connection:
        kept = [table for table in tables_with(connection, "external_id") if holds(connection, table)]
    assert sorted(kept) == sorted(KEPT)


def tables_with(connection: sqlite3.Connection, column: str) -> list[str]:
    return [
        table
        for (table,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        if column in {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
    ]


def holds(connection: sqlite3.Connection, table: str) -> bool:
    query = f"SELECT count(*) FROM {table} WHERE external_id = ?"  # noqa: S608
    return bool(connection.execute(query, (EXTERNAL_ID,)).fetchone()[0])


async def test_every_table_that_knows_people_is_thought_of(store: Store, database: Path) -> None:
    """Whoever adds one says whether an erasure takes it along, or why it is kept."""
    with closing(sqlite3.connect(database)) as connection:
        known = {*WITH_THE_FACE, *WITH_THE_PERSON, *KEPT, "person_keys", "templates"}
        assert set(tables_with(connection, "external_id")) == known
        assert set(tables_with(connection, "identifier_lookup")) == {"subjects", "invitations"}


async def test_the_sub_of_an_erased_person_is_nobody_s_ever_again(store: Store) -> None:
    await make_known(store)
    assert await store.erase(erasure(), *ADA, START)
    await bring_to_decision(store, external_id="another")
    await store.open_session(make_session(external_id="another"))
    assert await enrol(store, make_template(external_id="another"))
    with pytest.raises(sqlite3.IntegrityError):
        await grant_enrolled(store, subject=make_subject(external_id="another"))


async def test_the_same_identifier_is_somebody_new(store: Store) -> None:
    await make_known(store)
    assert await store.erase(erasure(), *ADA, START)
    await bring_to_decision(store, external_id="another")
    assert await enrol(store, make_template(external_id="another"))
    assert await grant_enrolled(store, subject=make_subject(external_id="another", sub="another sub"))
    assert (await person(store)).sub == "another sub"


@BOTH
async def test_a_sign_in_that_is_being_decided_is_not_granted(store: Store, scope: ErasureScope) -> None:
    await make_known(store)
    await bring_to_decision(store, enrolment=None)
    assert await store.erase(erasure(scope), *ADA, START)
    assert not await store.grant(make_grant(), make_subject(), SESSION_ID, START)
    assert await store.unredeemed_grant(HANDLE, START) is None


@BOTH
async def test_a_capture_that_is_under_way_enrols_nothing_any_more(store: Store, scope: ErasureScope) -> None:
    await make_known(store)
    await store.open_session(make_session())
    assert await store.erase(erasure(scope), *ADA, START)
    assert not await enrol(store)
    await store.open_session(make_session(session_id="next", nonce="next"))
    assert await enrol(store, make_template(session_id="next", template_id="next"))


async def test_a_pending_template_goes_too(store: Store) -> None:
    await make_known(store)
    assert await store.erase(erasure(ErasureScope.BIOMETRIC), *ADA, START)
    await store.open_session(make_session(session_id="next", nonce="next"))
    assert await enrol(store, make_template(session_id="next", template_id="next"))
    erased = await store.erase(erasure(receipt_id="receipt-2"), *ADA, START)
    assert erased is not None
    assert erased.templates == 1
    (change,) = await store.template_changes(CONFIGURATION_ID, erased.sequence - 1)
    assert change.template is None


async def test_a_later_enrolment_and_its_key_are_left_alone(store: Store) -> None:
    await make_known(store)
    assert await store.erase(erasure(ErasureScope.BIOMETRIC, through=START - 1), *ADA, START) is None
    template = await store.active_template(*ADA)
    assert template is not None
    assert template.vector == face_vector()


async def test_once_erased_there_is_nothing_to_erase_and_the_same_receipt_says_the_same(store: Store) -> None:
    await make_known(store)
    first = await store.erase(erasure(), *ADA, START)
    assert first is not None
    assert await store.erase(erasure(), *ADA, START + 1) == first
    assert await store.erase(erasure(receipt_id="receipt-2"), *ADA, START) is None
    assert await store.erase(erasure(receipt_id="receipt-3"), CONFIGURATION_ID, "nobody", START) is None
    assert list(await store.erasures()) == [erasure()]
    assert await store.erased("receipt-2") is None


async def test_an_erasure_of_nobody_here_is_remembered(store: Store) -> None:
    await store.note_erasure(erasure(), START)
    await store.note_erasure(erasure(), START)
    assert list(await store.erasures()) == [erasure()]
    noted = await store.erased("receipt-1")
    assert noted is not None
    assert (noted.external_id, noted.templates) == (None, 0)


async def test_an_erasure_is_confirmed_once(store: Store) -> None:
    await make_known(store)
    assert await store.erase(erasure(), *ADA, START)
    await store.confirm_erased(["receipt-1"], START + 1)
    await store.confirm_erased(["receipt-1"], START + 2)
    erased = await store.erased("receipt-1")
    assert erased is not None
    assert erased.confirmed_at == START + 1


async def test_everybody_is_whoever_has_a_row_or_a_template(store: Store) -> None:
    await make_known(store)
    assert await enrol(store, make_template(template_id="p", external_id="pending", session_id="p"))
    assert set(await store.everybody()) == {ADA, (CONFIGURATION_ID, "pending")}


async def test_what_is_erased_is_neither_in_the_file_nor_in_its_log(store: Store, database: Path) -> None:
    await make_known(store)
    with closing(sqlite3.connect(database)) as connection:
        query = "SELECT t.vector, k.wrapped, s.identifier FROM templates t, person_keys k, subjects s"
        secrets = connection.execute(query).fetchone()
    assert all(secret in on_disk(database) for secret in secrets), "the search finds what is there"
    assert await store.erase(erasure(), *ADA, START)
    assert any(secret in on_disk(database) for secret in secrets), "until the log is emptied"
    assert await store.empty_log()
    assert [secret for secret in secrets if secret in on_disk(database)] == []


def on_disk(database: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(database.parent.glob(database.name + "*")))


@pytest.mark.parametrize(
    ("unused_since", "made_by", "found"),
    [
        (None, None, set()),
        (START - 1, None, set()),
        (START, None, {"eve"}),
        (START + 7, None, {EXTERNAL_ID, "eve"}),
        (None, START - 1, set()),
        (None, START, {EXTERNAL_ID, "eve"}),
    ],
)
async def test_overdue_is_who_was_not_seen_for_long_or_enrolled_long_ago(
    store: Store, unused_since: int | None, made_by: int | None, found: set[str]
) -> None:
    await make_known(store)
    await somebody_else(store)
    await bring_to_decision(store, enrolment=None)
    assert await store.grant(make_grant(), make_subject(), SESSION_ID, START + 7)
    overdue = await store.overdue(CONFIGURATION_ID, unused_since=unused_since, made_by=made_by)
    assert set(overdue) == found
    assert await store.overdue("another", unused_since=unused_since, made_by=made_by) == []


async def test_a_cancelled_invitation_enrols_nobody(store: Store) -> None:
    await store.add_invitation(make_invitation())
    used = make_invitation(invitation_hash=digest("used"), used_at=START)
    await store.add_invitation(used)
    assert list(await store.invitations(CONFIGURATION_ID)) == [make_invitation(), used]
    assert await store.invitations("another") == []
    assert await store.cancel_invitation(make_invitation().invitation_hash)
    assert not await store.cancel_invitation(make_invitation().invitation_hash)
    assert not await store.cancel_invitation(used.invitation_hash)
    assert list(await store.invitations()) == [used]


async def test_an_invitation_stays_for_an_hour_after_it_expired(store: Store) -> None:
    await store.add_invitation(make_invitation(expires_at=START))
    await store.purge(START + 3599)
    assert len(await store.invitations()) == 1
    await store.purge(START + 3600)
    assert list(await store.invitations()) == []


async def test_replicas_that_live_and_lag_are_behind(store: Store) -> None:
    assert await store.latest_change() == 0
    await make_known(store)
    latest = await store.latest_change()
    assert latest > 0
    await store.beat("lags", latest - 1, START)
    await store.beat("follows", latest, START)
    await store.beat("silent", 0, START - 60)
    assert await store.behind(latest, START - 30) == ["lags"]
    await store.beat("lags", latest, START)
    await store.leave("silent")
    assert await store.behind(latest, 0) == []


async def erase_the_same(store: Store, side: int, number: int) -> bool:
    done = erasure(receipt_id=f"{number}-{side}", mark=digest(f"{number}"))
    return await store.erase(done, CONFIGURATION_ID, f"person-{number}", START) is not None


@pytest.fixture(scope="module")
def racers() -> Any:
    with two_racers() as racers:
        yield racers


async def test_of_two_processes_that_erase_one_person_one_does(
    store: Store, database: Path, racers: Racers
) -> None:
    for number in range(20):
        await somebody_else(store, f"person-{number}")
    assert racers.race("sqlite", database, erase_the_same, 20) == [1] * 20
    assert len(await store.erasures()) == 20
