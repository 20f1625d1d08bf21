"""``enrollment``: who is enrolled, what is held on them, erasing them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from verifeye_oidc.admin.console import (
    config_option,
    in_house,
    print_json,
    print_record,
    print_table,
    prints_json,
    utc,
    yes_option,
)
from verifeye_oidc.storage.port_people import ErasureScope

configuration_option = click.option("--configuration", "configuration_id", help="Only of this configuration.")
needed_configuration = click.option(
    "--configuration", "configuration_id", required=True, help="Id of the configuration."
)
identifiers_option = click.option(
    "--show-identifiers", is_flag=True, help="Show identifiers in full; otherwise they are masked."
)


@click.command("list")
@configuration_option
@identifiers_option
@config_option
@prints_json("a list of people, with times in UTC epoch seconds")
def list_(
    configuration_id: str | None, config: Path | None, *, show_identifiers: bool, as_json: bool
) -> None:
    """Show who is known, and how their faces were enrolled."""
    from verifeye_oidc.admin.people import list_people

    people = in_house(
        config, lambda house: list_people(house.store, configuration_id, show_identifiers=show_identifiers)
    )
    columns = ("identifier", "sub", "enrolled", "enrolled_at", "last_used_at", "configuration_id")
    rows = people if as_json else [_readable(person) for person in people]
    print_table(rows, columns, as_json=as_json, empty="Nobody yet.")


@click.command("erase")
@click.argument("identifier")
@needed_configuration
@click.option("--biometric", "scope", flag_value="biometric", help="The face; they may enrol again.")
@click.option("--person", "scope", flag_value="person", help="The person, and all that leads to them.")
@yes_option
@config_option
@prints_json("the receipt")
def erase(
    identifier: str,
    configuration_id: str,
    scope: str | None,
    config: Path | None,
    *,
    yes: bool,
    as_json: bool,
) -> None:
    """Erase the face of IDENTIFIER, or the person, for good, and print the receipt.

    The receipt is given once no running process holds the face any more. It says until when your backups may.
    """
    from verifeye_oidc.admin import people

    if scope is None:
        raise click.UsageError("say what to erase: --biometric or --person")
    if not yes:
        what = "the face of" if scope == "biometric" else "everything that leads to"
        click.confirm(f"Erase {what} {identifier} for good?", abort=True, err=True)
    receipt = in_house(
        config,
        lambda house: people.erase(
            house.store,
            house.eraser,
            configuration_id=configuration_id,
            identifier=identifier,
            scope=ErasureScope(scope),
        ),
    )
    _print(people.receipt_record(receipt), as_json=as_json)


@click.command("receipt")
@click.argument("receipt_id")
@config_option
@prints_json("the receipt")
def receipt(receipt_id: str, config: Path | None, *, as_json: bool) -> None:
    """Print the receipt of an erasure again, or at last when something was in its way."""
    from verifeye_oidc.admin import people

    found = in_house(config, lambda house: people.receipt_of(house.eraser, receipt_id))
    _print(people.receipt_record(found), as_json=as_json)


@click.command("export")
@click.argument("identifier")
@needed_configuration
@config_option
@click.option("--json", is_flag=True, expose_value=False, help="It is JSON always.")
def export(identifier: str, configuration_id: str, config: Path | None) -> None:
    """Print, as JSON, all that is held on IDENTIFIER; of the template only when and how it was made."""
    from verifeye_oidc.admin import people

    print_json(
        in_house(
            config,
            lambda house: people.export(
                house.store, house.clock, configuration_id=configuration_id, identifier=identifier
            ),
        )
    )


@click.command("retention")
@click.option("--run", is_flag=True, help="Erase them; otherwise they are shown.")
@config_option
@prints_json("a list of whose face is due, with --run the receipts")
def retention(config: Path | None, *, run: bool, as_json: bool) -> None:
    """Show whose face was kept for as long as its configuration allows. The server erases them by itself."""
    from verifeye_oidc.admin.people import enforce_retention

    found = in_house(config, lambda house: enforce_retention(house.store, house.eraser, house.clock, run=run))
    columns = ("receipt_id", "sub", "configuration_id") if run else ("external_id", "configuration_id")
    print_table(found, columns, as_json=as_json, empty="No face is due.")


@click.command("invitations")
@configuration_option
@identifiers_option
@config_option
@prints_json("a list of invitations, with times in UTC epoch seconds")
def invitations(
    configuration_id: str | None, config: Path | None, *, show_identifiers: bool, as_json: bool
) -> None:
    """Show who was invited, and which links could still be used."""
    from verifeye_oidc.admin.people import list_invitations

    found = in_house(
        config,
        lambda house: list_invitations(
            house.store, house.clock, configuration_id, show_identifiers=show_identifiers
        ),
    )
    columns = ("invitation_id", "identifier", "state", "expires_at", "configuration_id")
    rows = found if as_json else [_readable(invitation) for invitation in found]
    print_table(rows, columns, as_json=as_json, empty="No invitations.")


@click.command("cancel-invitation")
@click.argument("invitation_id")
@config_option
@prints_json("`invitation_id`, `cancelled`")
def cancel_invitation(invitation_id: str, config: Path | None, *, as_json: bool) -> None:
    """Let the link of an invitation enrol nobody any more."""
    from verifeye_oidc.admin.people import cancel_invitation

    in_house(config, lambda house: cancel_invitation(house.store, invitation_id))
    print_record({"invitation_id": invitation_id, "cancelled": True}, as_json=as_json)


COMMANDS: tuple[click.Command, ...] = (
    list_,
    erase,
    receipt,
    export,
    retention,
    invitations,
    cancel_invitation,
)


def _print(record: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(record)
        return
    ended = [f"{count} {table}" for table, count in record["ended"].items()]
    print_record(_readable({**record, "ended": ended}), as_json=False)
    click.echo(
        f"\nBackups made before the erasure hold sealed copies until {utc(record['backups_gone_by'])}. "
        "Restoring one brings nobody back while the erasure ledger is kept."
    )


def _readable(record: Mapping[str, Any]) -> dict[str, Any]:
    """Times as text."""
    return {
        name: utc(value) if isinstance(value, int) and name.endswith(("_at", "_by")) else value
        for name, value in record.items()
    }
