"""YuNet: faces with five points (Wu, Peng and Yu, 2023)."""

from dataclasses import dataclass

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

_STRIDES = (8, 16, 32)
_LONG_SIDE = 480
_SCORE = 0.8
_OVERLAP = 0.3


@dataclass(frozen=True, slots=True)
class Face:
    """A detected face, in pixels of the frame.

    `points` is float32[5, 2]: the eye on the picture's left, the one on its right, the nose, the mouth's
    corner on the left, the one on the right.
    """

    x: float
    y: float
    width: float
    height: float
    score: float
    points: NDArray[np.float32]

    @property
    def area(self) -> float:
        return self.width * self.height


class Detector:
    """Finds faces in a frame reduced to at most 480 pixels on its longer side, whatever its shape."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name
        self._outputs = [f"{kind}_{stride}" for stride in _STRIDES for kind in ("cls", "obj", "bbox", "kps")]

    def detect(self, image: NDArray[np.uint8]) -> list[Face]:
        """The faces that score at least 0.8, the largest first; `image` is uint8[height, width, 3], BGR."""
        height, width = image.shape[:2]
        scale = min(1.0, _LONG_SIDE / max(height, width))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        padded = cv2.copyMakeBorder(
            small, 0, -small.shape[0] % 32, 0, -small.shape[1] % 32, cv2.BORDER_CONSTANT, value=(0, 0, 0)
        )
        blob = np.ascontiguousarray(padded.transpose(2, 0, 1)[None], dtype=np.float32)
        outputs = self._session.run(self._outputs, {self._input: blob})
        columns = blob.shape[3]
        levels = [
            _decode(outputs[4 * level : 4 * level + 4], stride, columns // stride)
            for level, stride in enumerate(_STRIDES)
        ]
        rows = np.concatenate(levels)
        rows = _suppress(rows[rows[:, 14] >= _SCORE])
        rows[:, 0:14:2] *= width / small.shape[1]
        rows[:, 1:14:2] *= height / small.shape[0]
        faces = [_face(row) for row in rows]
        return sorted(faces, key=lambda face: face.area, reverse=True)


def _decode(outputs: list[NDArray[np.float32]], stride: int, columns: int) -> NDArray[np.float32]:
    """One level's cells as rows of x, y, width, height, five points, score."""
    cls, obj, box, points = (output[0] for output in outputs)
    cells = np.arange(len(cls))
    origin = np.stack([cells % columns, cells // columns], axis=1).astype(np.float32)
    score = np.sqrt(np.clip(cls[:, 0], 0, 1) * np.clip(obj[:, 0], 0, 1))
    size = np.exp(box[:, 2:4]) * stride
    corner = (origin + box[:, :2]) * stride - size / 2
    placed = (points.reshape(-1, 5, 2) + origin[:, None]) * stride
    return np.concatenate([corner, size, placed.reshape(-1, 10), score[:, None]], axis=1)


def _suppress(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of rows that show the same face, keep the one of the best score."""
    if not len(rows):
        return rows
    kept = cv2.dnn.NMSBoxes(rows[:, :4].tolist(), rows[:, 14].tolist(), _SCORE, _OVERLAP)
    return rows[np.asarray(kept, dtype=np.intp).reshape(-1)]


def _face(row: NDArray[np.float32]) -> Face:
    x, y, width, height = (float(value) for value in row[:4])
    return Face(x, y, width, height, score=float(row[14]), points=row[4:14].reshape(5, 2).copy())
