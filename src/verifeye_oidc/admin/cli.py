"""The command ``verifeye-oidc``."""

import click

from verifeye_oidc.admin.commands.client import client
from verifeye_oidc.admin.commands.configuration import configuration
from verifeye_oidc.admin.commands.demo import demo
from verifeye_oidc.admin.commands.enrollment import enrollment
from verifeye_oidc.admin.commands.keys import keys
from verifeye_oidc.admin.commands.models import models
from verifeye_oidc.admin.commands.serve import serve


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="verifeye-oidc")
def main() -> None:
    """An OpenID Provider whose way of authenticating a person is their face."""


for command in (demo, serve, client, configuration, enrollment, keys, models):
    main.add_command(command)
