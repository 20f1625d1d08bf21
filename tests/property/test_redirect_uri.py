from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import make_client
from verifeye_oidc.oidc.checks.redirect_uri import is_registered, proven_redirect_uri
from verifeye_oidc.oidc.errors import ProtocolError
from verifeye_oidc.oidc.responses import AuthorizationResponse

uris = st.builds(
    lambda scheme, host, path, query: f"{scheme}://{host}/{path}{query}",
    st.sampled_from(["https", "http", "HTTPS", "com.example.app"]),
    st.sampled_from(["rp.example", "RP.example", "rp.example.", "rp.example:443", "xn--rp-cka.example"]),
    st.text("abAB/.%2Ff~", max_size=8),
    st.sampled_from(["", "?", "?a=1", "?a=%31&b", "?a=1&"]),
)


loopbacks = st.builds(
    lambda host, port, rest: f"http://{host}{port}{rest}",
    st.sampled_from(["127.0.0.1", "[::1]", "localhost", "127.0.0.2", "0.0.0.0", "127.1", "[::]", "[0:0::1]"]),  # noqa: S104
    st.sampled_from(["", ":1", ":80", ":49152", ":65535"]),
    st.sampled_from(["", "/", "/cb", "/cb?a=1", "?a=1", "/CB", "/cb/"]),
)


@given(
    st.lists(uris | loopbacks | st.text(max_size=20), max_size=3),
    uris | loopbacks | st.text(max_size=20),
)
def test_registered_means_equal(registered: list[str], presented: str) -> None:
    client = make_client(redirect_uris=tuple(registered))
    assert is_registered(presented, client) == any(presented == uri for uri in registered)


@given(st.lists(uris, max_size=3), uris | loopbacks | st.text(max_size=20))
def test_being_native_changes_nothing_off_the_loopback(registered: list[str], presented: str) -> None:
    client = make_client(redirect_uris=tuple(registered), native=True)
    assert is_registered(presented, client) == any(presented == uri for uri in registered)


@given(
    st.sampled_from(["127.0.0.1", "[::1]"]),
    st.none() | st.integers(1, 65535),
    st.none() | st.integers(1, 65535),
    st.sampled_from(["", "/", "/cb", "/cb?a=1", "?a=1"]),
)
def test_a_native_client_has_every_port_of_its_loopback_address(
    host: str, registered: int | None, presented: int | None, rest: str
) -> None:
    client = make_client(redirect_uris=(_loopback(host, registered, rest),), native=True)
    assert is_registered(_loopback(host, presented, rest), client)


@pytest.mark.parametrize(
    "presented",
    [
        "http://localhost:5000/cb",
        "http://127.0.0.2:5000/cb",
        "http://[::1]:5000/cb",
        "https://127.0.0.1:5000/cb",
        "HTTP://127.0.0.1:5000/cb",
        "http://127.1:5000/cb",
        "http://2130706433:5000/cb",
        "http://127.0.0.1.evil.example:5000/cb",
        "http://127.0.0.1:5000@evil.example/cb",
        "http://127.0.0.1@evil.example/cb",
        "http://evil@127.0.0.1:5000/cb",
        "http://127.0.0.1\\@evil.example/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:05000/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:\uff15000/cb",
        "http://127.0.0.1:5000cb",
        "http://127.0.0.1:5000/cb/",
        "http://127.0.0.1:5000/CB",
        "http://127.0.0.1:5000/cb?x",
        "http://127.0.0.1:5000/cb#",
        "http://127.0.0.1:5000/%63b",
        "http://127.0.0.1:5000/x/../cb",
        "http://127.0.0.1:5000/cb\n",
        "http://127.0.0.1:5000",
        " http://127.0.0.1:5000/cb",
    ],
)
def test_nothing_but_the_port_is_free(presented: str) -> None:
    native = make_client(redirect_uris=("http://127.0.0.1/cb",), native=True)
    assert not is_registered(presented, native)
    assert is_registered("http://127.0.0.1:5000/cb", native)
    assert not is_registered("http://127.0.0.1:5000/cb", make_client(redirect_uris=("http://127.0.0.1/cb",)))


def _loopback(host: str, port: int | None, rest: str) -> str:
    return f"http://{host}{'' if port is None else f':{port}'}{rest}"


@given(uris)
def test_a_registered_one_is_proven(uri: str) -> None:
    assert proven_redirect_uri({"redirect_uri": uri}, make_client(redirect_uris=(uri,))) == uri


@given(uris, st.data())
def test_one_character_more_less_or_other_is_refused(uri: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(uri) - 1))
    character = data.draw(st.characters(codec="utf-8"))
    change: Callable[[], str] = data.draw(
        st.sampled_from(
            [
                lambda: uri[:at] + uri[at + 1 :],
                lambda: uri[:at] + character + uri[at:],
                lambda: uri[:at] + character + uri[at + 1 :],
            ]
        )
    )
    client = make_client(redirect_uris=(uri,))
    if change() != uri:
        with pytest.raises(ProtocolError):
            proven_redirect_uri({"redirect_uri": change()}, client)


@given(uris, st.dictionaries(st.sampled_from(["code", "state", "iss"]), st.text(min_size=1), min_size=1))
def test_an_answer_begins_with_the_redirect_uri_and_says_what_was_said(
    uri: str, said: dict[str, str]
) -> None:
    said = {name: value.encode("utf-8", "replace").decode() for name, value in said.items()}
    location = AuthorizationResponse(uri, said).location
    assert location.startswith(uri)
    assert location.isascii()
    assert parse_qsl(urlsplit(location).query)[-len(said) :] == list(said.items())
