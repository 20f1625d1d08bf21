"""``client``: the relying parties."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from verifeye_oidc.admin.commands.options import field_options, given_values
from verifeye_oidc.admin.console import (
    config_option,
    in_house,
    print_json,
    print_record,
    print_table,
    prints_json,
    record_of,
    yes_option,
)
from verifeye_oidc.admin.fields import CLIENT_FIELDS
from verifeye_oidc.oidc.model import Client

if TYPE_CHECKING:
    from verifeye_oidc.app import House

COLUMNS = ("client_id", "name", "configuration_id", "redirect_uris")


@click.group()
def client() -> None:
    """The applications that people sign in to (relying parties), and the policy of each."""


@client.command("create")
@field_options(Client, CLIENT_FIELDS, creating=True)
@config_option
@prints_json("the client, `issuer` and, unless it is public, `client_secret`")
def create(config: Path | None, *, as_json: bool, **arguments: Any) -> None:
    """Register an application. Its secret is shown once, here."""
    from verifeye_oidc.admin.clients import create_client

    async def use_case(house: "House") -> tuple[Client, str, str]:
        values = given_values(Client, arguments)
        created, secret = await create_client(house.store, house.ids, **values)
        return created, secret, house.settings.issuer

    created, secret, issuer = in_house(config, use_case)
    secrets = {"client_secret": secret} if secret else {}
    if as_json:
        print_json({"issuer": issuer} | secrets | _record(created))
        return
    print_record(
        {
            "issuer": issuer,
            "discovery": f"{issuer}/.well-known/openid-configuration",
            "client_id": created.client_id,
        }
        | secrets,
        as_json=False,
    )
    if secret:
        click.echo("\nThe secret is shown this once. Put it where the application keeps its secrets.")


@client.command("list")
@config_option
@prints_json("a list of clients")
def list_(config: Path | None, *, as_json: bool) -> None:
    """Show all applications, one on a line."""

    async def use_case(house: "House") -> list[Client]:
        return list(await house.store.clients())

    rows = [_record(found) for found in in_house(config, use_case)]
    print_table(rows, COLUMNS, as_json=as_json, empty="No clients yet: `client create` registers one.")


@client.command("show")
@click.argument("client_id")
@config_option
@prints_json("the client")
def show(client_id: str, config: Path | None, *, as_json: bool) -> None:
    """Show one application's policy."""
    from verifeye_oidc.admin.clients import show_client

    found = in_house(config, lambda house: show_client(house.store, client_id))
    print_record(_record(found), as_json=as_json)


@client.command("update")
@click.argument("client_id")
@field_options(Client, CLIENT_FIELDS, creating=False)
@config_option
@prints_json("the client as it is now")
def update(client_id: str, config: Path | None, *, as_json: bool, **arguments: Any) -> None:
    """Change what is named and nothing else. A list is replaced; `unset` empties it."""
    from verifeye_oidc.admin.clients import update_client

    values = given_values(Client, arguments)
    if not values:
        raise click.UsageError("name at least one field to change")
    changed = in_house(config, lambda house: update_client(house.store, client_id, **values))
    print_record(_record(changed), as_json=as_json)


@client.command("rotate-secret")
@click.argument("client_id")
@click.option("--drop-previous", is_flag=True, help="End the older of two live secrets; make no new one.")
@click.option("--undo", is_flag=True, help="End the newer of two live secrets; make no new one.")
@config_option
@prints_json("`client_id`, `secrets` (how many are live), and the new `client_secret`")
def rotate(client_id: str, config: Path | None, *, drop_previous: bool, undo: bool, as_json: bool) -> None:
    """Make a new secret, shown once, beside the one in use, which stays valid.

    Without a gap: rotate; roll the new secret out; then end the old one with --drop-previous. If the new one
    was lost before it was rolled out, --undo ends it. Rotating again ends the oldest of three.
    """
    from verifeye_oidc.admin import clients

    if drop_previous and undo:
        raise click.UsageError("--drop-previous and --undo exclude each other: one secret has to stay")
    if drop_previous or undo:
        end = clients.drop_previous_secret if drop_previous else clients.undo_rotation
        kept = in_house(config, lambda house: end(house.store, client_id))
        print_record(_secrets(kept), as_json=as_json)
        return
    rotated, secret = in_house(config, lambda house: clients.rotate_secret(house.store, house.ids, client_id))
    print_record({"client_secret": secret} | _secrets(rotated), as_json=as_json)
    if len(rotated.secret_hashes) > 1 and not as_json:
        click.echo(
            "\nThe secret before it stays valid. When the new one is in use everywhere, end the old one:"
        )
        click.echo(f"  verifeye-oidc client rotate-secret {client_id} --drop-previous")


@client.command("delete")
@click.argument("client_id")
@yes_option
@config_option
@prints_json("`client_id`, `deleted`")
def delete(client_id: str, config: Path | None, *, yes: bool, as_json: bool) -> None:
    """Delete an application. Its running sign-ins, its codes and its tokens end at once."""
    from verifeye_oidc.admin.clients import delete_client

    if not yes:
        click.confirm(f"Delete the client {client_id} and end all its tokens?", abort=True, err=True)
    in_house(config, lambda house: delete_client(house.store, client_id))
    print_record({"client_id": client_id, "deleted": True}, as_json=as_json)


def _record(found: Client) -> dict[str, Any]:
    return record_of(found, without=["secret_hashes"], secrets=len(found.secret_hashes))


def _secrets(found: Client) -> dict[str, Any]:
    return {"client_id": found.client_id, "secrets": len(found.secret_hashes)}
