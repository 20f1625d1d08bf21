"""Writes ``docs/reference/commands.md`` from the commands themselves, or with ``--check`` compares it."""

from collections.abc import Iterable
from typing import Any

import click

from scripts.generated import main
from verifeye_oidc.admin.cli import main as verifeye_oidc
from verifeye_oidc.admin.commands.options import option_name
from verifeye_oidc.admin.fields import CLIENT_FIELDS, CONFIGURATION_FIELDS, Field
from verifeye_oidc.oidc.model import Client
from verifeye_oidc.verifier.model import Configuration

INTRODUCTION = """\
`verifeye-oidc <command> --help` says the same as this page. Every command reads the settings that `serve`
reads: environment variables `VERIFEYE_OIDC_*`, or the TOML file given by `--config`. What it changes holds at
once in a provider that is running.

Exit code 0: done. 1: refused; one message on standard error names the field, the reason and the way out, and
nothing was changed. 2: the command line could not be understood. Standard output has the answer and nothing
else."""

JSON = """\
Times are UTC seconds, lists keep their order, what is not set is `null`. Fields may be added; none is renamed
or taken away without an entry in the changelog."""


def document() -> str:
    parts = [
        "# Commands",
        "<!-- Made by `make reference` from src/verifeye_oidc/admin/commands. -->",
        INTRODUCTION,
        *_commands(verifeye_oidc, "verifeye-oidc"),
        "## What `--json` says of a client and a configuration",
        JSON,
        "### A client",
        _fields(
            Client,
            CLIENT_FIELDS,
            {"client_id": "Made by us.", "secrets": "How many secrets are live: 0, 1 or 2."},
        ),
        "### A configuration",
        _fields(
            Configuration,
            CONFIGURATION_FIELDS,
            {"configuration_id": "Made by us.", "passed_url": "Where results go.", "failed_url": "Likewise."},
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _commands(group: click.Group, path: str) -> Iterable[str]:
    for name in sorted(group.commands):
        command, full = group.commands[name], f"{path} {name}"
        if isinstance(command, click.Group):
            yield f"## {name}"
            yield _text(command.help)
            yield from _commands(command, full)
        else:
            yield f"### {name}" if path.count(" ") else f"## {name}"
            yield from _command(command, full)


def _command(command: click.Command, path: str) -> Iterable[str]:
    context = click.Context(command, info_name=path)
    yield f"`{' '.join([path, *command.collect_usage_pieces(context)])}`"
    yield _text(command.help)
    options = [option for option in command.params if isinstance(option, click.Option)]
    records = [option.get_help_record(context) for option in options]
    rows = [f"| `{_cell(names)}` | {_cell(text)} |" for names, text in filter(None, records)]
    yield "\n".join(["| Option | |", "|---|---|", *rows])


def _fields(model: Any, fields: Iterable[Field], ours: dict[str, str]) -> str:
    lines = [f"| `{name}` | {text} |" for name, text in ours.items()]
    lines += [
        f"| `{field.name}` | {_cell(field.help)} Set by `{option_name(model, field)}`. |" for field in fields
    ]
    return "\n".join(["| Field | |", "|---|---|", *lines])


def _text(help_text: str | None) -> str:
    paragraphs = (help_text or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    main("docs/reference/commands.md", document)
