"""Every parser of what strangers send, on bytes that nobody wrote: a value, or the one refusal it may give.

`make test` tries a few, `make fuzz` for two minutes. Inputs are genuine ones, cut, doubled and spliced,
beside mere noise, which seldom comes past the first byte.
"""

import json
from base64 import b64encode
from typing import Any

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import make_client
from tests.support.negative import basic
from verifeye_oidc.faces.frame import FrameLimits, decode, read_jpeg_header
from verifeye_oidc.faces.measurement import FrameRefused
from verifeye_oidc.oidc.checks.redirect_uri import is_registered
from verifeye_oidc.oidc.client_auth import presented_credentials
from verifeye_oidc.oidc.errors import ProtocolError
from verifeye_oidc.oidc.identifiers import MAX_CHARACTERS, canonical_identifier, masked_identifier
from verifeye_oidc.oidc.params import MAX_BYTES, MAX_PARAMETERS, parse_parameters
from verifeye_oidc.oidc.requested_claims import read_claims
from verifeye_oidc.verification.contract import Direction, QueryRefused, encode, open_query, sign

KEY = bytes(range(32))
QUERY = encode([("transaction", "handle"), ("reExternalId", "id"), ("reNonce", "n"), ("x", "\u00e9 &=")])
SIGNED = sign(KEY, Direction.IN, "face-check", QUERY).encode()
FORM = b"client_id=acme&redirect_uri=https%3A%2F%2Facme.example%2Fcallback&scope=openid+email&state=%C3%A9"
CLAIMS = json.dumps(
    {
        "id_token": {"acr": {"essential": True, "values": ["a", "b"]}, "sub": {"value": "x"}},
        "userinfo": {"email": None, "verification": {"essential": False}, "unknown": {"value": [1, {}]}},
    }
)
JPEGS = [
    cv2.imencode(".jpg", np.full((8, 16, 3), 90, np.uint8), [option, 1])[1].tobytes()
    for option in (cv2.IMWRITE_JPEG_OPTIMIZE, cv2.IMWRITE_JPEG_PROGRESSIVE)
]
PIECES = [b"&", b"=", b"%", b"%00", b"%ff", b"+", b";", b"\xff\xd8", b"\xff\xc0", b"\xff\xda", b"\x00" * 8]


@st.composite
def near(draw: st.DrawFn, *genuine: bytes) -> bytes:
    """A genuine input after a few edits."""
    data = draw(st.sampled_from(genuine))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 12)))
        put = draw(st.binary(max_size=6) | st.sampled_from(PIECES) | st.just(data[start:end] * 2))
        data = data[:start] + put + data[end:]
    return data


def text_near(*genuine: str) -> st.SearchStrategy[str]:
    edited = near(*(text.encode() for text in genuine)).map(lambda raw: raw.decode("utf-8", "replace"))
    return edited | st.text()


def expect(refused: ProtocolError, error: str, status: int) -> None:
    assert (refused.error, refused.status) == (error, status)
    assert refused.description.isascii()


@given(near(FORM) | st.binary(max_size=200) | st.binary(min_size=MAX_BYTES, max_size=MAX_BYTES + 2))
def test_parameters(raw: bytes) -> None:
    try:
        parameters = parse_parameters(raw)
    except ProtocolError as refused:
        expect(refused, "invalid_request", 400)
        return
    assert len(raw) <= MAX_BYTES
    assert len(parameters) <= MAX_PARAMETERS
    assert all(value and "\x00" not in name + value for name, value in parameters.items())


@given(near(SIGNED, SIGNED + b"&" + SIGNED, QUERY.encode()) | st.binary(max_size=200))
def test_a_signed_query(raw: bytes) -> None:
    try:
        open_query(raw, [KEY], Direction.IN, "face-check")
    except QueryRefused:
        return
    assert raw == SIGNED


@given(near(QUERY.encode()) | st.binary(max_size=200), st.booleans())
def test_a_query_that_somebody_signed(raw: bytes, outwards: bool) -> None:
    """A caller with a key of its own may sign anything."""
    direction = Direction.OUT if outwards else Direction.IN
    signed = sign(KEY, direction, "face-check", raw.decode("ascii", "ignore")).encode()
    try:
        query = open_query(signed, [bytes(32), KEY], direction, "face-check")
    except QueryRefused:
        return
    assert all(name.startswith("re") for name in query.reserved)
    assert not any(name.startswith("re") for name, _ in query.custom)


