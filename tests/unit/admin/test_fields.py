"""Every field of a client and of a configuration is a line of its table, or named here as not settable."""

from dataclasses import MISSING, fields
from typing import Any

import click
import pytest

from tests.support.builders import make_client, make_configuration
from verifeye_oidc.admin.commands.client import client as client_commands
from verifeye_oidc.admin.commands.configuration import configuration as configuration_commands
from verifeye_oidc.admin.commands.options import field_options, given_values, option_name
from verifeye_oidc.admin.fields import CLIENT_FIELDS, CONFIGURATION_FIELDS, Field, check_fields
from verifeye_oidc.admin.refused import Refused
from verifeye_oidc.oidc.client_auth import METHODS
from verifeye_oidc.oidc.grants import authorization_code, refresh_token
from verifeye_oidc.oidc.model import Client
from verifeye_oidc.verification.port import EnrolmentPolicy, Verifier
from verifeye_oidc.verifier.model import Configuration

TABLES = [
    (Client, CLIENT_FIELDS, {"client_id", "secret_hashes"}, client_commands),
    (
        Configuration,
        CONFIGURATION_FIELDS,
        {"configuration_id", "passed_url", "failed_url", "signing_key", "previous_signing_key"},
        configuration_commands,
    ),
]


@pytest.mark.parametrize(("model", "table", "ours", "group"), TABLES)
def test_every_field_is_settable_or_ours(
    model: Any, table: tuple[Field, ...], ours: set[str], group: click.Group
) -> None:
    named = [field.name for field in table]
    assert sorted([*named, *ours]) == sorted(field.name for field in fields(model))


@pytest.mark.parametrize(("model", "table", "ours", "group"), TABLES)
def test_every_field_has_its_option_in_create_and_update(
    model: Any, table: tuple[Field, ...], ours: set[str], group: click.Group
) -> None:
    needed = {field.name for field in fields(model) if field.default is MISSING} - ours
    for command, required in (("create", needed), ("update", set())):
        options = {option.name: option for option in group.commands[command].params}
        for field in table:
            option = options[field.name]
            assert option_name(model, field) in option.opts
            assert option.required == (field.name in required)


def test_the_defaults_are_values_that_may_be_set() -> None:
    client, configuration = make_client(), make_configuration()
    check_fields(CLIENT_FIELDS, {field.name: getattr(client, field.name) for field in CLIENT_FIELDS})
    check_fields(
        CONFIGURATION_FIELDS,
        {field.name: getattr(configuration, field.name) for field in CONFIGURATION_FIELDS},
    )


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"name": ""}, "name: 1 to 100"),
        ({"name": "a" * 101}, "name: 1 to 100"),
        ({"name": " Acme"}, "name: 1 to 100"),
        ({"name": "Ac\nme"}, "name: 1 to 100"),
        ({"name": "Ac\u202eme"}, "name: 1 to 100"),
        ({"redirect_uris": ("https://a.example/cb", "https://b.example/#")}, "redirect_uris: 'https://b.ex"),
        ({"post_logout_redirect_uris": ("http://a.example/",)}, "post_logout_redirect_uris: 'http://a.exam"),
        (
            {"token_endpoint_auth_methods": ("client_secret_jws",)},
            "token_endpoint_auth_methods: 'client_secret_",
        ),
        ({"grant_types": ("password",)}, "grant_types: 'password' is not one of authorization_code, "),
        ({"response_types": ("token",)}, "response_types: 'token' is not one of code, id_token"),
        ({"max_verification_seconds": 29}, "max_verification_seconds: 29 is not between 30 and 3600"),
        ({"max_verification_seconds": 3601}, "max_verification_seconds: 3601"),
        ({"id_token_seconds": 0}, "id_token_seconds: 0"),
        ({"access_token_seconds": 86_401}, "access_token_seconds: 86401"),
        ({"refresh_token_seconds": -1}, "refresh_token_seconds: -1"),
        ({"session_seconds": -1}, "session_seconds: -1"),
        ({"session_seconds": 86_401}, "session_seconds: 86401"),
        ({"sector_identifier": "https://app.example.com/"}, "sector_identifier: 'https://app.example.com/'"),
        ({"sector_identifier": "App.example.com"}, "sector_identifier: 'App.example.com'"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_its_name(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refused, match="^" + reason):
        check_fields(CLIENT_FIELDS, values)


def test_what_may_be_chosen_is_what_the_protocol_knows() -> None:
    choices = {field.name: field.choices for field in CLIENT_FIELDS}
    assert choices["token_endpoint_auth_methods"] == METHODS
    assert set(choices["grant_types"]) == {authorization_code.GRANT_TYPE, refresh_token.GRANT_TYPE}


def test_options_arrive_as_the_dataclass_has_them() -> None:
    arguments = {
        "name": None,
        "redirect_uris": ("https://a.example/cb",),
        "native": False,
        "required_verifiers": ("face",),
        "enrolment_policy": "never",
        "post_logout_redirect_uris": ("unset",),
        "sector_identifier": "unset",
        "grant_types": (),
    }
    assert given_values(Client, arguments) == {
        "redirect_uris": ("https://a.example/cb",),
        "native": False,
        "required_verifiers": frozenset({Verifier.FACE}),
        "enrolment_policy": EnrolmentPolicy.NEVER,
        "post_logout_redirect_uris": (),
        "sector_identifier": None,
    }


def test_a_field_of_an_unknown_kind_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        field_options(Client, [Field("no_such_field", "")], creating=True)(lambda: None)
