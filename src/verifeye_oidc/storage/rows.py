"""Frozen dataclasses as JSON and as columns."""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Protocol, TypeVar

from pydantic import TypeAdapter

T = TypeVar("T")
E = TypeVar("E", bound=Enum)


class Row(Protocol):
    """What a database driver gives for one row."""

    def __getitem__(self, column: str, /) -> Any: ...


def encode(value: object) -> bytes:
    """Deterministic JSON: keys and sets in order, enums by their value, bytes in hex."""
    text = json.dumps(value, default=_plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def decode(kind: Callable[..., T], text: str | bytes) -> T:
    """The inverse of `encode` for a dataclass without bytes. A field that is missing takes its default."""
    value: T = _adapter(kind).validate_json(text)
    return value


def columns(value: Any) -> dict[str, Any]:
    """A dataclass's fields by name, enums by their value."""
    return {field.name: _column(getattr(value, field.name)) for field in fields(value)}


def values(kind: Any, row: Row) -> dict[str, Any]:
    """The columns of a row that a dataclass has fields for."""
    return {field.name: row[field.name] for field in fields(kind)}


def maybe(kind: type[E], value: str | None) -> E | None:
    """An enum's member, or None."""
    return None if value is None else kind(value)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _column(value: object) -> object:
    return value.value if isinstance(value, Enum) else value


def _plain(value: Any) -> object:
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"{type(value).__name__} is not stored as JSON")
