"""``enrollment``: who may bind a face to an identifier."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from verifeye_oidc.admin.commands import people
from verifeye_oidc.admin.console import config_option, in_house, print_record, prints_json, utc

if TYPE_CHECKING:
    from verifeye_oidc.admin.invitations import Invited
    from verifeye_oidc.app import House


@click.group()
def enrollment() -> None:
    """Who may bind a face to an identifier, who did, and how they are erased."""


for command in people.COMMANDS:
    enrollment.add_command(command)


@enrollment.command("invite")
@click.argument("identifier")
@click.option("--configuration", "configuration_id", required=True, help="Id of the configuration.")
@click.option("--valid-hours", default=24, show_default=True, type=click.IntRange(1, 24 * 14))
@config_option
@prints_json("`link`, `expires_at`")
def enrollment_invite(
    identifier: str, configuration_id: str, valid_hours: int, config: Path | None, *, as_json: bool
) -> None:
    """Print a one-time link with which IDENTIFIER may enrol a face."""
    from verifeye_oidc.admin import invitations

    async def use_case(house: "House") -> "Invited":
        return await invitations.invite(
            house.store,
            house.ids,
            house.clock,
            configuration_id=configuration_id,
            identifier=identifier,
            valid_seconds=valid_hours * 3600,
            issuer=house.settings.issuer,
        )

    invited = in_house(config, use_case)
    expires_at = invited.expires_at if as_json else utc(invited.expires_at)
    print_record({"link": invited.link, "expires_at": expires_at}, as_json=as_json)
