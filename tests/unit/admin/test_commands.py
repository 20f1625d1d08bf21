"""The commands as an operator types them, on an installation of their own."""

import asyncio
import json
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.support.builders import make_key
from verifeye_oidc.admin.cli import main
from verifeye_oidc.app import open_house
from verifeye_oidc.oidc.model import Client
from verifeye_oidc.settings import load_settings

ISSUER = "http://localhost:8080"
FACE = ("--face", "MatchVerification", "--liveness", "Verification", "--enrolment-policy", "first_use")
CLIENT_KEYS = {field.name for field in fields(Client)} - {"secret_hashes"} | {"secrets"}

Run = Callable[..., Result]
Json = Callable[..., Any]


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    file = tmp_path / "verifeye.toml"
    file.write_text(f'issuer = "{ISSUER}"\ndata_dir = "{tmp_path / "data"}"\n')
    return file


@pytest.fixture
def run(settings: Path) -> Run:
    def run(*arguments: str, stdin: str = "") -> Result:
        return CliRunner().invoke(main, [*arguments, "--config", str(settings)], input=stdin)

    return run


@pytest.fixture
def said(run: Run) -> Json:
    """What a command says with ``--json``."""

    def said(*arguments: str) -> Any:
        result = run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        assert result.stderr == ""
        return json.loads(result.stdout)

    return said


@pytest.fixture
def configuration_id(said: Json) -> str:
    return str(said("configuration", "create", "--name", "Front door", *FACE)["configuration_id"])


@pytest.fixture
def acme(said: Json, configuration_id: str) -> dict[str, Any]:
    found: dict[str, Any] = said(
        "client", "create", "--name", "Acme", "--redirect-uri", "https://acme.example/cb",
        "--configuration", configuration_id,
    )  # fmt: skip
    return found


def test_a_configuration_from_its_making_to_its_end(run: Run, said: Json, configuration_id: str) -> None:
    least = {
        "configuration_id": configuration_id,
        "name": "Front door",
        "face": "MatchVerification",
        "liveness": "Verification",
        "enrolment_policy": "first_use",
        "passed_url": f"{ISSUER}/v1/openid/verify-result",
        "failed_url": f"{ISSUER}/v1/openid/verify-result",
        "false_match_rate": 1e-05,
    }
    expected = said("configuration", "show", configuration_id)
    assert expected.items() >= least.items()
    assert "key" not in " ".join(expected)
    assert said("configuration", "list") == [expected]
    changed = expected | {"name": "Back door", "false_match_rate": 1e-06}
    assert changed == said(
        "configuration", "update", configuration_id, "--name", "Back door", "--false-match-rate", "1e-6"
    )
    assert said("configuration", "show", configuration_id) == changed
    deleted = {"configuration_id": configuration_id, "deleted": True}
    assert said("configuration", "delete", configuration_id, "--yes") == deleted
    assert run("configuration", "list").output.startswith("No configurations yet")


def test_a_number_that_may_be_missing_is_taken_back(run: Run, said: Json, configuration_id: str) -> None:
    update = ("configuration", "update", configuration_id, "--retention-days")
    assert said(*update, "30")["retention_days"] == 30
    assert run(*update, "0").exit_code == 2
    assert said(*update, "unset")["retention_days"] is None


def test_a_client_from_its_making_to_its_end(
    run: Run, said: Json, acme: dict[str, Any], configuration_id: str
) -> None:
    assert acme.keys() == CLIENT_KEYS | {"issuer", "client_secret"}
    shown = {name: acme[name] for name in CLIENT_KEYS}
    assert shown["required_verifiers"] == ["face", "liveness"]
    assert shown["enrolment_policy"] is None
    assert said("client", "list") == [shown]
    assert said("client", "show", acme["client_id"]) == shown
    changed = said("client", "update", acme["client_id"], "--no-require-pkce", "--required-verifier", "face")
    assert changed == shown | {"require_pkce": False, "required_verifiers": ["face"]}
    deleted = {"client_id": acme["client_id"], "deleted": True}
    assert said("client", "delete", acme["client_id"], "--yes") == deleted
    assert said("client", "list") == []
    assert run("client", "list").output.startswith("No clients yet")


