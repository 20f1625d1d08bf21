"""What must lie nowhere, in every form in which it could: frames, embeddings, identifiers."""

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import cv2
import numpy as np
from numpy.typing import NDArray

Needles = Mapping[str, Sequence[bytes]]
"""Byte strings by the kind of thing that they give away."""

_WINDOW = 24
_MAGIC = {
    "JPEG magic": (b"\xff\xd8\xff\xe0", b"\xff\xd8\xff\xe1", b"\xff\xd8\xff\xdb"),
    "JPEG magic in base64": (b"/9j/4AAQSkZJ", b"_9j_4AAQSkZJ"),
    "JPEG magic in hex": (b"ffd8ffe000104a46", b"FFD8FFE000104A46"),
    "PNG magic": (b"\x89PNG\r\n\x1a\n",),
}


def frame_needles(frames: Sequence[bytes]) -> Needles:
    """Any picture by its magic, and these JPEGs by what is in the middle of them, also decoded."""
    found: dict[str, list[bytes]] = {kind: [*magic] for kind, magic in _MAGIC.items()}
    for jpeg in frames:
        middle = jpeg[len(jpeg) // 2 :][:_WINDOW]
        _add(found, "frame", middle)
        image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        if image is not None:
            row = image[image.shape[0] // 2, image.shape[1] // 2 :][:16]
            found.setdefault("pixels", []).extend((row.tobytes(), row[:, ::-1].tobytes()))
    return found


def embedding_needles(vectors: Iterable[NDArray[np.float32]]) -> Needles:
    """Parts of each vector as float16, 32 and 64, raw, in hex and base64, and its numbers as text."""
    found: dict[str, list[bytes]] = {}
    for vector in vectors:
        for name in ("<f2", "<f4", "<f8", ">f4"):
            stored = vector.astype(name).tobytes()
            for start in range(0, len(stored), len(stored) // 4):
                _add(found, f"embedding {name}", stored[start : start + _WINDOW])
        found.setdefault("embedding as text", []).extend(
            repr(float(abs(number)))[:9].encode() for number in vector[:8] if abs(number) > 1e-3
        )
    return found


def identifier_needles(identifier: str) -> Needles:
    """An identifier and the part before its ``@``: plain, capitals, URL-encoded, UTF-16, hex and base64."""
    found: dict[str, list[bytes]] = {}
    for text in (identifier, identifier.partition("@")[0]):
        _add(found, "identifier", text.encode())
        found["identifier"] += [text.upper().encode(), quote(text, safe="").encode()]
        found["identifier"].append(text.encode("utf-16-le"))
    return found


def leaks(folders: Iterable[Path], needles: Needles) -> set[tuple[str, str]]:
    """(kind, file) of everything that is found in the files below these folders."""
    return {
        (kind, path.name)
        for path, content in _files(folders)
        for kind, forms in needles.items()
        if any(form in content for form in forms)
    }


def _files(folders: Iterable[Path]) -> Iterator[tuple[Path, bytes]]:
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                yield path, path.read_bytes()


def _add(found: dict[str, list[bytes]], kind: str, raw: bytes) -> None:
    """A byte string raw, in hex, and in base64 wherever it begins in a longer one."""
    found.setdefault(kind, []).append(raw)
    found.setdefault(f"{kind} in hex", []).extend((raw.hex().encode(), raw.hex().upper().encode()))
    for shift in range(3):
        whole = base64.b64encode(bytes(shift) + raw)
        inner = whole[4 if shift else 0 : len(whole) // 4 * 4 - 4]
        found.setdefault(f"{kind} in base64", []).extend((inner, inner.translate(_URL_SAFE)))


_URL_SAFE = bytes.maketrans(b"+/", b"-_")
