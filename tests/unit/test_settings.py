"""Every setting that cannot work refuses to boot, and says which one it is."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.fakes import SeededIds
from verifeye_oidc.app import open_house
from verifeye_oidc.keys.vault import create_master_key
from verifeye_oidc.settings import SettingsRefused, load_settings
from verifeye_oidc.storage.port import WrongDatabase

HTTPS = {"issuer": "https://login.example.com", "master_key_file": "master.key"}
SANDBOX = {"verification": "sandbox", "sandbox_acknowledged": True}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"issuer": "http://127.0.0.1:8080"},
        {"issuer": "http://[::1]:8080"},
        HTTPS,
        SANDBOX,
        {**SANDBOX, "sandbox_outcome": "pass"},
        {**SANDBOX, "sandbox_outcome": "service_unavailable"},
        {**SANDBOX, **HTTPS, "issuer": "https://sandbox.example.com"},
        {**SANDBOX, **HTTPS, "issuer": "https://login.test"},
        {**SANDBOX, **HTTPS, "issuer": "https://login.test.example.com:8443"},
    ],
)
def test_what_works(given: dict[str, Any]) -> None:
    settings = load_settings(**given)
    assert settings.sandbox == (given.get("verification") == "sandbox")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"issuer": "login.example.com"}, "issuer: must be an http or https URL"),
        ({"issuer": "ftp://login.example.com"}, "issuer: must be an http or https URL"),
        ({**HTTPS, "issuer": "https://login.example.com/"}, "issuer: must be scheme, host and port only"),
        ({**HTTPS, "issuer": "https://login.example.com/tenant"}, "issuer: must be scheme, host and port"),
        ({**HTTPS, "issuer": "https://login.example.com?x=1"}, "issuer: must be scheme, host and port only"),
        ({**HTTPS, "issuer": "https://login.example.com#x"}, "issuer: must be scheme, host and port only"),
        ({**HTTPS, "issuer": "https://me@login.example.com"}, "issuer: must be scheme, host and port only"),
        ({**HTTPS, "issuer": "https://Login.example.com"}, "issuer: must be .* in lower case"),
        ({"issuer": "http://login.example.com"}, "issuer: http is for localhost only"),
        ({"issuer": "http://localhost.example.com"}, "issuer: http is for localhost only"),
        ({"issuer": "http://192.168.1.7:8080"}, "issuer: http is for localhost only"),
        ({"issuer": "https://login.example.com"}, "master_key_file: required with an https issuer"),
        ({"port": 0}, "port: "),
        ({"port": "eighty"}, "port: "),
        ({"region": "EU"}, "region: "),
        ({"verification": "none"}, "verification: .*'embedded' or 'sandbox'"),
        ({"issuers": "http://localhost:8080"}, "issuers: there is no such setting"),
        ({"sandbox_outcome": "pass"}, "sandbox_outcome: only with verification = sandbox"),
        ({"sandbox_acknowledged": True, "sandbox_outcome": "pass"}, "sandbox_outcome: only with"),
        ({"verification": "sandbox"}, "sandbox_acknowledged: in sandbox mode anybody can pass"),
        ({**SANDBOX, "sandbox_acknowledged": False}, "sandbox_acknowledged: in sandbox mode"),
        ({**SANDBOX, "sandbox_outcome": "passed"}, "sandbox_outcome: must be empty or one of pass, mismatch"),
        ({**SANDBOX, **HTTPS}, "issuer: off this machine a sandbox says what it is"),
        ({**SANDBOX, **HTTPS, "issuer": "https://sandboxed.example.com"}, "issuer: off this machine"),
        ({**SANDBOX, **HTTPS, "issuer": "https://my-sandbox.example.com"}, "issuer: off this machine"),
        ({**SANDBOX, **HTTPS, "issuer": "https://latest.example.com"}, "issuer: off this machine"),
        ({**SANDBOX, **HTTPS, "issuer": "https://contest.example.com"}, "issuer: off this machine"),
    ],
)
def test_what_cannot_work_is_refused_by_name(given: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsRefused, match=rf"\A{named}"):
        load_settings(**given)


def test_every_wrong_value_is_named_at_once() -> None:
    with pytest.raises(SettingsRefused) as refused:
        load_settings(port=0, region="EU")
    assert [line.partition(":")[0] for line in str(refused.value).splitlines()] == ["port", "region"]


def test_the_environment_comes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('port = 9000\nregion = "us"\n')
    monkeypatch.setenv("VERIFEYE_OIDC_PORT", "9001")
    settings = load_settings(file)
    assert (settings.port, settings.region) == (9001, "us")


def test_a_file_with_an_unknown_name_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("sandbox = true\n")
    with pytest.raises(SettingsRefused, match="sandbox: there is no such setting"):
        load_settings(file)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsRefused, match="--config: there is no file"):
        load_settings(tmp_path / "settings.toml")


async def _opens(**given: Any) -> None:
    async with open_house(load_settings(**given)):
        pass


async def test_a_sandbox_s_data_is_refused_by_any_other_mode(tmp_path: Path) -> None:
    await _opens(**SANDBOX, data_dir=tmp_path)
    with pytest.raises(SettingsRefused, match="the master key was made for sandbox mode"):
        await _opens(data_dir=tmp_path)
    await _opens(**SANDBOX, data_dir=tmp_path)


async def test_any_other_mode_s_data_is_refused_by_a_sandbox(tmp_path: Path) -> None:
    await _opens(data_dir=tmp_path)
    with pytest.raises(SettingsRefused, match="the master key was made for real people"):
        await _opens(**SANDBOX, data_dir=tmp_path)
    await _opens(data_dir=tmp_path)


async def test_the_database_is_refused_under_a_fitting_key_too(tmp_path: Path) -> None:
    await _opens(**SANDBOX, data_dir=tmp_path)
    create_master_key(tmp_path / "other.key", SeededIds())
    with pytest.raises(WrongDatabase, match="made for mode 'sandbox', and this process runs with mode"):
        await _opens(data_dir=tmp_path, master_key_file=tmp_path / "other.key")


async def test_a_sandbox_s_key_alone_is_refused(tmp_path: Path) -> None:
    await _opens(**SANDBOX, data_dir=tmp_path / "sandbox")
    with pytest.raises(SettingsRefused, match="the master key was made for sandbox mode"):
        await _opens(data_dir=tmp_path / "new", master_key_file=tmp_path / "sandbox" / "master.key")


async def test_a_named_master_key_is_never_made(tmp_path: Path) -> None:
    with pytest.raises(SettingsRefused, match="master_key_file: there is no file"):
        await _opens(data_dir=tmp_path, master_key_file=tmp_path / "named.key")
    assert not (tmp_path / "named.key").exists()


async def test_a_lost_master_key_is_not_made_anew(tmp_path: Path) -> None:
    await _opens(data_dir=tmp_path)
    (tmp_path / "master.key").unlink()
    with pytest.raises(SettingsRefused, match="is missing, and without it nothing"):
        await _opens(data_dir=tmp_path)


async def test_another_kind_of_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsRefused, match="database_url: this version keeps its data in SQLite"):
        await _opens(data_dir=tmp_path, database_url="postgresql://localhost/verifeye")
