"""The storage port forgets what expired, an hour later, faces at once, and nothing else."""

from tests.support.builders import (
    ACCESS_TOKEN,
    CLIENT_ID,
    CODE,
    CONFIGURATION_ID,
    EXTERNAL_ID,
    FAMILY,
    HANDLE,
    IDENTIFIER,
    NONCE,
    SESSION_ID,
    make_access_token,
    make_binding,
    make_grant,
    make_session,
    make_subject,
    make_template,
    make_transaction,
)
from tests.support.fakes import START
from tests.support.stores import (
    bring_to_decision,
    enrol,
    grant_of_token,
    known_provenance,
    make_known,
    make_refreshable,
)
from verifeye_oidc.ids import digest
from verifeye_oidc.storage.port import CodeRefusal, Store
from verifeye_oidc.verification.port import Provenance
from verifeye_oidc.verifier.model import TemplateChange

HOUR = 3600


async def test_transactions_and_sessions_stay_for_an_hour_after_they_expired(store: Store) -> None:
    await store.add_transaction(make_transaction(expires_at=START))
    await store.open_session(make_session(expires_at=START))
    await store.purge(START + HOUR - 1)
    assert await store.transaction(HANDLE)
    assert await store.session(SESSION_ID)
    await store.purge(START + HOUR)
    assert await store.transaction(HANDLE) is None
    assert await store.session(SESSION_ID) is None
    assert await store.session_by_nonce(NONCE) is None


async def test_what_has_not_expired_stays(store: Store) -> None:
    await store.add_transaction(make_transaction())
    await store.open_session(make_session())
    assert await enrol(store)
    await store.purge(START)
    assert await store.transaction(HANDLE)
    assert await store.session(SESSION_ID)
    assert len(await store.template_changes(CONFIGURATION_ID, 0)) == 1


async def test_a_grant_stays_for_as_long_as_its_token(store: Store) -> None:
    await make_known(store)
    await bring_to_decision(store, enrolment=None)
    assert await store.grant(make_grant(), make_subject(), SESSION_ID, START)
    token = make_access_token(expires_at=START + 10 * HOUR)
    assert await store.take_code(digest(CODE), make_binding(), token, START) == make_grant()
    await store.purge(START + 2 * HOUR)
    assert await grant_of_token(store, digest(ACCESS_TOKEN), START + 2 * HOUR) == make_grant()
    await store.purge(START + 11 * HOUR)
    assert await grant_of_token(store, digest(ACCESS_TOKEN), START) is None
    again = await store.take_code(digest(CODE), make_binding(), make_access_token(), START)
    assert again is CodeRefusal.UNKNOWN


async def test_a_grant_stays_for_as_long_as_its_family(store: Store) -> None:
    await make_refreshable(store, expires_at=START + 10 * HOUR)
    await store.purge(START + 11 * HOUR - 1)
    replay = await store.take_code(digest(CODE), make_binding(), make_access_token(), START + 11 * HOUR - 1)
    assert replay is CodeRefusal.REPLAYED
    assert await store.refresh_token(digest(FAMILY), CLIENT_ID, START) is None


async def test_a_family_stays_for_an_hour_after_it_expired(store: Store) -> None:
    await make_refreshable(store, expires_at=START + 10 * HOUR)
    await store.purge(START + 11 * HOUR - 1)
    assert await store.refresh_token(digest(FAMILY), CLIENT_ID, START)
    await store.purge(START + 11 * HOUR)
    assert await store.refresh_token(digest(FAMILY), CLIENT_ID, START) is None
    unknown = await store.take_code(digest(CODE), make_binding(), make_access_token(), START)
    assert unknown is CodeRefusal.UNKNOWN


async def test_people_and_their_templates_never_expire(store: Store) -> None:
    await make_known(store)
    await store.purge(START + 1000 * HOUR)
    assert await known_provenance(store, IDENTIFIER) is Provenance.FIRST_USE
    assert await store.active_template(CONFIGURATION_ID, EXTERNAL_ID)


async def test_a_lapsed_template_goes_at_once_and_its_going_is_a_change(store: Store) -> None:
    assert await enrol(store, make_template(pending_until=START))
    (pending,) = await store.template_changes(CONFIGURATION_ID, 0)
    await store.purge(START - 1)
    assert list(await store.template_changes(CONFIGURATION_ID, pending.sequence)) == []
    await store.purge(START)
    (gone,) = await store.template_changes(CONFIGURATION_ID, 0)
    assert gone == TemplateChange(gone.sequence, "template-of-ada", None)
    assert gone.sequence > pending.sequence
    assert await enrol(store, make_template(template_id="next"))
