"""Frames for the tests of the engine, made of photographs and clips as a browser would send them."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

WIDTH, HEIGHT = 640, 480


def jpeg(image: Image, quality: int = 80) -> bytes:
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def read(path: Path) -> Image:
    image = cv2.imread(str(path))
    assert image is not None
    return image.astype(np.uint8)


def webcam(photograph: Image, *, size: float = 1.0, right: int = 0) -> Image:
    """The photograph on a grey frame of 640 x 480: at `size` of its height, moved to the right by pixels."""
    scale = size * HEIGHT / photograph.shape[0]
    small = cv2.resize(photograph, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = small.shape[:2]
    shift = np.array([[1, 0, (WIDTH - width) / 2 + right], [0, 1, (HEIGHT - height) / 2]])
    frame = cv2.warpAffine(
        small, shift, (WIDTH, HEIGHT), borderMode=cv2.BORDER_CONSTANT, borderValue=(128, 128, 128)
    )
    return frame.astype(np.uint8)


def clip(path: Path, *, start: float = 0.0, seconds: float = 3.0) -> list[tuple[float, bytes]]:
    """Part of a clip at eight frames a second, or its own rate if that is lower: time and JPEG."""
    video = cv2.VideoCapture(str(path))
    fps = video.get(cv2.CAP_PROP_FPS)
    frames: list[tuple[float, bytes]] = []
    for index in range(int((start + seconds) * fps)):
        read_one, image = video.read()
        if read_one and index / fps >= start + len(frames) / 8:
            frames.append((index / fps, jpeg(image.astype(np.uint8))))
    assert frames, f"{path.name} has no frames from {start} s on"
    return frames
