"""Templates, their storage and their comparison."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from verifeye_oidc.faces import RECIPE, RecipeMismatch, Template, UnmeasuredRate, similarity


def template(
    vector: np.typing.NDArray[np.float32], recipe_id: str = "r", model_sha256: str = "m"
) -> Template:
    return Template(vector / np.linalg.norm(vector), recipe_id, model_sha256)


def one_hot(index: int) -> np.typing.NDArray[np.float32]:
    return np.asarray(np.eye(128)[index], dtype=np.float32)


vectors = arrays(np.float32, 128, elements=st.floats(-1, 1, width=32)).filter(
    lambda v: np.linalg.norm(v) > 0.01
)
templates = vectors.map(template)


@given(templates, templates)
def test_similarity_is_symmetric_and_bounded(a: Template, b: Template) -> None:
    assert similarity(a, b) == similarity(b, a)
    assert -1.0 <= similarity(a, b) <= 1.0


@given(templates)
def test_a_face_is_most_similar_to_itself(a: Template) -> None:
    assert similarity(a, a) == pytest.approx(1.0, abs=1e-5)


@given(templates)
def test_storage_gives_back_every_bit(a: Template) -> None:
    stored = a.to_bytes()
    assert len(stored) == 512
    again = Template.from_bytes(stored, a.recipe_id, a.model_sha256)
    assert again.to_bytes() == stored
    assert similarity(again, a) == similarity(a, a)


def test_opposite_and_unrelated_faces() -> None:
    assert similarity(template(one_hot(0)), template(-one_hot(0))) == -1.0
    assert similarity(template(one_hot(0)), template(one_hot(1))) == 0.0


@pytest.mark.parametrize(("recipe_id", "model_sha256"), [("other", "m"), ("r", "other")])
def test_templates_of_another_making_are_not_compared(recipe_id: str, model_sha256: str) -> None:
    with pytest.raises(RecipeMismatch, match="enrol"):
        similarity(template(one_hot(0)), template(one_hot(0), recipe_id, model_sha256))


@pytest.mark.parametrize("data", [b"", bytes(511), bytes(512), bytes(513), b"\xff" * 512])
def test_bytes_that_are_no_template_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="template"):
        Template.from_bytes(data, "r", "m")


def test_a_template_cannot_be_changed_or_printed() -> None:
    vector = one_hot(3)
    kept = Template(vector, "r", "m")
    vector[3] = 0.5
    assert kept.vector[3] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        kept.vector[3] = 0.5
    assert "vector" not in repr(kept)


def test_thresholds_only_for_measured_rates_and_stricter_for_rarer_ones() -> None:
    rates = [1e-3, 1e-4, 1e-5, 1e-6]
    thresholds = [RECIPE.threshold(rate) for rate in rates]
    assert thresholds == sorted(thresholds)
    assert thresholds[2] == pytest.approx(0.479, abs=0.002)
    with pytest.raises(UnmeasuredRate, match=r"0\.001, 0\.0001, 1e-05, 1e-06"):
        RECIPE.threshold(5e-4)


def test_the_counts_bear_out_the_rates() -> None:
    for point in RECIPE.operating_points:
        assert point.false_matches / point.impostor_pairs <= point.false_match_rate
        assert point.false_matches / point.impostor_pairs > 0.9 * point.false_match_rate
