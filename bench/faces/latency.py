"""Time and memory of the engine on this machine, one thread.

    python -m bench.faces.latency [PHOTOGRAPH]

A *hint* is decoding, detection and the gates of one frame of 640 x 480; an *evidence* frame adds the
embedding and the anti-spoofing scores. Without a photograph, an openly licensed one is used.
"""

import json
import resource
import statistics
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from verifeye_oidc.faces import Capture, Engine, models
from verifeye_oidc.faces.capture import EVIDENCE_INTERVAL

ROUNDS = 60
WIDTH, HEIGHT = 640, 480


def measure(models_dir: Path, photograph: Path) -> dict[str, float]:
    """Loading in seconds, frames in milliseconds, the most resident memory in megabytes before and after."""
    before = resident_megabytes()
    start = time.perf_counter()
    engine = Engine.load(models_dir)
    loaded = time.perf_counter() - start
    frame = webcam_frame(photograph)
    hints, evidence = [], []
    for _ in range(ROUNDS):
        capture = engine.new_capture(liveness=True)
        evidence.append(observe(capture, frame, 0.0))
        hints.append(observe(capture, frame, EVIDENCE_INTERVAL / 2))
    return {
        "load_s": round(loaded, 3),
        "hint_ms_p50": percentile(hints, 50),
        "hint_ms_p95": percentile(hints, 95),
        "evidence_ms_p50": percentile(evidence, 50),
        "evidence_ms_p95": percentile(evidence, 95),
        "resident_mb_before": before,
        "resident_mb_after": resident_megabytes(),
    }


def observe(capture: Capture, frame: bytes, at: float) -> float:
    """Milliseconds for one frame."""
    start = time.perf_counter()
    seen = capture.observe(frame, at)
    elapsed = 1000 * (time.perf_counter() - start)
    assert seen.progress > 0, f"the photograph gives no evidence: {seen.hint}"
    return elapsed


def webcam_frame(photograph: Path) -> bytes:
    """The photograph, whole, in the middle of a frame of 640 x 480, as a browser would send it."""
    image = cv2.imread(str(photograph))
    assert image is not None, f"{photograph} is no picture"
    scale = min(WIDTH / image.shape[1], HEIGHT / image.shape[0])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    frame = np.full((HEIGHT, WIDTH, 3), 128, dtype=np.uint8)
    top, left = (HEIGHT - small.shape[0]) // 2, (WIDTH - small.shape[1]) // 2
    frame[top : top + small.shape[0], left : left + small.shape[1]] = small
    return cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()


def percentile(values: list[float], percent: int) -> float:
    return round(statistics.quantiles(values, n=100, method="inclusive")[percent - 1], 1)


def resident_megabytes() -> float:
    """The most that this process ever had in memory."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        chosen = Path(sys.argv[1])
    else:
        from tests.support.open_faces import open_face

        chosen = open_face("person_a_1")
    print(json.dumps(measure(models.default_dir(), chosen), indent=1))
