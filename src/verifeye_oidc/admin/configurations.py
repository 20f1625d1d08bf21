"""Verification configurations: what an operator can do with them. Each validates, and writes once."""

from dataclasses import replace
from typing import Any

from verifeye_oidc.admin.bindings import check_binding
from verifeye_oidc.admin.fields import CONFIGURATION_FIELDS, check_fields
from verifeye_oidc.admin.refused import Refused
from verifeye_oidc.faces import RECIPE
from verifeye_oidc.faces.recipe import UnmeasuredRate
from verifeye_oidc.ids import Ids
from verifeye_oidc.storage.port import ConfigurationStore, InUse
from verifeye_oidc.verifier.model import Configuration


async def create_configuration(
    store: ConfigurationStore, ids: Ids, *, issuer: str, **values: Any
) -> Configuration:
    """Make a verification configuration whose results go back to this provider.

    Fields left out take their defaults. Raises Refused, which names the field, for a value that cannot be.
    """
    _check(values)
    result_url = f"{issuer}/v1/openid/verify-result"
    configuration = Configuration(
        configuration_id=ids.guid(),
        passed_url=result_url,
        failed_url=result_url,
        signing_key=ids.key(),
        **values,
    )
    await store.add_configuration(configuration)
    return configuration


async def show_configuration(store: ConfigurationStore, configuration_id: str) -> Configuration:
    """Raises Refused when there is none."""
    return _found(await store.configuration(configuration_id), configuration_id)


async def update_configuration(
    store: ConfigurationStore, configuration_id: str, **values: Any
) -> Configuration:
    """Change these fields and no others.

    Raises Refused for a value that cannot be, and for one with which it could not serve one of its clients.
    """
    _check(values)
    updated = await store.update_configuration(
        configuration_id, lambda configuration: replace(configuration, **values), check_binding
    )
    return _found(updated, configuration_id)


async def delete_configuration(store: ConfigurationStore, configuration_id: str) -> None:
    """Delete a configuration. Raises Refused while clients are bound to it or people are enrolled in it."""
    try:
        if not await store.delete_configuration(configuration_id):
            _found(None, configuration_id)
    except InUse as needed:
        if needed.clients:
            raise Refused(
                f"configuration: clients are bound to it ({', '.join(needed.clients)}); give them another "
                "one with `client update --configuration`, or delete them"
            ) from needed
        raise Refused(
            f"configuration: it knows {needed.people} people; `enrollment list` shows them, `enrollment "
            "erase` erases them for good"
        ) from needed


def _check(values: dict[str, Any]) -> None:
    check_fields(CONFIGURATION_FIELDS, values)
    try:
        if "false_match_rate" in values:
            RECIPE.threshold(values["false_match_rate"])
    except UnmeasuredRate as unmeasured:
        raise Refused(f"false_match_rate: {unmeasured}") from unmeasured


def _found(configuration: Configuration | None, configuration_id: str) -> Configuration:
    if configuration is None:
        raise Refused(
            f"configuration: there is none with the id {configuration_id}; "
            "`configuration list` shows those there are"
        )
    return configuration
