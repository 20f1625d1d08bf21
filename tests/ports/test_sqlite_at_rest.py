"""What lies on the disk: no identifier, secret, face or private key in clear, nothing that was deleted."""

import sqlite3
from pathlib import Path

import pytest

from tests.support.builders import (
    ACCESS_TOKEN,
    BROWSER_SECRET,
    CLIENT_SECRET,
    CODE,
    CONFIGURATION_ID,
    EXTERNAL_ID,
    FAMILY,
    HANDLE,
    IDENTIFIER,
    INVITATION,
    REFRESH_SECRET,
    SESSION_ID,
    face_vector,
    make_access_token,
    make_binding,
    make_client,
    make_configuration,
    make_consent,
    make_grant,
    make_invitation,
    make_key,
    make_outcome,
    make_refresh_token,
    make_session,
    make_subject,
    make_template,
    make_transaction,
)
from tests.support.fakes import START
from tests.support.stores import TEST_KEY, bring_to_decision, enrol, grant_enrolled, open_store
from verifeye_oidc.ids import digest
from verifeye_oidc.keys.vault import Unsealable
from verifeye_oidc.storage.port import Store
from verifeye_oidc.verification.port import Event
from verifeye_oidc.verifier.model import SessionState

SIGNING_KEY = b"a signing key of 32 bytes, right"
CUSTOM = "a-parameter-of-the-caller"

SECRETS = {
    "identifier": IDENTIFIER.encode(),
    "half an identifier": b"ada@",
    "state": b"state-of-the-relying-party",
    "nonce": b"nonce-of-the-relying-party",
    "custom parameter": CUSTOM.encode(),
    "client secret": CLIENT_SECRET.encode(),
    "cookie secret": BROWSER_SECRET.encode(),
    "code": CODE.encode(),
    "access token": ACCESS_TOKEN.encode(),
    "refresh token's family": FAMILY.encode(),
    "refresh token's secret": REFRESH_SECRET.encode(),
    "invitation": INVITATION.encode(),
    "face": face_vector(),
    "a quarter of a face": face_vector()[128:256],
    "private key": b"PRIVATE KEY",
    "configuration's signing key": SIGNING_KEY,
    "its other key": SIGNING_KEY[::-1],
    "master key": TEST_KEY.secret,
}


async def _live(store: Store) -> None:
    """Everything that one person's first sign-in writes, and an invitation for another day."""
    await store.add_configuration(
        make_configuration(signing_key=SIGNING_KEY, previous_signing_key=SIGNING_KEY[::-1])
    )
    await store.add_client(make_client())
    await store.add_first_signing_key(make_key())
    await store.add_invitation(make_invitation())
    await store.add_transaction(make_transaction(handle="identified", identifier=None))
    await store.identify("identified", IDENTIFIER)
    await bring_to_decision(store)
    await store.open_session(make_session(state=SessionState.CONSENT, custom=(("theirs", CUSTOM),)))
    await store.answer_consent(make_consent(), None)
    assert await enrol(store)
    grant = make_grant(outcome=make_outcome(event=Event.ENROLLED))
    assert await grant_enrolled(store, grant=grant, subject=make_subject())
    refresh = make_refresh_token()
    assert await store.take_code(digest(CODE), make_binding(), make_access_token(), START, refresh) == grant


def _on_disk(database: Path) -> bytes:
    """The database file, its write-ahead log and its index."""
    return b"".join(path.read_bytes() for path in sorted(database.parent.glob(database.name + "*")))


async def test_nothing_lies_there_in_clear(tmp_path: Path) -> None:
    database = tmp_path / "provider.db"
    store = open_store("sqlite", database)
    await _live(store)
    with_log = _on_disk(database)
    await store.close()
    for disk in (with_log, _on_disk(database)):
        assert HANDLE.encode() in disk, "the search finds what is there in clear"
        assert [name for name, secret in SECRETS.items() if secret in disk] == []


@pytest.mark.parametrize("name", SECRETS)
async def test_the_search_would_find_each_of_them(tmp_path: Path, name: str) -> None:
    database = tmp_path / "provider.db"
    store = open_store("sqlite", database)
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE canary (planted BLOB)")
    connection.execute("INSERT INTO canary VALUES (?)", (SECRETS[name],))
    connection.commit()
    assert SECRETS[name] in _on_disk(database)
    connection.close()
    await store.close()
    assert SECRETS[name] in _on_disk(database)


async def test_what_was_deleted_is_overwritten(tmp_path: Path) -> None:
    database = tmp_path / "provider.db"
    store = open_store("sqlite", database)
    await store.open_session(make_session())
    await store.close()
    assert SESSION_ID.encode() in _on_disk(database)
    store = open_store("sqlite", database)
    await store.purge(START + 10_000)
    await store.close()
    assert SESSION_ID.encode() not in _on_disk(database)


async def test_the_files_are_the_owner_s_only(tmp_path: Path) -> None:
    database = tmp_path / "data" / "provider.db"
    store = open_store("sqlite", database)
    await store.add_client(make_client())
    modes = {path.name: path.stat().st_mode & 0o777 for path in database.parent.iterdir()}
    assert modes == {"provider.db": 0o600, "provider.db-wal": 0o600, "provider.db-shm": 0o600}
    assert database.parent.stat().st_mode & 0o777 == 0o700
    await store.close()


async def test_destroying_a_person_s_key_destroys_their_templates(tmp_path: Path) -> None:
    database = tmp_path / "provider.db"
    store = open_store("sqlite", database)
    await _live(store)
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("DELETE FROM person_keys WHERE external_id = ?", (EXTERNAL_ID,))
    connection.close()
    assert await store.active_template(CONFIGURATION_ID, EXTERNAL_ID) is None
    (change,) = await store.template_changes(CONFIGURATION_ID, 0)
    assert change.template is None
    await store.close()


@pytest.mark.parametrize(
    "swap",
    [
        "UPDATE transactions SET request = (SELECT request FROM transactions WHERE handle = 'identified')",
        "UPDATE transactions SET identifier ="
        " (SELECT identifier FROM transactions WHERE handle = 'identified')",
        "UPDATE transactions SET identifier = request",
        "UPDATE templates SET vector = (SELECT vector FROM templates WHERE template_id = 'eve')",
        "UPDATE person_keys SET wrapped = (SELECT wrapped FROM person_keys WHERE external_id = 'eve')",
    ],
)
async def test_whoever_writes_the_file_cannot_give_one_s_data_to_another(tmp_path: Path, swap: str) -> None:
    database = tmp_path / "provider.db"
    store = open_store("sqlite", database)
    await _live(store)
    assert await enrol(store, make_template(template_id="eve", external_id="eve", session_id="eve"))
    await _read(store)
    with sqlite3.connect(database) as connection:
        connection.execute(swap)
    connection.close()
    with pytest.raises(Unsealable):
        await _read(store)
    await store.close()


async def _read(store: Store) -> None:
    assert await store.transaction(HANDLE)
    assert await store.active_template(CONFIGURATION_ID, EXTERNAL_ID)
