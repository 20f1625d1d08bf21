"""The Redirect contract under hostile hands: what is signed is exactly what is read, or nothing is."""

import contextlib

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from verifeye_oidc.verification.contract import Direction, QueryRefused, encode, open_query, sign

KEY, OTHER = b"k" * 32, b"o" * 32
CONFIGURATION = "5f0c3a4e-0000-4000-8000-000000000001"

text = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12)
own_name = text.filter(lambda name: name != "" and not name.startswith("re"))
custom = st.lists(st.tuples(own_name, text), max_size=5)
reserved = st.dictionaries(st.sampled_from(["reExternalId", "reNonce", "reExpiration", "reX"]), text)
directions = st.sampled_from(Direction)


def signed(parameters: list[tuple[str, str]], direction: Direction = Direction.IN) -> bytes:
    return sign(KEY, direction, CONFIGURATION, encode(parameters)).encode()


@given(reserved, custom, directions)
def test_what_was_signed_is_read_back(
    reserved: dict[str, str], custom: list[tuple[str, str]], direction: Direction
) -> None:
    raw = signed([*reserved.items(), *custom], direction)
    query = open_query(raw, [OTHER, KEY], direction, CONFIGURATION)
    assert query.reserved == reserved
    assert query.custom == tuple(custom)


@given(reserved, custom, st.data())
def test_any_changed_byte_is_refused(
    reserved: dict[str, str], custom: list[tuple[str, str]], data: st.DataObject
) -> None:
    raw = bytearray(signed([*reserved.items(), *custom]))
    position = data.draw(st.integers(0, len(raw) - 1))
    raw[position] ^= data.draw(st.integers(1, 255))
    with pytest.raises(QueryRefused):
        open_query(bytes(raw), [KEY], Direction.IN, CONFIGURATION)


@given(custom, st.data())
def test_any_removed_or_inserted_byte_is_refused(custom: list[tuple[str, str]], data: st.DataObject) -> None:
    raw = signed(custom)
    position = data.draw(st.integers(0, len(raw) - 1))
    inserted = data.draw(st.binary(max_size=1))
    changed = raw[:position] + inserted + raw[position + (0 if inserted else 1) :]
    assume(changed != raw)
    with pytest.raises(QueryRefused):
        open_query(changed, [KEY], Direction.IN, CONFIGURATION)


@given(custom, st.text(max_size=40))
def test_it_cannot_be_moved_to_another_configuration(custom: list[tuple[str, str]], other: str) -> None:
    assume(other != CONFIGURATION and other.isascii())
    with pytest.raises(QueryRefused, match="not valid for this query"):
        open_query(signed(custom), [KEY], Direction.IN, other)


@given(custom)
def test_a_result_cannot_be_played_back_as_an_input(custom: list[tuple[str, str]]) -> None:
    with pytest.raises(QueryRefused, match="not valid for this query"):
        open_query(signed(custom, Direction.OUT), [KEY], Direction.IN, CONFIGURATION)


@given(st.binary(max_size=200))
def test_bytes_that_nobody_signed_are_refused(raw: bytes) -> None:
    with pytest.raises(QueryRefused):
        open_query(raw, [KEY], Direction.IN, CONFIGURATION)


@given(st.binary(max_size=120))
def test_whatever_was_signed_is_parsed_or_refused(raw: bytes) -> None:
    """The holder of the key may sign nonsense: it is read or refused, and never any other error."""
    query = raw.decode("latin-1").encode("ascii", "ignore").decode()
    with contextlib.suppress(QueryRefused):
        open_query(sign(KEY, Direction.IN, CONFIGURATION, query).encode(), [KEY], Direction.IN, CONFIGURATION)


@pytest.mark.parametrize(
    "query",
    [
        "reNonce=a&reNonce=b",
        "reNonce=a&re%4eonce=a",
        "reSignature=" + "0" * 64,
        "a=1&re%53ignature=x&b=2",
    ],
)
def test_a_doubled_reserved_parameter_is_refused_although_signed(query: str) -> None:
    with pytest.raises(QueryRefused, match="more than once"):
        open_query(sign(KEY, Direction.IN, CONFIGURATION, query).encode(), [KEY], Direction.IN, CONFIGURATION)


def test_the_signature_must_be_last_and_complete() -> None:
    raw = signed([("a", "1")])
    for changed in (raw + b"&b=2", raw + b"&", raw[:-1], raw.upper(), b"", b"a=1", b"a=1&reSignature="):
        with pytest.raises(QueryRefused):
            open_query(changed, [KEY], Direction.IN, CONFIGURATION)


def test_a_flood_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(QueryRefused, match="longer"):
        open_query(signed([("a", "1" * 9000)]), [KEY], Direction.IN, CONFIGURATION)
    with pytest.raises(QueryRefused, match="more than 64"):
        open_query(signed([("a", "1")] * 65), [KEY], Direction.IN, CONFIGURATION)


def test_without_a_key_nothing_is_valid() -> None:
    with pytest.raises(QueryRefused):
        open_query(signed([]), [], Direction.IN, CONFIGURATION)
