"""What a capture says: hints for the person on every frame, one measurement at the end."""

from dataclasses import dataclass
from enum import StrEnum

from verifeye_oidc.faces.template import Template


class FrameRefused(ValueError):
    """The bytes are not a frame that we decode: not a JPEG, too large, truncated or corrupt."""


class Hint(StrEnum):
    """What keeps a frame from being evidence; `OK` when nothing does."""

    OK = "ok"
    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    TOO_SMALL = "too_small"
    TOO_CLOSE = "too_close"
    TOO_DARK = "too_dark"
    BLURRED = "blurred"
    CUT_OFF = "cut_off"
    TURNED_AWAY = "turned_away"


@dataclass(frozen=True, slots=True)
class Quality:
    """How usable the face of one frame is, as numbers.

    - `detection`: the detector's score, 0 to 1.
    - `width`: of the face in pixels of the frame.
    - `brightness`: mean luma of the face, 0 to 255.
    - `sharpness`: variance of the Laplacian of the aligned face; higher is sharper.
    - `yaw`, `pitch`: where the nose stands between eyes and mouth, in eye distances from the frontal place;
      0 is frontal. Not angles.
    - `overall`: 0 to 1, what the template's frame is chosen by.
    """

    detection: float
    width: float
    brightness: float
    sharpness: float
    yaw: float
    pitch: float
    overall: float


@dataclass(frozen=True, slots=True)
class Measurement:
    """The result of one complete capture.

    - `template`: of the evidence frame of the best quality.
    - `live`: whether the person was present; None when liveness was not asked for.
    - `liveness_score`: the median over the evidence frames, 0 to 1; None likewise.
    - `frames`: how many evidence frames stand behind it.
    - `quality`: of the template's frame.
    """

    template: Template
    live: bool | None
    liveness_score: float | None
    frames: int
    quality: Quality


@dataclass(frozen=True, slots=True)
class Observation:
    """What one frame brought: a hint, the capture's progress (0 to 1), and at the end the measurement."""

    hint: Hint
    progress: float
    measurement: Measurement | None
