from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifeye_oidc.oidc.errors import ProtocolError
from verifeye_oidc.oidc.params import MAX_BYTES, MAX_PARAMETERS, parse_parameters

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
names = texts.filter(bool)


@given(st.binary(max_size=300) | st.text("a=&%+;0fF\0", max_size=60).map(str.encode))
def test_any_bytes_give_parameters_or_one_kind_of_refusal(raw: bytes) -> None:
    try:
        parameters = parse_parameters(raw)
    except ProtocolError as error:
        refused = error
    else:
        assert all(parameters.values())
        return
    assert refused.error == "invalid_request"
    assert refused.description.isascii()


@given(st.dictionaries(names, names, max_size=MAX_PARAMETERS))
def test_what_was_encoded_comes_back(parameters: dict[str, str]) -> None:
    for quoting in (quote, quote_plus):
        encoded = urlencode(parameters, quote_via=quoting).encode()
        if len(encoded) <= MAX_BYTES:
            assert parse_parameters(encoded) == parameters


@given(st.dictionaries(names, texts, min_size=1, max_size=8), texts, st.data())
def test_no_name_appears_twice_whatever_its_values(
    parameters: dict[str, str], value: str, data: st.DataObject
) -> None:
    doubled = data.draw(st.sampled_from(sorted(parameters)))
    pairs = data.draw(st.permutations([*parameters.items(), (doubled, value)]))
    with pytest.raises(ProtocolError):
        parse_parameters(urlencode(pairs).encode())


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"state=" + b"x" * MAX_BYTES, "larger"),
        (b"&".join(b"p%d=1" % n for n in range(MAX_PARAMETERS + 1)), "more than"),
        (b"state=%ff", "UTF-8"),
        (b"\xff=1", "UTF-8"),
        (b"state=%ed%a0%80", "UTF-8"),  # half a surrogate
        (b"state=a%00b", "NUL"),
        (b"%00=1", "NUL"),
        (b"state=1&state=1", "more than once"),
        (b"state=1&%73tate=1", "more than once"),
        (b"state=&state=1", "more than once"),
        (b"state&state=1", "more than once"),
    ],
)
def test_refused(raw: bytes, reason: str) -> None:
    with pytest.raises(ProtocolError, match=reason):
        parse_parameters(raw)


@pytest.mark.parametrize(
    ("raw", "parameters"),
    [
        (b"", {}),
        (b"&&=&", {}),
        (b"state=&scope", {}),  # without a value: omitted (RFC 6749, 3.1)
        (b"a=1&b=2;c=3", {"a": "1", "b": "2;c=3"}),
        (b"a=b=c", {"a": "b=c"}),
        (b"a=1+2%2B3", {"a": "1 2+3"}),
        (b"a=%zz", {"a": "%zz"}),
        (b"A=1&a=2", {"A": "1", "a": "2"}),
    ],
)
def test_accepted(raw: bytes, parameters: dict[str, str]) -> None:
    assert parse_parameters(raw) == parameters
