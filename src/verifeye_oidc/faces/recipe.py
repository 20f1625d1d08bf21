"""The recipe: how a template is made, and what its similarities were measured to mean.

A threshold belongs to a recipe. Whoever changes the model, the alignment, the mirroring, or the number of
frames that make up a template changes `id` and measures again (`bench/faces/calibrate.py`).
"""

from dataclasses import dataclass


class UnmeasuredRate(ValueError):
    """No threshold was measured for this false match rate."""


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """One measured threshold, with the counts it rests on.

    `false_match_rate` is the rate asked for; `false_matches` of `impostor_pairs` and `true_matches` of
    `genuine_pairs` reached `threshold` (a cosine).
    """

    false_match_rate: float
    threshold: float
    false_matches: int
    impostor_pairs: int
    true_matches: int
    genuine_pairs: int


@dataclass(frozen=True, slots=True)
class Recipe:
    """How templates are made: a name, the embedding model's published file, and its operating points."""

    id: str
    model_sha256: str
    operating_points: tuple[OperatingPoint, ...]

    def threshold(self, false_match_rate: float) -> float:
        """The cosine from which two templates are the same person at this false match rate.

        Raises UnmeasuredRate for a rate that was not measured: nothing is interpolated.
        """
        for point in self.operating_points:
            if point.false_match_rate == false_match_rate:
                return point.threshold
        measured = ", ".join(f"{point.false_match_rate:g}" for point in self.operating_points)
        raise UnmeasuredRate(
            f"no threshold was measured for the false match rate {false_match_rate:g}: take one of {measured}"
        )


# LFW, folds 1 to 5: see docs/explanation/accuracy.md.
RECIPE = Recipe(
    id="sface-2021dec-mirrored-1",
    model_sha256="fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
    operating_points=(
        OperatingPoint(1e-3, 0.3744, 7_250, 7_255_536, 1_482, 1_500),
        OperatingPoint(1e-4, 0.4288, 724, 7_255_536, 1_462, 1_500),
        OperatingPoint(1e-5, 0.4785, 72, 7_255_536, 1_437, 1_500),
        OperatingPoint(1e-6, 0.5263, 7, 7_255_536, 1_396, 1_500),
    ),
)
