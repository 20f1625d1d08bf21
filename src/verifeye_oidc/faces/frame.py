"""A JPEG becomes pixels only after its header was found harmless (ITU-T T.81, annex B)."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from verifeye_oidc.faces.measurement import FrameRefused

_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD8)}
_DECODED_FRAMES = {0xC0, 0xC1, 0xC2}  # Huffman: baseline, extended, progressive
_OTHER_FRAMES = {0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
_MOST_SCANS = 16  # a progressive file of a few kilobytes may otherwise hold thousands, each over every pixel


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """Width and height in pixels, and how many colour components the frame has."""

    width: int
    height: int
    components: int


@dataclass(frozen=True, slots=True)
class FrameLimits:
    """The largest frame that is decoded."""

    bytes: int = 2 * 1024 * 1024
    pixels: int = 1_500_000


def read_jpeg_header(data: bytes) -> JpegHeader:
    """Read size and kind from the markers, without decoding. Raises FrameRefused."""
    if data[:3] != b"\xff\xd8\xff":
        raise FrameRefused("the frame is not a JPEG")
    frame_headers = []
    for marker, segment, position in _segments(data):
        if marker in _OTHER_FRAMES:
            raise FrameRefused("the JPEG is of a kind that browsers do not make")
        if marker in _DECODED_FRAMES:
            frame_headers.append(_parse_frame_header(segment))
        if marker == _SCAN and data.count(b"\xff\xda", position) >= _MOST_SCANS:
            raise FrameRefused("the JPEG has too many scans")
    if len(frame_headers) != 1:
        raise FrameRefused("the JPEG does not have exactly one picture in it")
    return frame_headers[0]


def _segments(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Marker, content and end of each segment up to the first scan's header, which is the last."""
    marker, position = 0, 2
    while marker != _SCAN:
        marker, position = _next_marker(data, position)
        if marker in _WITHOUT_LENGTH:
            continue
        if marker in (_START, _END):
            raise FrameRefused("the JPEG has no picture in it")
        length = int.from_bytes(data[position : position + 2])
        segment = data[position + 2 : position + length]
        if length < 2 or len(segment) != length - 2:
            raise FrameRefused("the JPEG's header is truncated")
        position += length
        yield marker, segment, position


def _next_marker(data: bytes, position: int) -> tuple[int, int]:
    """The marker at a position and where its content starts; markers may be preceded by any number of FF."""
    if data[position : position + 1] != b"\xff":
        raise FrameRefused("the JPEG's header is corrupt or truncated")
    while data[position : position + 1] == b"\xff":
        position += 1
    if position >= len(data) or data[position] == 0:
        raise FrameRefused("the JPEG's header is corrupt or truncated")
    return data[position], position + 1


def _parse_frame_header(segment: bytes) -> JpegHeader:
    if len(segment) < 6:
        raise FrameRefused("the JPEG's header is truncated")
    precision, components = segment[0], segment[5]
    height, width = int.from_bytes(segment[1:3]), int.from_bytes(segment[3:5])
    if precision != 8 or components not in (1, 3):
        raise FrameRefused("the JPEG is neither 8-bit colour nor grey")
    if not width or not height:
        raise FrameRefused("the JPEG's picture has no size")
    return JpegHeader(width, height, components)


def decode(data: bytes, limits: FrameLimits) -> NDArray[np.uint8]:
    """Decode one JPEG into uint8[height, width, 3], blue first.

    Raises FrameRefused for anything else, for more bytes or pixels than the limits, and for truncated or
    corrupt data. The size is read from the header, so that nothing large is ever decoded.
    """
    if len(data) > limits.bytes:
        raise FrameRefused(f"the frame has {len(data)} bytes; at most {limits.bytes} are taken")
    header = read_jpeg_header(data)
    if header.width * header.height > limits.pixels:
        raise FrameRefused(
            f"the frame has {header.width} x {header.height} pixels; at most {limits.pixels} in all are taken"
        )
    # libjpeg fills what is missing with grey and calls it a picture.
    if not data.rstrip(b"\0").endswith(b"\xff\xd9"):
        raise FrameRefused("the JPEG is truncated")
    try:
        image = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise FrameRefused("the JPEG is corrupt") from error
    if image is None:
        raise FrameRefused("the JPEG is corrupt")
    return image.astype(np.uint8, copy=False)
