"""The biometric engine: frames in, measurements out. No web, no SQL, no clock of its own.

A caller loads an `Engine` once, opens a `Capture` for each attempt and feeds it JPEG frames. Importing this
package is cheap: OpenCV and onnxruntime are loaded with the first `Engine`, onnx with the first installation.
"""

from typing import TYPE_CHECKING, Any

from verifeye_oidc.faces import models
from verifeye_oidc.faces.measurement import FrameRefused, Hint, Measurement, Observation, Quality
from verifeye_oidc.faces.recipe import RECIPE, OperatingPoint, Recipe, UnmeasuredRate
from verifeye_oidc.faces.template import RecipeMismatch, Template, similarity

if TYPE_CHECKING:
    from verifeye_oidc.faces.capture import Capture
    from verifeye_oidc.faces.engine import Engine

__all__ = [
    "RECIPE",
    "Capture",
    "Engine",
    "FrameRefused",
    "Hint",
    "Measurement",
    "Observation",
    "OperatingPoint",
    "Quality",
    "Recipe",
    "RecipeMismatch",
    "Template",
    "UnmeasuredRate",
    "models",
    "similarity",
]


def __getattr__(name: str) -> Any:
    if name == "Engine":
        from verifeye_oidc.faces.engine import Engine  # noqa: PLC0415

        return Engine
    if name == "Capture":
        from verifeye_oidc.faces.capture import Capture  # noqa: PLC0415

        return Capture
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
