"""``keys``: what tokens are signed with, and what data at rest is sealed under."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from verifeye_oidc.admin.console import config_option, in_house, print_record, print_table, prints_json, utc

if TYPE_CHECKING:
    from verifeye_oidc.app import House
    from verifeye_oidc.storage.port import StoredKey


@click.group()
def keys() -> None:
    """The keys that sign tokens, and the master key that seals what is at rest."""


@keys.command("list")
@config_option
@prints_json("a list of `kid`, `alg`, `created_at`")
def list_(config: Path | None, *, as_json: bool) -> None:
    """Show the keys that sign tokens, oldest first. Nothing of them but their names."""

    async def use_case(house: "House") -> list["StoredKey"]:
        return list(await house.store.signing_keys())

    rows = [
        {"kid": key.kid, "alg": key.alg, "created_at": key.created_at if as_json else utc(key.created_at)}
        for key in in_house(config, use_case)
    ]
    print_table(
        rows, ("kid", "alg", "created_at"), as_json=as_json, empty="None yet: `serve` makes the first."
    )


@keys.command("create-master")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--sandbox", is_flag=True, help="For an installation with verification = sandbox.")
@prints_json("`file`, `key_id`")
def create_master(file: Path, *, sandbox: bool, as_json: bool) -> None:
    """Make a new master key FILE, for a new installation.

    Everything at rest is sealed under it: keep a copy in a safe place apart from the database's backups.
    """
    from verifeye_oidc.ids import RandomIds
    from verifeye_oidc.keys.vault import create_master_key

    try:
        made = create_master_key(file, RandomIds(), sandbox=sandbox)
    except FileExistsError:
        raise click.ClickException(
            f"{file} is there already and stays as it is: what was sealed under it opens under nothing else"
        ) from None
    except OSError as failed:
        raise click.ClickException(f"{file} cannot be written: {failed.strerror}") from failed
    print_record({"file": str(file), "key_id": made.root.key_id}, as_json=as_json)
