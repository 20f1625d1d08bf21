"""The gates: whether a face is good enough to be evidence, and if not, what the person should change."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from verifeye_oidc.faces.detector import Face
from verifeye_oidc.faces.embedder import SIDE, similarity_transform
from verifeye_oidc.faces.measurement import Hint, Quality

# Measured on the clips and photographs of bench/faces: docs/explanation/accuracy.md.
_BYSTANDER_AREA = 0.4  # of the main face: from there on, whose face counts is in doubt
_LEAST_WIDTH = 64.0  # pixels: below, the 112 x 112 of the aligned face are mostly invented
_MOST_WIDTH = 0.65  # of the frame: above, anti-spoofing lacks the surroundings that it was trained with
_MOST_OUTSIDE = 0.15  # of the side of the aligned face
_LEAST_BRIGHTNESS = 45.0
_LEAST_SHARPNESS = 40.0
_MOST_YAW = 0.28
_MOST_PITCH = 0.28
_MOST_ROLL = 0.6  # sine of the eyes' tilt: 37 degrees
_FRONTAL_NOSE = 0.57  # how far down from the eyes to the mouth the nose of a frontal face stands


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the head points, judged from the five points: 0 is frontal. In eye distances, not angles."""

    yaw: float
    pitch: float
    roll: float


def choose(faces: list[Face]) -> Face | Hint:
    """The one face that a frame shows, or why there is not one."""
    if not faces:
        return Hint.NO_FACE
    main, *others = faces
    if any(other.area >= _BYSTANDER_AREA * main.area for other in others):
        return Hint.SEVERAL_FACES
    return main


def pose(points: NDArray[np.float32]) -> Pose:
    """The pose of a face with these five points, whatever its roll."""
    left_eye, right_eye, nose, left_mouth, right_mouth = points.astype(np.float64)
    eyes, mouth = (left_eye + right_eye) / 2, (left_mouth + right_mouth) / 2
    across = right_eye - left_eye
    distance = float(np.hypot(*across)) or 1.0
    right = across / distance
    down = np.array([-right[1], right[0]])
    # The nose against the line from the eyes' middle to the mouth's.
    length = float((mouth - eyes) @ down) or 1.0
    along = float((nose - eyes) @ down) / length
    middle = eyes + along * (mouth - eyes)
    return Pose(
        yaw=float((nose - middle) @ right) / distance,
        pitch=(along - _FRONTAL_NOSE) * length / distance,
        roll=float(across[1]) / distance,
    )


def place(face: Face, frame_width: int, frame_height: int) -> Hint:
    """Whether the face is in the frame, of a usable size, and looks at the camera."""
    direction = pose(face.points)
    if face.width > _MOST_WIDTH * frame_width:
        return Hint.TOO_CLOSE
    if _outside(face.points, frame_width, frame_height) > _MOST_OUTSIDE:
        return Hint.CUT_OFF
    if face.width < _LEAST_WIDTH:
        return Hint.TOO_SMALL
    if (
        abs(direction.yaw) > _MOST_YAW
        or abs(direction.pitch) > _MOST_PITCH
        or abs(direction.roll) > _MOST_ROLL
    ):
        return Hint.TURNED_AWAY
    return Hint.OK


def _outside(points: NDArray[np.float32], frame_width: int, frame_height: int) -> float:
    """How far the aligned face reaches out of the frame, in its sides; the detector's box never does."""
    transform = similarity_transform(points)
    linear, shift = transform[:, :2], transform[:, 2]
    scale = float(np.hypot(*linear[0]))
    if scale == 0.0:
        return math.inf
    side = SIDE / scale
    first = np.linalg.solve(linear, SIDE / 2 - shift) - side / 2
    beyond = first + side - (frame_width, frame_height)
    return float(max(*-first, *beyond)) / side


def assess(face: Face, aligned: NDArray[np.uint8]) -> tuple[Hint, Quality]:
    """Whether the aligned face (uint8[112, 112, 3], BGR) is bright and sharp enough, and how good it is."""
    grey = cv2.cvtColor(aligned, cv2.COLOR_BGR2GRAY)
    brightness = float(grey.mean())
    sharpness = float(cv2.Laplacian(grey, cv2.CV_32F).var())
    direction = pose(face.points)
    hint = Hint.OK
    if brightness < _LEAST_BRIGHTNESS:
        hint = Hint.TOO_DARK
    elif sharpness < _LEAST_SHARPNESS:
        hint = Hint.BLURRED
    quality = Quality(
        detection=face.score,
        width=face.width,
        brightness=brightness,
        sharpness=sharpness,
        yaw=direction.yaw,
        pitch=direction.pitch,
        overall=_overall(face, brightness, sharpness, direction),
    )
    return hint, quality


def _overall(face: Face, brightness: float, sharpness: float, direction: Pose) -> float:
    frontal = max(0.0, 1 - abs(direction.yaw) / _MOST_YAW) * max(0.0, 1 - abs(direction.pitch) / _MOST_PITCH)
    lit = 1 - abs(brightness - 128) / 128
    sharp = min(1.0, sharpness / (10 * _LEAST_SHARPNESS))
    return face.score * (0.4 + 0.6 * frontal) * (0.5 + 0.5 * lit) * (0.3 + 0.7 * sharp)
