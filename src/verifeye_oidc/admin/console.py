"""What every command shares: the settings, running a use case, printing what came of it."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from verifeye_oidc.app import House
    from verifeye_oidc.settings import Settings

T = TypeVar("T")

config_option = click.option(
    "--config", type=click.Path(path_type=Path), help="A TOML file with the settings."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def settings_of(config: Path | None) -> "Settings":
    """The installation's settings; what is wrong with them is one message."""
    from verifeye_oidc.settings import SettingsRefused, load_settings

    try:
        return load_settings(config)
    except SettingsRefused as refused:
        raise click.ClickException(f"The settings cannot work.\n{refused}") from refused


def run(use_case: Coroutine[Any, Any, T]) -> T:
    """Run a use case; what the operator can mend is one message, without a traceback."""
    from verifeye_oidc.admin.refused import Refused
    from verifeye_oidc.settings import SettingsRefused
    from verifeye_oidc.storage.port import Conflict, WrongDatabase

    try:
        return asyncio.run(use_case)
    except (Refused, SettingsRefused, Conflict, WrongDatabase) as refused:
        raise click.ClickException(str(refused)) from refused


def in_house(config: Path | None, use_case: Callable[["House"], Coroutine[Any, Any, T]]) -> T:
    """Run a use case in the installation that the settings name."""
    from verifeye_oidc.app import open_house

    settings = settings_of(config)

    async def opened() -> T:
        async with open_house(settings) as house:
            return await use_case(house)

    return run(opened())


def print_fields(fields: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(fields))
        return
    for name, value in fields.items():
        click.echo(f"{name}: {value}")
