"""What every command shares: the settings, running a use case, printing what came of it."""

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from verifeye_oidc.app import House
    from verifeye_oidc.settings import Settings

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
Record = Mapping[str, Any]

config_option = click.option(
    "--config", type=click.Path(path_type=Path), help="A TOML file with the settings."
)
yes_option = click.option("--yes", is_flag=True, help="Do not ask whether you are sure.")


def prints_json(what: str) -> Callable[[F], F]:
    """The option ``--json`` of a command, which says what is printed. Fields may be added, never renamed."""
    return click.option("--json", "as_json", is_flag=True, help=f"Print JSON: {what}.")


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
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(use_case)
    except (Refused, SettingsRefused, Conflict, WrongDatabase) as refused:
        raise click.ClickException(str(refused)) from refused
    except OSError as failed:
        if failed.filename is None:
            raise
        raise click.ClickException(f"{failed.filename}: {failed.strerror}") from failed


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where there is one: a server handed to a running loop cannot choose it any more."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def in_house(config: Path | None, use_case: Callable[["House"], Coroutine[Any, Any, T]]) -> T:
    """Run a use case in the installation that the settings name."""
    from verifeye_oidc.app import open_house
    from verifeye_oidc.observability.logging import configure_logging

    configure_logging(readable=True, level=logging.WARNING)
    settings = settings_of(config)

    async def opened() -> T:
        async with open_house(settings) as house:
            return await use_case(house)

    return run(opened())


def record_of(value: Any, *, without: Sequence[str] = (), **more: object) -> dict[str, Any]:
    """A dataclass as a record to print: without what is secret, sets in order, and what else to say."""
    fields = {name: _plain(field) for name, field in asdict(value).items() if name not in without}
    return fields | more


def print_json(value: object) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_record(record: Record, *, as_json: bool) -> None:
    """A field on each line, aligned; each value of a list on a line of its own."""
    if as_json:
        print_json(record)
        return
    width = max(map(len, record))
    for name, value in record.items():
        for number, line in enumerate(_lines(value)):
            click.echo(f"{name if number == 0 else '':<{width}}  {line}")


def print_table(rows: Sequence[Record], columns: Sequence[str], *, as_json: bool, empty: str) -> None:
    """A row on each line, the columns aligned; as JSON, everything that the rows have."""
    if as_json:
        print_json(rows)
        return
    if not rows:
        click.echo(empty)
        return
    table = [[name.upper().replace("_", " ") for name in columns]]
    table += [[_cell(row[name]) for name in columns] for row in rows]
    widths = [max(map(len, cells)) for cells in zip(*table, strict=True)]
    for cells in table:
        line = "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
        click.echo(line.rstrip())


def utc(seconds: int) -> str:
    """``2026-11-23 05:37 UTC``."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _cell(value: object) -> str:
    first, *more = _lines(value)
    return f"{first} (+{len(more)})" if more else first


def _lines(value: object) -> list[str]:
    if isinstance(value, list):
        return [line for one in value for line in _lines(one)] or ["-"]
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    return ["-" if value is None else str(value)]


def _plain(value: object) -> object:
    if isinstance(value, (frozenset, set)):
        return sorted(value)
    return list(value) if isinstance(value, tuple) else value
