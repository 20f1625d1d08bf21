"""What an authorization request must satisfy, one file per check; ``oidc.authorize`` has them in order."""

from collections.abc import Callable, Mapping

from verifeye_oidc.oidc.model import Client

Parameters = Mapping[str, str]
Check = Callable[[Parameters, Client], None]
"""Raises ProtocolError, which goes back to the client by redirect."""
