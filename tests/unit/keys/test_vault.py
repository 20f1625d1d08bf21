"""The vault: sealed values open only where they belong, and the key file is nobody else's."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes import SeededIds
from verifeye_oidc.keys.vault import (
    MasterKey,
    MasterKeyRefused,
    MasterKeys,
    Unsealable,
    Vault,
    create_master_key,
    load_master_key,
)

OLD = MasterKey("old", bytes(range(32)))
NEW = MasterKey("new", bytes(range(32, 64)))
VAULT = Vault(MasterKeys((OLD,), OLD))
ROTATED = Vault(MasterKeys((NEW, OLD), OLD))


@given(st.binary(max_size=600), st.text(max_size=60))
def test_what_was_sealed_opens(plaintext: bytes, context: str) -> None:
    assert VAULT.open(VAULT.seal(plaintext, context), context) == plaintext


@given(st.data())
def test_any_changed_byte_is_noticed(data: st.DataObject) -> None:
    sealed = bytearray(VAULT.seal(b"a secret", "t.c:1"))
    position = data.draw(st.integers(0, len(sealed) - 1))
    sealed[position] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Unsealable):
        VAULT.open(bytes(sealed), "t.c:1")


@given(st.binary(max_size=80))
def test_garbage_and_cut_values_are_refused(garbage: bytes) -> None:
    for sealed in (garbage, VAULT.seal(b"a secret", "t.c:1")[: len(garbage) % 40]):
        with pytest.raises(Unsealable):
            VAULT.open(sealed, "t.c:1")


def test_a_value_moved_to_another_row_does_not_open() -> None:
    sealed = VAULT.seal(b"a secret", "t.c:1")
    with pytest.raises(Unsealable, match="another row"):
        VAULT.open(sealed, "t.c:2")


def test_the_same_plaintext_is_never_sealed_the_same() -> None:
    assert VAULT.seal(b"a secret", "t.c:1") != VAULT.seal(b"a secret", "t.c:1")
    assert b"a secret" not in VAULT.seal(b"a secret", "t.c:1")


def test_a_new_key_seals_and_the_old_one_still_opens() -> None:
    assert ROTATED.open(VAULT.seal(b"a secret", "t.c:1"), "t.c:1") == b"a secret"
    with pytest.raises(Unsealable, match="new"):
        VAULT.open(ROTATED.seal(b"a secret", "t.c:1"), "t.c:1")


def test_lookups_and_derived_keys_survive_a_new_sealing_key() -> None:
    assert ROTATED.lookup("identifier", "ada") == VAULT.lookup("identifier", "ada")
    assert ROTATED.derive("authorization-code") == VAULT.derive("authorization-code")


def test_lookups_differ_by_value_purpose_and_root() -> None:
    other = Vault(MasterKeys((NEW,), NEW))
    values = {
        VAULT.lookup("identifier", "ada"),
        VAULT.lookup("identifier", "bob"),
        VAULT.lookup("invitation", "ada"),
        VAULT.derive("identifier"),
        other.lookup("identifier", "ada"),
    }
    assert len(values) == 5
    assert {len(value) for value in values} == {32}


def test_a_created_file_is_private_and_loads(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    created = create_master_key(path, SeededIds())
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_master_key(path) == created
    assert [entry.name for entry in tmp_path.iterdir()] == ["master.key"]


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    create_master_key(path, SeededIds(1))
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        create_master_key(path, SeededIds(2))
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["master.key"]


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o601, 0o620, 0o610, 0o666])
def test_a_file_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "master.key"
    create_master_key(path, SeededIds())
    path.chmod(mode)
    with pytest.raises(MasterKeyRefused, match="chmod 600"):
        load_master_key(path)


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o440, 0o640])
def test_the_owner_and_a_reading_group_may_use_it(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "master.key"
    created = create_master_key(path, SeededIds())
    path.chmod(mode)
    assert load_master_key(path) == created


def test_current_comes_first_whatever_the_order_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    first = create_master_key(path, SeededIds(1)).keys[0]
    document = json.loads(path.read_text())
    document["keys"]["second"] = "A" * 43 + "="
    document["current"] = "second"
    path.write_text(json.dumps(document))
    assert load_master_key(path) == MasterKeys((MasterKey("second", bytes(32)), first), first)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"current": "a", "root": "a", "keys": {}}',
        '{"current": "a", "root": "b", "keys": {"a": "AAAA"}}',
        '{"current": "a", "root": "a", "keys": {"a": "AAAA"}}',
        '{"current": "a", "root": "a", "keys": {"a": "not base64"}}',
        '{"current": "a", "root": "a", "keys": {"a": 1}}',
        '{"current": "a", "root": "a", "keys": []}',
    ],
)
def test_a_damaged_file_is_refused_without_showing_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "master.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(MasterKeyRefused, match="restore it from your backup"):
        load_master_key(path)


def test_the_secret_is_not_in_the_key_s_repr() -> None:
    assert repr(OLD.secret) not in repr(OLD)
