"""Command line options made from `admin.fields` and the types of the dataclass that the fields belong to."""

from collections.abc import Callable, Iterable
from dataclasses import MISSING, dataclass
from dataclasses import fields as dataclass_fields
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import click

from verifeye_oidc.admin.fields import Field

F = TypeVar("F", bound=Callable[..., Any])
UNSET = "unset"
"""What empties a list, and what takes a value back that may be missing."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """What an annotation says: ``frozenset[Verifier]`` is many of `Verifier`, ``X | None`` an optional X."""

    base: type
    many: type | None
    optional: bool


class _IntOrUnset(click.IntRange):
    """A whole number, or the word that takes it back."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return value if value == UNSET else super().convert(value, param, ctx)


def field_options(model: type, fields: Iterable[Field], *, creating: bool) -> Callable[[F], F]:
    """Decorate a command with an option for each field, named after it. What is not given arrives as None.

    When creating, fields without a default are required; when updating, none is.
    """

    def decorate(command: F) -> F:
        for field in reversed(tuple(fields)):
            command = _option(model, field, creating=creating)(command)
        return command

    return decorate


def given_values(model: type, arguments: dict[str, Any]) -> dict[str, Any]:
    """The values that were given, as the dataclass has them."""
    return {
        name: _value(_kind(model, name), argument)
        for name, argument in arguments.items()
        if argument not in (None, ())
    }


def option_name(model: type, field: Field) -> str:
    """``redirect_uris`` is given by ``--redirect-uri``, once for each."""
    name = field.option or field.name
    if _kind(model, field.name).many:
        name = name.removesuffix("s")
    return "--" + name.replace("_", "-")


def _option(model: type, field: Field, *, creating: bool) -> Callable[[F], F]:
    kind, default = _kind(model, field.name), _default(model, field.name)
    name, text = option_name(model, field), field.help
    if creating and default is not MISSING and default is not None:
        text += f"  [default: {_shown(default)}]"
    if kind.base is bool:
        return click.option(f"{name}/--no-{name[2:]}", field.name, default=None, help=text)
    return click.option(
        name,
        field.name,
        type=_type(kind, field),
        multiple=kind.many is not None,
        required=creating and default is MISSING,
        help=text + ("  Repeatable." if kind.many else ""),
    )


def _type(kind: _Kind, field: Field) -> "click.ParamType[Any]":
    choices = [*kind.base] if issubclass(kind.base, StrEnum) else [*field.choices]
    if choices:
        return click.Choice([*map(str, choices), *([UNSET] if kind.optional else [])])
    if kind.base is int:
        whole = _IntOrUnset if kind.optional else click.IntRange
        return whole(*(field.between or (None, None)))
    return {float: click.FLOAT, str: click.STRING}[kind.base]


def _value(kind: _Kind, argument: Any) -> Any:
    if kind.many:
        return kind.many() if argument == (UNSET,) else kind.many(map(kind.base, argument))
    return None if kind.optional and argument == UNSET else kind.base(argument)


def _shown(default: Any) -> str:
    if isinstance(default, bool):
        return "on" if default else "off"
    if isinstance(default, (tuple, frozenset)):
        return ", ".join(sorted(default)) or "none"
    return str(default)


def _default(model: type, name: str) -> Any:
    """MISSING for a field that has to be given."""
    return next(field.default for field in dataclass_fields(model) if field.name == name)


def _kind(model: type, name: str) -> _Kind:
    hint: Any = get_type_hints(model)[name]
    optional = get_origin(hint) in (Union, UnionType)
    if optional:
        (hint,) = (part for part in get_args(hint) if part is not NoneType)
    many = get_origin(hint)
    return _Kind(get_args(hint)[0] if many else hint, many, optional)
