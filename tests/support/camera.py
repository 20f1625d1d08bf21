"""Feeds for Chromium's fake camera: JPEGs of 640x480 one after another (`.mjpeg`), made with OpenCV.

Chromium plays such a file at 30 frames a second whatever it was recorded at, starts at its first frame each
time the camera is opened, and loops. A feed is therefore played forward and then backward: its end meets its
start without a jump. Feeds show people, so they live in pytest's temporary folder, never in the repository.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

WIDTH, HEIGHT, FPS = 640, 480, 30
JPEG_QUALITY = 90

Image = NDArray[np.uint8]
"""A BGR picture, uint8, of shape (480, 640, 3)."""


class Feeds:
    """Builds each feed once for a test session, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def build(self, name: str, frames: Callable[[], Iterable[Image]]) -> Path:
        """The path of the feed `name`; `frames` is called only when it does not exist yet."""
        path = self._folder / f"{name}.mjpeg"
        if not path.exists():
            path.write_bytes(_there_and_back([_jpeg(frame) for frame in frames()]))
        return path


def clip(path: Path, start: float = 0.0, seconds: float = 8.0) -> Iterator[Image]:
    """A part of a recorded video at its own speed: its frames are repeated or dropped to make 30 a second."""
    capture = cv2.VideoCapture(str(path))
    try:
        rate = capture.get(cv2.CAP_PROP_FPS)
        if rate <= 0:
            raise ValueError(f"{path} is no video that OpenCV can read")
        position, frame = -1, None
        for tick in range(round(seconds * FPS)):
            wanted = int((start + tick / FPS) * rate)
            while position < wanted:
                read, picture = capture.read()
                if not read:
                    return
                position, frame = position + 1, _cover(picture)
            if frame is not None:
                yield frame
    finally:
        capture.release()


def still(path: Path, zoom: float = 1.2, seconds: float = 2.0) -> Iterator[Image]:
    """A photograph before the camera, swaying by a few pixels, with sensor noise, so that no frame repeats.

    `zoom` is the photograph's height over the frame's; its top is kept, because there the head is.
    """
    picture = cv2.imread(str(path))
    if picture is None:
        raise ValueError(f"{path} is no picture that OpenCV can read")
    scale = zoom * HEIGHT / picture.shape[0]
    noise = np.random.default_rng(0)
    for tick in range(round(seconds * FPS)):
        angle = math.tau * tick / (FPS * 4)
        shift_x = (WIDTH - picture.shape[1] * scale) / 2 + 3 * math.sin(angle)
        shift_y = 2 * math.cos(angle) - 2
        matrix = np.array([[scale, 0, shift_x], [0, scale, shift_y]])
        moved = cv2.warpAffine(
            picture, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
        yield _noisy(moved, noise)


def empty_room(seconds: float = 2.0) -> Iterator[Image]:
    """A wall that darkens towards the floor, a door, sensor noise, and nobody."""
    light = np.linspace(190, 110, HEIGHT)[:, None, None] * np.array([0.9, 0.95, 1.0])
    wall = np.broadcast_to(light, (HEIGHT, WIDTH, 3)).astype(np.uint8).copy()
    cv2.rectangle(wall, (440, 120), (580, HEIGHT), (70, 95, 120), thickness=-1)
    noise = np.random.default_rng(0)
    for _ in range(round(seconds * FPS)):
        yield _noisy(wall, noise)


def beside(left: Iterable[Image], right: Iterable[Image]) -> Iterator[Image]:
    """The middle halves of two feeds side by side: two people before one camera."""
    quarter = WIDTH // 4
    for one, other in zip(left, right, strict=False):
        yield np.hstack([one[:, quarter:-quarter], other[:, quarter:-quarter]])


def _cover(picture: MatLike) -> Image:
    """Scale to fill the frame and cut what stands over, as a camera of another shape would see it."""
    height, width = picture.shape[:2]
    scale = max(WIDTH / width, HEIGHT / height)
    scaled = cv2.resize(
        picture, (math.ceil(width * scale), math.ceil(height * scale)), interpolation=cv2.INTER_CUBIC
    )
    top, left = (scaled.shape[0] - HEIGHT) // 2, (scaled.shape[1] - WIDTH) // 2
    return np.ascontiguousarray(scaled[top : top + HEIGHT, left : left + WIDTH], dtype=np.uint8)


def _noisy(picture: MatLike, noise: np.random.Generator) -> Image:
    grain = noise.normal(0, 2, (HEIGHT, WIDTH, 1))
    grainy: Image = np.clip(picture + grain, 0, 255).astype(np.uint8)
    return grainy


def _jpeg(frame: Image) -> bytes:
    encoded, data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not encoded:
        raise ValueError("OpenCV could not encode a frame")
    return data.tobytes()


def _there_and_back(frames: list[bytes]) -> bytes:
    return b"".join(frames + frames[-2:0:-1])
