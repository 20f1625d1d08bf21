"""What is decoded, and what is refused before it is decoded."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.faces.pictures import Image, jpeg
from verifeye_oidc.faces import FrameRefused
from verifeye_oidc.faces.frame import FrameLimits, JpegHeader, decode, read_jpeg_header

LIMITS = FrameLimits()


def picture(width: int = 48, height: int = 32) -> Image:
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return np.stack([x * 5, y * 5, x + y], axis=2).astype(np.uint8)


def with_header(data: bytes, *, width: int, height: int, precision: int = 8, components: int = 3) -> bytes:
    """The same JPEG with other numbers in its frame header."""
    at = data.index(b"\xff\xc0") + 4
    numbers = bytes([precision]) + height.to_bytes(2) + width.to_bytes(2) + bytes([components])
    return data[:at] + numbers + data[at + 6 :]


def test_reads_the_size_and_decodes_blue_first() -> None:
    data = jpeg(picture(), quality=95)
    assert read_jpeg_header(data) == JpegHeader(width=48, height=32, components=3)
    image = decode(data, LIMITS)
    assert image.shape == (32, 48, 3)
    assert image.dtype == np.uint8
    assert np.abs(image.astype(int) - picture()).mean() < 6


def test_decodes_progressive_and_grey() -> None:
    progressive = cv2.imencode(".jpg", picture(), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    grey = cv2.imencode(".jpg", picture()[:, :, 0])[1].tobytes()
    assert b"\xff\xc2" in progressive
    assert decode(progressive, LIMITS).shape == decode(grey, LIMITS).shape == (32, 48, 3)


def test_turns_a_frame_as_its_exif_says() -> None:
    turned = bytes.fromhex("4578696600004d4d002a0000000800010112000300000001000600000000")
    data = jpeg(picture())
    data = data[:2] + b"\xff\xe1" + (len(turned) + 2).to_bytes(2) + turned + data[2:]
    assert decode(data, LIMITS).shape == (48, 32, 3)


@pytest.mark.parametrize("kind", [".png", ".bmp", ".webp"])
def test_refuses_other_formats(kind: str) -> None:
    with pytest.raises(FrameRefused, match="not a JPEG"):
        decode(cv2.imencode(kind, picture())[1].tobytes(), LIMITS)


def test_refuses_fifty_megapixels_by_the_header_alone() -> None:
    # No picture follows the header: whoever tried to decode it would say that it is truncated.
    bomb = with_header(jpeg(picture()), width=10_000, height=5_000)
    header_only = bomb[: bomb.index(b"\xff\xda") + 14]
    with pytest.raises(FrameRefused, match="10000 x 5000 pixels"):
        decode(header_only, LIMITS)


def test_refuses_more_bytes_than_allowed() -> None:
    data = jpeg(picture())
    with pytest.raises(FrameRefused, match="bytes"):
        decode(data, FrameLimits(bytes=len(data) - 1))
    decode(data, FrameLimits(bytes=len(data)))


def test_refuses_more_pixels_than_allowed() -> None:
    data = jpeg(picture())
    with pytest.raises(FrameRefused, match="pixels"):
        decode(data, FrameLimits(pixels=48 * 32 - 1))
    decode(data, FrameLimits(pixels=48 * 32))


@pytest.mark.parametrize(("precision", "components"), [(12, 3), (16, 3), (8, 4), (8, 2)])
def test_refuses_what_is_not_eight_bit_colour(precision: int, components: int) -> None:
    data = with_header(jpeg(picture()), width=48, height=32, precision=precision, components=components)
    with pytest.raises(FrameRefused, match="8-bit"):
        decode(data, LIMITS)


@pytest.mark.parametrize(("width", "height"), [(0, 32), (48, 0)])
def test_refuses_an_empty_picture(width: int, height: int) -> None:
    with pytest.raises(FrameRefused, match="no size"):
        decode(with_header(jpeg(picture()), width=width, height=height), LIMITS)


@pytest.mark.parametrize("marker", [0xC3, 0xC9, 0xCA])
def test_refuses_lossless_and_arithmetic_coding(marker: int) -> None:
    with pytest.raises(FrameRefused, match="browsers do not make"):
        decode(jpeg(picture()).replace(b"\xff\xc0", bytes([0xFF, marker]), 1), LIMITS)


def test_refuses_thousands_of_scans() -> None:
    data = jpeg(picture())
    scan = data[data.index(b"\xff\xda") : -2]
    with pytest.raises(FrameRefused, match="scans"):
        decode(data[:-2] + 1000 * scan + data[-2:], LIMITS)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.995])
def test_refuses_a_truncated_frame(share: float) -> None:
    data = jpeg(picture(640, 480))
    with pytest.raises(FrameRefused):
        decode(data[: int(len(data) * share)], LIMITS)


@given(st.binary(max_size=300), st.sampled_from([b"", b"\xff\xd8\xff", jpeg(picture())[:160]]))
def test_arbitrary_bytes_are_refused_and_never_crash(data: bytes, start: bytes) -> None:
    with pytest.raises(FrameRefused):
        decode(start + data, LIMITS)


@given(st.lists(st.tuples(st.integers(0, len(jpeg(picture())) - 1), st.integers(0, 255)), max_size=8))
def test_a_damaged_frame_is_decoded_or_refused(changes: list[tuple[int, int]]) -> None:
    data = bytearray(jpeg(picture()))
    for position, value in changes:
        data[position] = value
    try:
        image = decode(bytes(data), LIMITS)
    except FrameRefused:
        return
    assert image.ndim == 3
    assert image.size <= 3 * LIMITS.pixels
