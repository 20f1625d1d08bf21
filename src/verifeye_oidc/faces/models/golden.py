"""Converted models must compute what the published ones do.

The expected numbers (golden.json) came from other code on the published files: OpenCV's own interpreter for
the two quantised graphs, plain numpy layer by layer for the two MiniFASNets (bench/faces/golden.py).
"""

import json
from importlib import resources

import numpy as np
import onnxruntime
from numpy.typing import NDArray

_SHAPES = {
    "yunet-2023mar.onnx": (1, 3, 640, 640),
    "sface-2021dec.onnx": (1, 3, 112, 112),
    "minifasnet-v2-2.7.onnx": (1, 3, 80, 80),
    "minifasnet-v1se-4.0.onnx": (1, 3, 80, 80),
}
_SAMPLES = 32


class GoldenMismatch(ValueError):
    """A graph's outputs differ from the golden ones."""


def synthetic_input(name: str) -> NDArray[np.float32]:
    """A fixed picture of waves, float32 0..255, in the model's shape: no face, but no two values alike."""
    _, channels, height, width = _SHAPES[name]
    c, y, x = np.meshgrid(np.arange(channels), np.arange(height), np.arange(width), indexing="ij")
    waves = np.sin(x * 0.13 + c) + np.cos(y * 0.07 - 2 * c) + np.sin((x + 2 * y) * 0.031)
    return np.asarray(np.rint((waves + 3) / 6 * 255)[None], dtype=np.float32)


def sample(outputs: list[NDArray[np.float32]]) -> list[list[float]]:
    """Evenly spaced values of each output: enough to tell graphs apart, few enough to keep."""
    rows = []
    for output in outputs:
        flat = output.reshape(-1)
        rows.append([float(value) for value in flat[np.linspace(0, flat.size - 1, _SAMPLES).astype(int)]])
    return rows


def check(name: str, graph: bytes) -> None:
    """Raises GoldenMismatch unless the graph's outputs on the synthetic input are the golden ones."""
    expected = json.loads((resources.files("verifeye_oidc.faces.models") / "golden.json").read_text())[name]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    outputs = session.run(sorted(names), {session.get_inputs()[0].name: synthetic_input(name)})
    distance = float(np.max(np.abs(np.array(sample(outputs)) - np.array(expected["outputs"]))))
    # A NaN fails this comparison too.
    if not distance <= expected["tolerance"]:
        raise GoldenMismatch(f"outputs differ by {distance:.2g}, more than {expected['tolerance']:.2g}")
