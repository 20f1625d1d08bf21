"""``demo``: a provider and a relying party on this machine."""

import logging
from pathlib import Path

import click

from verifeye_oidc.admin.commands.models import install_models
from verifeye_oidc.admin.console import run

FACE_MODES = ["MatchVerification", "UniqueMatchVerification"]
LIVENESS_MODES = ["Disabled", "Verification"]


@click.command()
@click.option("--port", default=8080, show_default=True, help="Port of the provider, on localhost.")
@click.option("--acme-port", type=int, help="Port of Acme, on 127.0.0.1.  [default: the provider's + 1]")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where keys, database and faces are kept.")
@click.option("--liveness", type=click.Choice(LIVENESS_MODES), default="Verification", show_default=True)
@click.option("--face", type=click.Choice(FACE_MODES), default="MatchVerification", show_default=True)
@click.option("--sandbox", is_flag=True, help="Choose each outcome on a page: no camera, no face models.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
def demo(
    port: int,
    acme_port: int | None,
    data_dir: Path | None,
    liveness: str,
    face: str,
    *,
    sandbox: bool,
    no_browser: bool,
) -> None:
    """Sign in with your face in a minute: a provider and a relying party on this machine."""
    from verifeye_oidc.demo.run import DemoOptions, run_demo
    from verifeye_oidc.observability.logging import configure_logging
    from verifeye_oidc.settings import data_home
    from verifeye_oidc.verification.port import FaceMode, LivenessMode

    configure_logging(readable=True, level=logging.WARNING)
    if not sandbox:
        install_models(None, None)
    options = DemoOptions(
        port=port,
        acme_port=acme_port or port + 1,
        data_dir=data_dir or data_home() / ("demo-sandbox" if sandbox else "demo"),
        liveness=LivenessMode(liveness),
        face=FaceMode(face),
        sandbox=sandbox,
        browser=not no_browser,
    )
    run(run_demo(options, click.echo))