def test_a_secret_is_shown_once_and_kept_nowhere(
    run: Run, said: Json, acme: dict[str, Any], tmp_path: Path
) -> None:
    rotated = said("client", "rotate-secret", acme["client_id"])
    assert rotated.keys() == {"client_secret", "client_id", "secrets"}
    later = [run("client", "show", acme["client_id"]), run("client", "list", "--json")]
    for secret in (acme["client_secret"], rotated["client_secret"]):
        assert re.fullmatch(r"[\w-]{43}", secret)
        assert all(secret not in result.output for result in later)
        for file in (tmp_path / "data").iterdir():
            assert secret.encode() not in file.read_bytes()


def test_a_rotation_from_its_beginning_to_its_end(run: Run, said: Json, acme: dict[str, Any]) -> None:
    rotated = run("client", "rotate-secret", acme["client_id"])
    assert f"client rotate-secret {acme['client_id']} --drop-previous" in rotated.output
    assert said("client", "show", acme["client_id"])["secrets"] == 2
    dropped = said("client", "rotate-secret", acme["client_id"], "--drop-previous")
    assert dropped == {"client_id": acme["client_id"], "secrets": 1}
    refused = run("client", "rotate-secret", acme["client_id"], "--undo")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith("Error: secret: the client has one live secret only")


