"""``configuration``: how people are verified."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from verifeye_oidc.admin.commands.options import field_options, given_values
from verifeye_oidc.admin.console import (
    config_option,
    in_house,
    print_record,
    print_table,
    prints_json,
    record_of,
    yes_option,
)
from verifeye_oidc.admin.fields import CONFIGURATION_FIELDS
from verifeye_oidc.verifier.model import Configuration

if TYPE_CHECKING:
    from verifeye_oidc.app import House

COLUMNS = ("configuration_id", "name", "face", "liveness", "enrolment_policy")


@click.group()
def configuration() -> None:
    """How people are verified, and who may enrol. Each configuration has a gallery of its own."""


@configuration.command("create")
@field_options(Configuration, CONFIGURATION_FIELDS, creating=True)
@config_option
@prints_json("the configuration")
def create(config: Path | None, *, as_json: bool, **arguments: Any) -> None:
    """Make a verification configuration."""
    from verifeye_oidc.admin.configurations import create_configuration

    async def use_case(house: "House") -> Configuration:
        values = given_values(Configuration, arguments)
        return await create_configuration(house.store, house.ids, issuer=house.settings.issuer, **values)

    print_record(_record(in_house(config, use_case)), as_json=as_json)


@configuration.command("list")
@config_option
@prints_json("a list of configurations")
def list_(config: Path | None, *, as_json: bool) -> None:
    """Show all configurations, one on a line."""

    async def use_case(house: "House") -> list[Configuration]:
        return list(await house.store.configurations())

    rows = [_record(found) for found in in_house(config, use_case)]
    print_table(
        rows, COLUMNS, as_json=as_json, empty="No configurations yet: `configuration create` makes one."
    )


@configuration.command("show")
@click.argument("configuration_id")
@config_option
@prints_json("the configuration")
def show(configuration_id: str, config: Path | None, *, as_json: bool) -> None:
    """Show one configuration."""
    from verifeye_oidc.admin.configurations import show_configuration

    found = in_house(config, lambda house: show_configuration(house.store, configuration_id))
    print_record(_record(found), as_json=as_json)


@configuration.command("update")
@click.argument("configuration_id")
@field_options(Configuration, CONFIGURATION_FIELDS, creating=False)
@config_option
@prints_json("the configuration as it is now")
def update(configuration_id: str, config: Path | None, *, as_json: bool, **arguments: Any) -> None:
    """Change what is named and nothing else. Its clients must still be served."""
    from verifeye_oidc.admin.configurations import update_configuration

    values = given_values(Configuration, arguments)
    if not values:
        raise click.UsageError("name at least one field to change")
    changed = in_house(config, lambda house: update_configuration(house.store, configuration_id, **values))
    print_record(_record(changed), as_json=as_json)


@configuration.command("delete")
@click.argument("configuration_id")
@yes_option
@config_option
@prints_json("`configuration_id`, `deleted`")
def delete(configuration_id: str, config: Path | None, *, yes: bool, as_json: bool) -> None:
    """Delete a configuration that no client is bound to and nobody is enrolled in."""
    from verifeye_oidc.admin.configurations import delete_configuration

    if not yes:
        click.confirm(f"Delete the configuration {configuration_id}?", abort=True, err=True)
    in_house(config, lambda house: delete_configuration(house.store, configuration_id))
    print_record({"configuration_id": configuration_id, "deleted": True}, as_json=as_json)


def _record(found: Configuration) -> dict[str, Any]:
    return record_of(found, without=["signing_key", "previous_signing_key"])
