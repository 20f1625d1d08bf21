"""Face templates and their comparison."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = 128


class RecipeMismatch(ValueError):
    """Two templates were made differently: their similarity would mean nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A face as a unit vector, float32[128], read-only, with the recipe and the model that made it.

    Raises ValueError when the vector is not finite, not of 128 numbers or not of unit norm (within 1e-3).
    """

    vector: NDArray[np.float32] = field(repr=False)
    recipe_id: str
    model_sha256: str

    def __post_init__(self) -> None:
        vector = np.array(self.vector, dtype=np.float32)
        if vector.shape != (DIMENSIONS,):
            raise ValueError(f"a template has {DIMENSIONS} numbers, not shape {vector.shape}")
        # A NaN fails this comparison too.
        if not abs(float(np.linalg.norm(vector)) - 1.0) < 1e-3:
            raise ValueError("a template's vector has unit norm")
        vector.setflags(write=False)
        object.__setattr__(self, "vector", vector)

    def to_bytes(self) -> bytes:
        """The vector as 512 bytes: float32, little endian. Recipe and model are stored beside it."""
        return self.vector.astype("<f4").tobytes()

    @classmethod
    def from_bytes(cls, data: bytes, recipe_id: str, model_sha256: str) -> "Template":
        """The inverse of `to_bytes`. Raises ValueError when the bytes are not such a vector."""
        if len(data) != 4 * DIMENSIONS:
            raise ValueError(f"a stored template has {4 * DIMENSIONS} bytes, not {len(data)}")
        return cls(np.frombuffer(data, dtype="<f4").astype(np.float32), recipe_id, model_sha256)


def similarity(a: Template, b: Template) -> float:
    """The cosine of two templates, -1 to 1; compare it with `Recipe.threshold`.

    Raises RecipeMismatch unless both come from the same recipe and the same model.
    """
    if (a.recipe_id, a.model_sha256) != (b.recipe_id, b.model_sha256):
        raise RecipeMismatch(
            f"templates of {a.recipe_id} ({a.model_sha256[:12]}) and {b.recipe_id} ({b.model_sha256[:12]}) "
            "cannot be compared: enrol the person again with the present recipe"
        )
    return float(np.clip(np.dot(a.vector, b.vector), -1.0, 1.0))
