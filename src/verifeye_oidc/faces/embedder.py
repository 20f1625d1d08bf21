"""SFace: a face as 128 numbers (Zhong et al., 2021), by the recipe that `recipe.py` names."""

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

SIDE = 112

# Where eyes, nose and mouth stand in an aligned face of 112 x 112 (the usual ArcFace places).
_PLACES = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]],
    dtype=np.float64,
)


def align(image: NDArray[np.uint8], points: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Turn, scale and move the face to the usual places: uint8[112, 112, 3], BGR as the image is."""
    warped = cv2.warpAffine(image, similarity_transform(points), (SIDE, SIDE), flags=cv2.INTER_LINEAR)
    return warped.astype(np.uint8, copy=False)


def similarity_transform(points: NDArray[np.float32]) -> NDArray[np.float64]:
    """The least-squares rotation, scale and shift, float64[2, 3], to the places (Umeyama, 1991)."""
    source = points.astype(np.float64)
    source_mean, target_mean = source.mean(axis=0), _PLACES.mean(axis=0)
    a, b = (source - source_mean).T, (_PLACES - target_mean).T
    norm = float((a * a).sum()) or 1.0
    cosine = float((a * b).sum()) / norm
    sine = float((a[0] * b[1] - a[1] * b[0]).sum()) / norm
    matrix = np.array([[cosine, -sine], [sine, cosine]])
    return np.hstack([matrix, (target_mean - matrix @ source_mean)[:, None]])


class Embedder:
    """Aligned faces to unit vectors."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name

    def embed(self, aligned: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The unit vector, float32[128], of an aligned face (uint8[112, 112, 3], BGR), mirror-averaged."""
        rgb = aligned[:, :, ::-1].transpose(2, 0, 1).astype(np.float32)
        pair = np.stack([rgb, rgb[:, :, ::-1]])
        embeddings = self._session.run(None, {self._input: pair})[0]
        embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
        mean = embeddings.sum(axis=0)
        return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)
