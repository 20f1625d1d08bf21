"""One attempt at measuring one face, frame by frame.

Every frame gets a hint. A frame without a fault may become *evidence*, which costs more: an embedding and,
where liveness is asked for, an anti-spoofing score, both of the same box. A measurement needs several
evidence frames in a row that follow one face and agree in identity; anything else starts the row anew.
"""

from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from verifeye_oidc.faces import quality
from verifeye_oidc.faces.antispoof import AntiSpoof
from verifeye_oidc.faces.detector import Detector, Face
from verifeye_oidc.faces.embedder import Embedder, align
from verifeye_oidc.faces.frame import FrameLimits, decode
from verifeye_oidc.faces.measurement import Hint, Measurement, Observation, Quality
from verifeye_oidc.faces.recipe import Recipe
from verifeye_oidc.faces.template import Template

EVIDENCE_FRAMES = 3
EVIDENCE_INTERVAL = 0.3  # seconds: frames closer than that are hardly new
LIVE_SCORE = 0.5
SAME_FACE = 0.6  # cosine between evidence frames; one face through natural turns stays above 0.74
LONGEST_GAP = 1.5  # seconds without this face, after which it is another appearance
LARGEST_MOVE = 0.5  # of the face's width, between two frames


@dataclass(frozen=True, slots=True)
class _Evidence:
    vector: NDArray[np.float32]
    live: float | None
    quality: Quality


class Capture:
    """Frames in, hints out, one measurement at the end. Not thread-safe. Keeps numbers, never a frame."""

    def __init__(
        self,
        *,
        detector: Detector,
        embedder: Embedder,
        antispoof: AntiSpoof | None,
        recipe: Recipe,
        limits: FrameLimits,
    ) -> None:
        self._detector = detector
        self._embedder = embedder
        self._antispoof = antispoof
        self._recipe = recipe
        self._limits = limits
        self._evidence: list[_Evidence] = []
        self._evidence_at = -np.inf
        self._tracked: Face | None = None
        self._tracked_at = -np.inf
        self._measurement: Measurement | None = None

    def observe(self, jpeg: bytes, at: float) -> Observation:
        """Look at one frame, taken `at` this many seconds (monotonic; only differences count).

        Once complete, the same measurement is returned and further frames are not looked at.
        Raises FrameRefused; the capture goes on with the next frame.
        """
        if self._measurement is not None:
            return self._observation(Hint.OK)
        image = decode(jpeg, self._limits)
        return self._observation(self._look(image, at))

    def _look(self, image: NDArray[np.uint8], at: float) -> Hint:
        face = quality.choose(self._detector.detect(image))
        if isinstance(face, Hint):
            if face is Hint.SEVERAL_FACES:
                self._start_anew()
            return face
        self._follow(face, at)
        hint = quality.place(face, image.shape[1], image.shape[0])
        if hint is not Hint.OK:
            return hint
        aligned = align(image, face.points)
        hint, numbers = quality.assess(face, aligned)
        if hint is Hint.OK and at - self._evidence_at >= EVIDENCE_INTERVAL:
            self._evidence_at = at
            self._add(
                _Evidence(
                    vector=self._embedder.embed(aligned),
                    live=self._antispoof.score(image, face) if self._antispoof else None,
                    quality=numbers,
                )
            )
        return hint

    def _follow(self, face: Face, at: float) -> None:
        """Evidence stays only while the face is where it was."""
        before = self._tracked
        if before is not None and (at - self._tracked_at > LONGEST_GAP or not _continues(before, face)):
            self._start_anew()
        self._tracked, self._tracked_at = face, at

    def _add(self, evidence: _Evidence) -> None:
        if any(float(np.dot(evidence.vector, other.vector)) < SAME_FACE for other in self._evidence):
            self._start_anew()
        self._evidence.append(evidence)
        if len(self._evidence) == EVIDENCE_FRAMES:
            self._measurement = self._measure()

    def _start_anew(self) -> None:
        self._evidence = []

    def _measure(self) -> Measurement:
        best = max(self._evidence, key=lambda evidence: evidence.quality.overall)
        scores = [evidence.live for evidence in self._evidence if evidence.live is not None]
        score = median(scores) if scores else None
        return Measurement(
            template=Template(best.vector, self._recipe.id, self._recipe.model_sha256),
            live=None if score is None else score >= LIVE_SCORE,
            liveness_score=score,
            frames=len(self._evidence),
            quality=best.quality,
        )

    def _observation(self, hint: Hint) -> Observation:
        return Observation(hint, len(self._evidence) / EVIDENCE_FRAMES, self._measurement)


def _continues(before: Face, now: Face) -> bool:
    """Whether this may be the same face a moment later: near the old place and of about the old size."""
    moved = np.hypot(
        before.x + before.width / 2 - now.x - now.width / 2,
        before.y + before.height / 2 - now.y - now.height / 2,
    )
    size = max(before.width, now.width)
    return bool(moved <= LARGEST_MOVE * size) and min(before.width, now.width) >= 0.6 * size
