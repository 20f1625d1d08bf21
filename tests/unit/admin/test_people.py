"""What an operator does with people, as typed: list, export, erase, restore, invitations, retention."""

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.support.builders import (
    CONFIGURATION_ID,
    EXTERNAL_ID,
    IDENTIFIER,
    SUB,
    make_client,
    make_configuration,
    make_invitation,
)
from tests.support.fakes import START
from tests.support.stores import make_known
from verifeye_oidc.admin.cli import main
from verifeye_oidc.app import House, open_house
from verifeye_oidc.settings import load_settings

MASKED = "a***@e***.com"
HERE = ("--configuration", CONFIGURATION_ID)


class Installation:
    """One of its own, with Ada in it."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.config = folder / "verifeye.toml"
        self.config.write_text(
            f'issuer = "http://localhost:8080"\ndata_dir = "{self.data}"\nbackup_days = 14\n'
        )

    def run(self, *arguments: str, stdin: str = "") -> Result:
        return CliRunner().invoke(main, [*arguments, "--config", str(self.config)], input=stdin)

    def said(self, *arguments: str) -> Any:
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def inside(self, work: Callable[[House], Awaitable[Any]]) -> Any:
        async def opened() -> Any:
            async with open_house(load_settings(self.config)) as house:
                return await work(house)

        return asyncio.run(opened())

    def erase(self, scope: str) -> Any:
        return self.said("enrollment", "erase", "Ada@Example.com ", *HERE, scope, "--yes")


@pytest.fixture
def house(tmp_path: Path) -> Installation:
    async def furnish(house: House) -> None:
        await house.store.add_configuration(make_configuration())
        await house.store.add_client(make_client())
        await make_known(house.store)

    installation = Installation(tmp_path)
    installation.inside(furnish)
    return installation


def test_identifiers_are_masked_unless_they_are_asked_for(house: Installation) -> None:
    (person,) = house.said("enrollment", "list")
    assert person == {
        "identifier": MASKED,
        "sub": SUB,
        "configuration_id": CONFIGURATION_ID,
        "enrolled": "first_use",
        "created_at": START,
        "enrolled_at": START,
        "last_used_at": None,
    }
    assert house.said("enrollment", "list", *HERE, "--show-identifiers") == [
        person | {"identifier": IDENTIFIER}
    ]
    table = house.run("enrollment", "list").output
    assert MASKED in table
    assert "2027-01-15 08:00 UTC" in table
    assert IDENTIFIER not in table


@pytest.mark.parametrize("scope", ["--biometric", "--person"])
def test_the_receipt_is_given_and_given_again(house: Installation, scope: str) -> None:
    receipt = house.erase(scope)
    assert (receipt["scope"], receipt["sub"], receipt["templates"]) == (scope[2:], SUB, 1)
    assert len(receipt["person_key"]) == 64
    assert receipt["confirmed_at"] >= receipt["erased_at"]
    assert receipt["backup_days"] == 14
    assert receipt["backups_gone_by"] == receipt["erased_at"] + 14 * 86_400
    assert house.said("enrollment", "receipt", receipt["receipt_id"]) == receipt
    people = house.said("enrollment", "list")
    assert [person["enrolled"] for person in people] == ([None] if scope == "--biometric" else [])
    printed = house.run("enrollment", "receipt", receipt["receipt_id"]).output
    assert "Restoring one brings nobody back while the erasure ledger is kept." in printed
    assert IDENTIFIER not in printed


@pytest.mark.parametrize("scope", ["--biometric", "--person"])
def test_restoring_a_backup_brings_nobody_back(house: Installation, scope: str) -> None:
    database, backup = house.data / "provider.db", house.data.parent / "backup.db"
    shutil.copy(database, backup)
    receipt = house.erase(scope)
    for file in house.data.glob("provider.db*"):
        file.unlink()
    shutil.copy(backup, database)

    async def opened(house: House) -> tuple[int, bool]:
        found = await house.store.active_template(CONFIGURATION_ID, EXTERNAL_ID)
        return house.repeated_erasures, found is not None

    assert house.inside(opened) == (1, False)
    assert house.inside(opened) == (0, False)
    assert house.said("enrollment", "receipt", receipt["receipt_id"])["templates"] == 1
    assert len(house.said("enrollment", "list")) == (1 if scope == "--biometric" else 0)


def test_without_the_ledger_the_backup_would_bring_them_back(house: Installation) -> None:
    """So the test above can fail, and the ledger is what makes it pass."""
    database, backup = house.data / "provider.db", house.data.parent / "backup.db"
    shutil.copy(database, backup)
    house.erase("--person")
    (house.data / "erasures.ledger").unlink()
    for file in house.data.glob("provider.db*"):
        file.unlink()
    shutil.copy(backup, database)
    assert len(house.said("enrollment", "list")) == 1


def test_a_damaged_ledger_refuses_to_start(house: Installation) -> None:
    house.erase("--person")
    (house.data / "erasures.ledger").write_text("not an erasure\n")
    result = house.run("enrollment", "list")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "erasures.ledger, line 1, is not an erasure: restore the file" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (("erase", IDENTIFIER, *HERE), 2, "say what to erase: --biometric or --person"),
        (("erase", IDENTIFIER, "--person", "--yes"), 2, "Missing option '--configuration'"),
        (("erase", "eve@example.com", *HERE, "--person", "--yes"), 1, "identifier: nobody is known by it"),
        (
            ("erase", IDENTIFIER, "--configuration", "?", "--person", "--yes"),
            1,
            "configuration: there is none",
        ),
        (("export", "eve@example.com", *HERE), 1, "identifier: nobody is known by it"),
        (("receipt", "?"), 1, "receipt: there is none with the id ?"),
        (("list", "--configuration", "?"), 1, "configuration: there is none"),
        (("cancel-invitation", "?"), 1, "invitation: there is none with the id ?"),
    ],
)
def test_refusals(house: Installation, arguments: tuple[str, ...], code: int, reason: str) -> None:
    result = house.run("enrollment", *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert reason in result.stderr
    assert len(house.said("enrollment", "list")) == 1


def test_nobody_is_erased_without_a_yes_nor_twice(house: Installation) -> None:
    result = house.run("enrollment", "erase", IDENTIFIER, *HERE, "--biometric", stdin="n\n")
    assert result.exit_code == 1
    assert house.said("enrollment", "list")[0]["enrolled"] == "first_use"
    house.erase("--biometric")
    again = house.run("enrollment", "erase", IDENTIFIER, *HERE, "--biometric", "--yes")
    assert again.exit_code == 1
    assert "no face is enrolled under it" in again.stderr


def test_what_is_held_is_exported_without_the_template(house: Installation) -> None:
    held = json.loads(house.run("enrollment", "export", IDENTIFIER, *HERE).stdout)
    assert (held["identifier"], held["sub"], held["collection"]) == (IDENTIFIER, SUB, "Face check")
    assert held["created_at"] == "2027-01-15T08:00:00Z"
    (template,) = held["templates"]
    assert template == {
        "template_id": "template-of-ada",
        "model_sha256": template["model_sha256"],
        "recipe_id": template["recipe_id"],
        "provenance": "first_use",
        "session_id": "first",
        "created_at": "2027-01-15T08:00:00Z",
        "last_used_at": None,
        "pending_until": None,
    }
    assert held.keys() >= {
        "consents",
        "verification_sessions",
        "sessions",
        "grants",
        "invitations",
        "erasures",
    }


def test_an_invitation_is_listed_and_cancelled(house: Installation) -> None:
    house.inside(lambda house: house.store.add_invitation(make_invitation()))
    link = house.said("enrollment", "invite", "eve@example.com", *HERE)["link"]
    first, second = house.said("enrollment", "invitations", *HERE)
    assert (first["identifier"], first["state"]) == (MASKED, "open")
    assert second["invitation_id"] not in link
    cancelled = house.said("enrollment", "cancel-invitation", first["invitation_id"])
    assert cancelled == {"invitation_id": first["invitation_id"], "cancelled": True}
    assert house.said("enrollment", "invitations") == [second]
    assert house.run("enrollment", "cancel-invitation", first["invitation_id"]).exit_code == 1
    (shown,) = house.said("enrollment", "invitations", "--show-identifiers")
    assert shown["identifier"] == "eve@example.com"


def test_retention_is_shown_and_only_enforced_when_told_to(house: Installation) -> None:
    async def long_ago(house: House) -> None:
        """Ada enrolled in 2027, and the machine's clock is whenever this runs: forty days back it is due."""
        now = house.clock.now() - 40 * 86_400
        connection = house.store._database  # type: ignore[attr-defined]
        await connection.write(lambda c: c.execute("UPDATE templates SET created_at = ?", (now,)))

    house.inside(long_ago)
    assert house.said("enrollment", "retention", "--run") == []
    house.said("configuration", "update", CONFIGURATION_ID, "--retention-unused-days", "30")
    due = [{"configuration_id": CONFIGURATION_ID, "external_id": EXTERNAL_ID}]
    assert house.said("enrollment", "retention") == due
    assert house.said("enrollment", "list")[0]["enrolled"] == "first_use"
    (receipt,) = house.said("enrollment", "retention", "--run")
    assert (receipt["scope"], receipt["sub"]) == ("biometric", SUB)
    assert house.said("enrollment", "list")[0]["enrolled"] is None
    changed = house.said("configuration", "update", CONFIGURATION_ID, "--retention-unused-days", "unset")
    assert changed["retention_unused_days"] is None
    refused = house.run("configuration", "update", CONFIGURATION_ID, "--retention-days", "0")
    assert refused.exit_code == 2