def test_a_public_client_is_given_no_secret(said: Json, run: Run, configuration_id: str) -> None:
    create = (
        "client", "create", "--name", "App", "--redirect-uri", "http://127.0.0.1/cb", "--native",
        "--token-endpoint-auth-method", "none", "--configuration", configuration_id,
    )  # fmt: skip
    assert "client_secret" not in said(*create)
    assert "secret" not in run(*create).output


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (("client", "show", "?"), 1, "client: there is none with the id ?"),
        (("configuration", "show", "?"), 1, "configuration: there is none with the id ?"),
        (("configuration", "delete", "?", "--yes"), 1, "configuration: there is none with the id ?"),
        (("client", "update", "?"), 2, "name at least one field to change"),
        (("configuration", "update", "?"), 2, "name at least one field to change"),
        (("client", "rotate-secret", "?", "--undo", "--drop-previous"), 2, "exclude each other"),
        (("client", "create", "--name", "Acme"), 2, "Missing option '--redirect-uri'"),
        (("configuration", "create", "--name", "A", "--face", "Maybe"), 2, "'Maybe' is not one of"),
        (
            ("enrollment", "invite", "ada@example.com", "--configuration", "?"),
            1,
            "configuration: there is none",
        ),
    ],
)
def test_a_refusal_is_one_message(run: Run, arguments: tuple[str, ...], code: int, reason: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert reason in result.stderr
    assert "Traceback" not in result.stderr


def test_the_rules_reach_the_command_line(run: Run, acme: dict[str, Any], configuration_id: str) -> None:
    for arguments, reason in [
        (
            ("client", "update", acme["client_id"], "--redirect-uri", "http://a.example/"),
            "redirect_uris: 'http",
        ),
        (("configuration", "update", configuration_id, "--face", "CalculationOnly"), "face: CalculationOnly"),
        (("configuration", "update", configuration_id, "--liveness", "Disabled"), "liveness: with Disabled"),
        (("configuration", "delete", configuration_id, "--yes"), "configuration: clients are bound to it"),
    ]:
        result = run(*arguments)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith(f"Error: {reason}")


def test_nothing_is_deleted_without_a_yes(run: Run, said: Json, acme: dict[str, Any]) -> None:
    free = said("configuration", "create", "--name", "Nobody's", *FACE)["configuration_id"]
    for group, ident in (("client", acme["client_id"]), ("configuration", free)):
        before = said(group, "list")
        for answer in ("", "n\n"):
            result = run(group, "delete", ident, "--json", stdin=answer)
            assert (result.exit_code, result.stdout) == (1, "")
        assert said(group, "list") == before
        assert run(group, "delete", ident, stdin="y\n").exit_code == 0
        assert len(said(group, "list")) == len(before) - 1


def test_tables_and_records_are_aligned(run: Run, said: Json, acme: dict[str, Any]) -> None:
    said("client", "update", acme["client_id"], "--redirect-uri", "https://a.example/", "--redirect-uri", "https://b.example/")  # fmt: skip  # noqa: E501
    head, row = run("client", "list").output.splitlines()
    for title, value in (
        ("CLIENT ID", acme["client_id"]),
        ("NAME", "Acme"),
        ("REDIRECT URIS", "https://a.e"),
    ):
        assert head.index(title) == row.index(value)
    assert row.endswith("https://a.example/ (+1)")
    shown = run("client", "show", acme["client_id"]).output.splitlines()
    column = shown[0].index(acme["client_id"])
    assert "  https://b.example/" in "\n".join(shown)
    assert all(line[column - 1] == " " != line[column] for line in shown)
    assert f"{'enrolment_policy':<{column}}-" in shown


def test_an_invitation_is_a_link_and_its_end(said: Json, run: Run, configuration_id: str) -> None:
    invite = ("enrollment", "invite", "ada@example.com", "--configuration", configuration_id)
    invited = said(*invite)
    assert invited.keys() == {"link", "expires_at"}
    assert invited["link"].startswith(f"{ISSUER}/v1/openid/invitation?token=")
    assert re.search(r"expires_at  \d{4}-\d\d-\d\d \d\d:\d\d UTC", run(*invite).output)


def test_a_master_key_is_made_once(tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    made = CliRunner().invoke(main, ["keys", "create-master", str(file), "--json"])
    assert json.loads(made.stdout).keys() == {"file", "key_id"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    again = CliRunner().invoke(main, ["keys", "create-master", str(file)])
    assert (again.exit_code, again.stdout, file.read_bytes()) == (1, "", before)
    assert "is there already" in again.stderr
    nowhere = CliRunner().invoke(main, ["keys", "create-master", str(tmp_path / "none" / "master.key")])
    assert (nowhere.exit_code, nowhere.stdout) == (1, "")
    assert "cannot be written: No such file" in nowhere.stderr


def test_signing_keys_are_listed_by_name_only(said: Json, run: Run, settings: Path) -> None:
    assert run("keys", "list").output == "None yet: `serve` makes the first.\n"

    async def add() -> None:
        async with open_house(load_settings(settings)) as house:
            await house.store.add_first_signing_key(make_key())

    asyncio.run(add())
    assert said("keys", "list") == [{"kid": "key-1", "alg": "RS256", "created_at": make_key().created_at}]
    assert "PRIVATE" not in run("keys", "list").output


def test_models_are_listed_with_whether_they_are_there(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["models", "list", "--models-dir", str(tmp_path), "--json"])
    rows = json.loads(result.stdout)
    assert len(rows) == 4
    assert {row["installed"] for row in rows} == {False}
    assert all(row.keys() == {"name", "installed", "sha256", "carrier", "file"} for row in rows)


@pytest.mark.parametrize(
    ("toml", "reason"),
    [
        ('issuer = "https://login.example.com"', "master_key_file: required with an https issuer"),
        ('isuer = "http://localhost:8080"', "isuer: there is no such setting"),
        ("issuer = ", "is not TOML: Invalid value"),
        ('data_dir = "verifeye.toml/data"', "verifeye.toml/data: Not a directory"),
    ],
)
def test_settings_that_cannot_work_are_one_message(run: Run, settings: Path, toml: str, reason: str) -> None:
    settings.write_text(toml.replace("verifeye.toml", str(settings)))
    result = run("client", "list")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: ")
    assert reason in result.stderr
    assert "Traceback" not in result.stderr


def test_help_waits_for_nothing_slow() -> None:
    slow = (
        "verifeye_oidc.app",
        "verifeye_oidc.settings",
        "pydantic",
        "numpy",
        "onnxruntime",
        "starlette",
        "structlog",
    )
    code = f"import sys, verifeye_oidc.admin.cli; print([name for name in {slow} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
