"""The models, loaded and ready."""

from pathlib import Path

import cv2
import onnxruntime

from verifeye_oidc.faces import models
from verifeye_oidc.faces.antispoof import AntiSpoof
from verifeye_oidc.faces.capture import Capture
from verifeye_oidc.faces.detector import Detector
from verifeye_oidc.faces.embedder import Embedder
from verifeye_oidc.faces.frame import FrameLimits
from verifeye_oidc.faces.models.catalog import DETECTOR, EMBEDDER, SPOOF_NEAR, SPOOF_WIDE, Model
from verifeye_oidc.faces.recipe import RECIPE, Recipe


class Engine:
    """Four models in memory. One engine serves any number of threads; each attempt gets its own capture."""

    recipe: Recipe = RECIPE

    def __init__(
        self, detector: Detector, embedder: Embedder, antispoof: AntiSpoof, limits: FrameLimits | None = None
    ) -> None:
        self._detector = detector
        self._embedder = embedder
        self._antispoof = antispoof
        self._limits = limits or FrameLimits()

    @classmethod
    def load(
        cls, models_dir: Path, *, max_frame_bytes: int = 2 * 1024 * 1024, max_frame_pixels: int = 1_500_000
    ) -> "Engine":
        """Load the installed models, each checked against its hash.

        Every network and OpenCV (for the whole process) use the calling thread only: several workers would
        fight over the cores otherwise. Raises models.InstallError, which names the file and the command.
        """
        cv2.setNumThreads(1)
        return cls(
            Detector(session(models_dir, DETECTOR)),
            Embedder(session(models_dir, EMBEDDER)),
            AntiSpoof(session(models_dir, SPOOF_NEAR), session(models_dir, SPOOF_WIDE)),
            FrameLimits(bytes=max_frame_bytes, pixels=max_frame_pixels),
        )

    def new_capture(self, *, liveness: bool) -> Capture:
        """One attempt at measuring one face, with or without the liveness decision."""
        return Capture(
            detector=self._detector,
            embedder=self._embedder,
            antispoof=self._antispoof if liveness else None,
            recipe=self.recipe,
            limits=self._limits,
        )


def session(models_dir: Path, model: Model) -> onnxruntime.InferenceSession:
    """One checked model on one thread, which sleeps while it waits. Raises models.InstallError."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        models.read(models_dir, model), options, providers=["CPUExecutionProvider"]
    )
