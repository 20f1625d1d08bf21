"""``serve``: the provider itself."""

from pathlib import Path

import click

from verifeye_oidc.admin.console import config_option, run, settings_of


@click.command()
@config_option
def serve(config: Path | None) -> None:
    """Run the provider, as the settings say."""
    from verifeye_oidc.app import serve_house
    from verifeye_oidc.observability.logging import configure_logging

    configure_logging()
    run(serve_house(settings_of(config)))
