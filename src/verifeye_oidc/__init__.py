"""An OpenID Provider whose way of authenticating a person is their face."""

from importlib.metadata import version

__version__ = version("verifeye-oidc")
