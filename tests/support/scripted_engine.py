"""An engine whose frames say themselves what is to be seen in them, for tests of what happens around it."""

import json
import threading
from typing import cast

import numpy as np

from tests.support.builders import face_vector
from verifeye_oidc.faces import (
    Engine,
    FrameRefused,
    Hint,
    Measurement,
    Observation,
    OperatingPoint,
    Quality,
    Recipe,
    Template,
)

RECIPE = Recipe(
    id="test-recipe-1",
    model_sha256="f" * 64,
    operating_points=(
        OperatingPoint(1e-4, 0.428, 0, 1, 1, 1),
        OperatingPoint(1e-5, 0.479, 0, 1, 1, 1),
        OperatingPoint(1e-6, 0.524, 0, 1, 1, 1),
    ),
)
_QUALITY = Quality(1.0, 200.0, 120.0, 100.0, 0.0, 0.0, 1.0)


def frame(hint: Hint = Hint.OK, *, face: int | None = None, live: bool = True) -> bytes:
    """A frame with this hint; with a face, the one that completes the measurement of that face."""
    return json.dumps({"hint": hint, "face": face, "live": live}).encode()


def template(face: int) -> Template:
    vector = np.frombuffer(face_vector(face), dtype="<f4")
    return Template(vector, RECIPE.id, RECIPE.model_sha256)


class ScriptedEngine:
    """Reads `frame`s. While `gate` is clear, nobody sees anything."""

    def __init__(self) -> None:
        self.recipe = RECIPE
        self.gate = threading.Event()
        self.gate.set()
        self.observed = 0

    def new_capture(self, *, liveness: bool) -> "ScriptedCapture":
        return ScriptedCapture(self, liveness)

    @property
    def as_engine(self) -> Engine:
        return cast("Engine", self)


class ScriptedCapture:
    def __init__(self, engine: ScriptedEngine, liveness: bool) -> None:
        self._engine = engine
        self._liveness = liveness

    def observe(self, jpeg: bytes, at: float) -> Observation:
        self._engine.gate.wait(10)
        self._engine.observed += 1
        try:
            said = json.loads(jpeg)
        except ValueError:
            raise FrameRefused("no frame") from None
        if said["face"] is None:
            return Observation(Hint(said["hint"]), 0.0, None)
        live = said["live"] if self._liveness else None
        score = None if live is None else float(live)
        return Observation(Hint.OK, 1.0, Measurement(template(said["face"]), live, score, 3, _QUALITY))
