"""The gates and the pose behind them, on drawn faces."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifeye_oidc.faces import Hint
from verifeye_oidc.faces.antispoof import surroundings
from verifeye_oidc.faces.detector import Face
from verifeye_oidc.faces.embedder import similarity_transform
from verifeye_oidc.faces.quality import assess, choose, place, pose

FRONTAL = np.array([[-20, -20], [20, -20], [0, 3], [-16, 20], [16, 20]], dtype=np.float32)


def face(x: float = 250, y: float = 150, width: float = 100, height: float = 130) -> Face:
    centre = np.array([x + width / 2, y + height / 2])
    return Face(x, y, width, height, 0.9, (FRONTAL * width / 100 + centre).astype(np.float32))


def turned(radians: float, nose: tuple[float, float] = (0.0, 0.0)) -> np.typing.NDArray[np.float32]:
    points = FRONTAL.copy()
    points[2] += nose
    rotation = np.array([[math.cos(radians), -math.sin(radians)], [math.sin(radians), math.cos(radians)]])
    return np.asarray(points @ rotation.T, dtype=np.float32)


def test_a_frame_shows_one_face_or_says_why_not() -> None:
    assert choose([]) is Hint.NO_FACE
    main, small, large = face(), face(width=60, height=78), face(width=66, height=86)
    assert choose([main]) is main
    assert choose([main, small]) is main
    assert choose([main, large]) is Hint.SEVERAL_FACES


@pytest.mark.parametrize(
    ("where", "hint"),
    [
        (face(), Hint.OK),
        (face(width=60, height=78), Hint.TOO_SMALL),
        (face(x=100, y=10, width=430, height=460), Hint.TOO_CLOSE),
        (face(x=-30), Hint.CUT_OFF),
        (face(x=570), Hint.CUT_OFF),
        (face(y=-40), Hint.CUT_OFF),
        (face(y=400), Hint.CUT_OFF),
        (face(x=4), Hint.OK),
        (face(x=536), Hint.OK),
        (replace(face(), points=turned(0, nose=(14, 0)) + 200), Hint.TURNED_AWAY),
        (replace(face(), points=turned(0, nose=(-14, 0)) + 200), Hint.TURNED_AWAY),
        (replace(face(), points=turned(0, nose=(0, 14)) + 200), Hint.TURNED_AWAY),
        (replace(face(), points=turned(0, nose=(0, -14)) + 200), Hint.TURNED_AWAY),
        (replace(face(), points=turned(0.7) + 200), Hint.TURNED_AWAY),
        (replace(face(), points=turned(0.3) + 200), Hint.OK),
    ],
)
def test_where_the_face_is_and_looks(where: Face, hint: Hint) -> None:
    assert place(where, 640, 480) is hint


@given(st.floats(-0.6, 0.6), st.floats(-15, 15))
def test_yaw_and_pitch_do_not_depend_on_roll(radians: float, nose: float) -> None:
    upright, rolled = pose(turned(0, nose=(nose, nose / 2))), pose(turned(radians, nose=(nose, nose / 2)))
    assert rolled.yaw == pytest.approx(upright.yaw, abs=1e-4)
    assert rolled.pitch == pytest.approx(upright.pitch, abs=1e-4)
    assert rolled.roll == pytest.approx(math.sin(radians), abs=1e-4)


def test_a_nose_to_the_pictures_right_is_a_positive_yaw() -> None:
    assert pose(turned(0, nose=(8, 0))).yaw == pytest.approx(0.2, abs=1e-3)


def test_dark_and_flat_faces_are_told_apart() -> None:
    noise = np.random.default_rng(0).integers(80, 180, (112, 112, 3)).astype(np.uint8)
    assert assess(face(), noise)[0] is Hint.OK
    assert assess(face(), noise // 8)[0] is Hint.TOO_DARK
    assert assess(face(), np.full((112, 112, 3), 128, np.uint8))[0] is Hint.BLURRED


def test_a_frontal_face_is_of_better_quality_than_a_turned_one() -> None:
    noise = np.random.default_rng(0).integers(80, 180, (112, 112, 3)).astype(np.uint8)
    aside = replace(face(), points=turned(0, nose=(8, 0)))
    assert assess(face(), noise)[1].overall > assess(aside, noise)[1].overall


@given(st.floats(-3, 3), st.floats(0.2, 5), st.floats(-300, 300), st.floats(-300, 300))
def test_alignment_undoes_any_turn_size_and_place(radians: float, scale: float, x: float, y: float) -> None:
    expected = similarity_transform(FRONTAL) @ np.vstack([FRONTAL.T, np.ones(5)])
    moved = turned(radians) * scale + np.array([x, y])
    again = similarity_transform(moved.astype(np.float32)) @ np.vstack([moved.T, np.ones(5)])
    assert np.allclose(again, expected, atol=0.05)


@given(
    st.floats(-200, 700),
    st.floats(-200, 500),
    st.floats(4, 700),
    st.floats(4, 700),
    st.sampled_from([2.7, 4.0]),
)
def test_surroundings_stay_inside_the_frame(
    x: float, y: float, width: float, height: float, scale: float
) -> None:
    image = np.zeros((480, 640, 3), np.uint8)
    assert surroundings(image, Face(x, y, width, height, 0.9, FRONTAL), scale).shape == (80, 80, 3)


def test_surroundings_are_so_many_times_the_face() -> None:
    image = np.zeros((480, 640, 3), np.uint8)
    image[:, 270:371] = 255  # 100 wide, the face's centre in the middle
    crop = surroundings(image, Face(300, 220, 40, 40, 0.9, FRONTAL), 4.0)
    assert (crop[0, :, 0] > 127).sum() == pytest.approx(80 * 100 / 160, abs=1)
