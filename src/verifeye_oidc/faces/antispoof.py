"""MiniFASNet pair: a person before the camera, or a print? Minivision's Silent-Face-Anti-Spoofing."""

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from verifeye_oidc.faces.detector import Face

_SIDE = 80
_LIVE = 1


class AntiSpoof:
    """Scores a face with two networks, each seeing the face in surroundings of its own size."""

    def __init__(self, near: onnxruntime.InferenceSession, wide: onnxruntime.InferenceSession) -> None:
        self._networks = ((2.7, near), (4.0, wide))

    def score(self, image: NDArray[np.uint8], face: Face) -> float:
        """How live the face is, 0 to 1: the mean over both networks; `image` is the whole frame, BGR."""
        return float(
            np.mean([_live(session, surroundings(image, face, scale)) for scale, session in self._networks])
        )


def surroundings(image: NDArray[np.uint8], face: Face, scale: float) -> NDArray[np.uint8]:
    """The face with its surroundings, `scale` times its box, as uint8[80, 80, 3].

    The crop stays inside the frame: it shrinks to the frame's size and moves away from an edge, as the crops
    that the networks were trained with.
    """
    height, width = image.shape[:2]
    scale = min(scale, (width - 1) / face.width, (height - 1) / face.height)
    left, right = _span(face.x + face.width / 2, face.width * scale, width)
    top, bottom = _span(face.y + face.height / 2, face.height * scale, height)
    crop = cv2.resize(image[top : bottom + 1, left : right + 1], (_SIDE, _SIDE))
    return crop.astype(np.uint8, copy=False)


def _span(centre: float, length: float, limit: int) -> tuple[int, int]:
    """First and last pixel of a length about a centre, moved inside 0..limit-1."""
    start = min(max(centre - length / 2, 0.0), limit - 1 - length)
    first = max(int(start), 0)
    return first, min(max(int(start + length), first), limit - 1)


def _live(session: onnxruntime.InferenceSession, crop: NDArray[np.uint8]) -> float:
    blob = crop.transpose(2, 0, 1)[None].astype(np.float32)
    logits = session.run(None, {session.get_inputs()[0].name: blob})[0][0]
    exponentials = np.exp(logits - logits.max())
    return float(exponentials[_LIVE] / exponentials.sum())
