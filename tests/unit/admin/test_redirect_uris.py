"""Which redirect URIs may be registered, one line each."""

import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifeye_oidc.admin.redirect_uris import check_redirect_uri
from verifeye_oidc.admin.refused import Refused


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example.com/callback",
        "https://app.example.com",
        "https://app.example.com/",
        "https://app.example.com:8443/a/b.c~d-e_f",
        "https://app.example.com/cb?tenant=1&x=%20",
        "https://xn--mnchen-3ya.example/cb",
        "https://app.example.com/(a)/'b'/;c,d=$!@:",
        "https://192.0.2.7/cb",
        "https://[2001:db8::1]:8443/cb",
        "http://localhost:8080/cb",
        "http://127.0.0.1/cb",
        "http://127.0.0.1:5000/cb",
        "http://[::1]:5000/cb",
    ],
)
def test_registered(uri: str) -> None:
    check_redirect_uri("redirect_uris", uri)


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("", "neither https nor http"),
        ("/callback", "neither https nor http"),
        ("app.example.com/cb", "neither https nor http"),
        ("//app.example.com/cb", "neither https nor http"),
        ("com.example.app:/cb", "claimed https URI"),
        ("javascript:alert(1)", "neither https nor http"),
        ("data:text/html,x", "neither https nor http"),
        ("ftp://app.example.com/cb", "neither https nor http"),
        ("urn:ietf:wg:oauth:2.0:oob", "neither https nor http"),
        ("https:app.example.com/cb", "names no host"),
        ("https:///cb", "names no host"),
        ("https://:8443/cb", "names no host"),
        ("https://app.example.com:/cb", "a port that cannot be"),
        ("https://app.example.com:0/cb", "a port that cannot be"),
        ("https://app.example.com:99999/cb", "a port that cannot be"),
        ("https://app.example.com:80a/cb", "a port that cannot be"),
        ("https://[::1/cb", "a port that cannot be"),
        ("http://app.example.com/cb", "plain http"),
        ("http://192.0.2.7/cb", "plain http"),
        ("http://0.0.0.0:5000/cb", "plain http"),
        ("http://127.1:5000/cb", "plain http"),
        ("http://localhost.example.com/cb", "plain http"),
        ("http://127.0.0.1.example.com/cb", "plain http"),
        ("https://app.example.com/cb#", "fragment"),
        ("https://app.example.com/cb#part", "fragment"),
        ("https://*.example.com/cb", "wildcard"),
        ("https://app.example.com/*", "wildcard"),
        ("http://127.0.0.1:*/cb", "wildcard"),
        ("https://user@app.example.com/cb", "user information"),
        ("https://user:secret@app.example.com/cb", "user information"),
        ("https://@app.example.com/cb", "user information"),
        ("https://app.example.com\\@evil.example/cb", "backslash"),
        ("https://münchen.example/cb", "punycode"),
        ("https://app.example.com/\u202ecb", "punycode"),
        ("https://app.example.com/a b", "percent-encode"),
        (" https://app.example.com/cb", "percent-encode"),
        ("https://app.example.com/cb\n", "percent-encode"),
        ("https://app.example.com/cb\x00", "percent-encode"),
        ("https://app.example.com/cb\t", "percent-encode"),
        ("https://app.example.com/cb\x7f", "percent-encode"),
        ('https://app.example.com/"cb"', "percent-encode"),
        ("https://app.example.com/<cb>", "percent-encode"),
        ("https://app.example.com/%zz", "percent-encode"),
        ("https://app.example.com/{id}", "percent-encode"),
        ("https://app.example.com/cb?code=1", "the answer adds itself (code)"),
        ("https://app.example.com/cb?x=1&state=", "the answer adds itself (state)"),
        ("https://app.example.com/cb?%69ss=x", "the answer adds itself (iss)"),
        ("https://app.example.com/" + "a" * 2048, "at most 2048 characters"),
    ],
)
def test_refused(uri: str, reason: str) -> None:
    with pytest.raises(Refused, match=r"^redirect_uris: .*" + re.escape(reason)):
        check_redirect_uri("redirect_uris", uri)


@given(st.text() | st.from_regex(r"https?://[^\s]{0,30}"))
def test_whatever_is_registered_is_plain_and_goes_where_it_says(uri: str) -> None:
    try:
        check_redirect_uri("redirect_uris", uri)
    except Refused:
        return
    parts = urlsplit(uri)
    assert uri.isascii()
    assert uri.isprintable()
    assert not set(uri) & set(' #*\\"<>^`{|}')
    assert (
        parts.scheme == "https" or parts.hostname in ("localhost", "::1") or str(parts.hostname)[:4] == "127."
    )
    assert parts.username is None