@st.composite
def segments(draw: st.DrawFn) -> bytes:
    """Markers with contents, whose lengths are mostly right."""
    data = b"\xff\xd8"
    for _ in range(draw(st.integers(0, 5))):
        marker = draw(st.sampled_from([0xC0, 0xC2, 0xC4, 0xC9, 0xD0, 0xD9, 0xDA, 0xDB, 0xE0, 0xFF, 0x00]))
        content = draw(st.binary(max_size=12))
        length = len(content) + draw(st.sampled_from([2, 2, 2, 0, 1, 3, 60_000]))
        data += bytes([0xFF, marker]) + length.to_bytes(2) + content
    return data


@given(near(*JPEGS) | segments() | st.binary(max_size=300).map(lambda tail: b"\xff\xd8\xff" + tail))
def test_a_jpeg_header(data: bytes) -> None:
    try:
        header = read_jpeg_header(data)
    except FrameRefused:
        return
    assert 0 < header.width < 1 << 16
    assert 0 < header.height < 1 << 16
    assert header.components in (1, 3)


@given(near(*JPEGS))
def test_a_jpeg(data: bytes) -> None:
    limits = FrameLimits(bytes=4096, pixels=10_000)
    try:
        image = decode(data, limits)
    except FrameRefused:
        return
    assert image.dtype == np.uint8
    assert image.shape[2] == 3
    assert image.shape[0] * image.shape[1] <= limits.pixels


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.sampled_from(["id_token", "userinfo", "acr", "sub", "email", "essential", "value", "values"])
    return st.lists(inner, max_size=4) | st.dictionaries(names | st.text(max_size=3), inner, max_size=5)


any_json = st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5), nested)
deep = st.tuples(st.sampled_from(["[", '{"userinfo":', '{"id_token":[']), st.integers(1, 4000)).map(
    lambda drawn: drawn[0] * drawn[1]
)


@given(text_near(CLAIMS) | any_json.map(json.dumps) | deep | st.integers(4000, 9000).map(lambda n: "9" * n))
def test_claims(text: str) -> None:
    try:
        asked = read_claims(text)
    except ProtocolError as refused:
        expect(refused, "invalid_request", 400)
        return
    assert isinstance(json.loads(text), dict)
    assert asked == read_claims(text)


@given(text_near(basic(), "Basic " + b64encode(b"a%3Ab:%C3%A9+c").decode(), "Bearer x"))
def test_basic_credentials(header: str) -> None:
    try:
        credentials = presented_credentials([header], {})
    except ProtocolError as refused:
        expect(refused, "invalid_client", 401)
        return
    assert credentials.method == "client_secret_basic"
    assert "\x00" not in credentials.client_id


@given(text_near("Ada@Example.com", "  ada\u0301 ", "\u212bngstr\u00f6m@\u0130.example", "\ufb01"))
def test_an_identifier(text: str) -> None:
    identifier = canonical_identifier(text)
    if identifier is None:
        return
    assert 1 <= len(identifier) <= MAX_CHARACTERS
    assert canonical_identifier(identifier) == identifier
    assert len(identifier) < 4 or identifier not in masked_identifier(identifier)


REGISTERED = ("https://acme.example/callback", "http://127.0.0.1/cb", "http://[::1]:80/cb", "com.acme:/cb")


@given(text_near(*REGISTERED, "http://127.0.0.1:49152/cb"), st.booleans())
def test_a_redirect_uri(uri: str, native: bool) -> None:
    taken = is_registered(uri, make_client(redirect_uris=REGISTERED, native=native))
    if not native:
        assert taken == (uri in REGISTERED)
    elif taken and uri not in REGISTERED:
        port = uri.removeprefix("http://127.0.0.1:").removeprefix("http://[::1]:").removesuffix("/cb")
        assert port == "" or uri in ("http://127.0.0.1/cb", "http://[::1]/cb") or 1 <= int(port) <= 65535
