"""Make golden.json: what the published models compute, by code that shares nothing with ours.

    python -m bench.faces.golden FOLDER_WITH_THE_WHEELS > src/verifeye_oidc/faces/models/golden.json

OpenCV's interpreter runs the two quantised graphs as published. The MiniFASNets are computed here layer by
layer in float64, with their normalisations unfolded.
"""

import json
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from verifeye_oidc.faces.models.catalog import DETECTOR, EMBEDDER, SPOOF_NEAR, SPOOF_WIDE
from verifeye_oidc.faces.models.golden import sample, synthetic_input
from verifeye_oidc.faces.models.installer import extract
from verifeye_oidc.faces.models.torch_weights import read_tensors

Array = NDArray[Any]
OUTPUTS = {
    DETECTOR: [f"{kind}_{stride}" for kind in ("bbox", "cls", "kps", "obj") for stride in (16, 32, 8)],
    EMBEDDER: ["fc1"],
}


def opencv(published: bytes, picture: Array, outputs: list[str]) -> list[Array]:
    net = cv2.dnn.readNetFromONNX(np.frombuffer(published, dtype=np.uint8))
    net.setInput(picture)
    return [np.asarray(array) for array in net.forward(outputs)]


class MiniFasNet:
    """The forward pass in plain numpy."""

    def __init__(self, weights: dict[str, Array]) -> None:
        self.w = {k.removeprefix("module."): v.astype(np.float64) for k, v in weights.items()}

    def logits(self, picture: Array) -> Array:
        x = picture[0].astype(np.float64)
        x = self.unit(x, "conv1", 2, 1)
        x = self.unit(x, "conv2_dw", 1, 1)
        for head, body, blocks in (
            ("conv_23", "conv_3", 4),
            ("conv_34", "conv_4", 6),
            ("conv_45", "conv_5", 2),
        ):
            x = self.separable(x, head, 2)
            for index in range(blocks):
                name = f"{body}.model.{index}"
                x = x + self.gate(self.separable(x, name, 1), f"{name}.se_module")
        x = self.unit(self.unit(x, "conv_6_sep", 1, 0), "conv_6_dw", 1, 0)
        embedding = self.norm(self.w["linear.weight"] @ x.reshape(-1), "bn")
        return np.asarray(self.w["prob.weight"] @ embedding)[None]

    def separable(self, x: Array, name: str, stride: int) -> Array:
        x = self.unit(x, f"{name}.conv", 1, 0)
        x = self.unit(x, f"{name}.conv_dw", stride, 1)
        return self.unit(x, f"{name}.project", 1, 0)

    def unit(self, x: Array, name: str, stride: int, padding: int) -> Array:
        x = self.norm(convolve(x, self.w[f"{name}.conv.weight"], stride, padding), f"{name}.bn")
        slope = self.w.get(f"{name}.prelu.weight")
        return x if slope is None else np.where(x > 0, x, x * slope[:, None, None])

    def gate(self, x: Array, name: str) -> Array:
        if f"{name}.fc1.weight" not in self.w:
            return x
        mean = x.mean(axis=(1, 2), keepdims=True)
        hidden = np.maximum(self.norm(convolve(mean, self.w[f"{name}.fc1.weight"], 1, 0), f"{name}.bn1"), 0)
        gate = self.norm(convolve(hidden, self.w[f"{name}.fc2.weight"], 1, 0), f"{name}.bn2")
        return np.asarray(x / (1 + np.exp(-gate)))

    def norm(self, x: Array, name: str) -> Array:
        gamma, beta, mean, variance = (
            self.w[f"{name}.{part}"].reshape((-1,) + (1,) * (x.ndim - 1))
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        return np.asarray((x - mean) / np.sqrt(variance + 1e-5) * gamma + beta)


def convolve(x: Array, kernel: Array, stride: int, padding: int) -> Array:
    side = kernel.shape[2]
    padded = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side), axis=(1, 2))[
        :, ::stride, ::stride
    ]
    if kernel.shape[1] == 1:
        return np.asarray(np.einsum("cyxij,cij->cyx", windows, kernel[:, 0]))
    return np.asarray(np.einsum("cyxij,ocij->oyx", windows, kernel, optimize=True))


def main(wheels: Path) -> None:
    golden = {}
    for model, names in OUTPUTS.items():
        outputs = opencv(extract(model, wheels), synthetic_input(model.name), names)
        golden[model.name] = {"tolerance": 1e-3, "outputs": sample(outputs)}
    for model in (SPOOF_NEAR, SPOOF_WIDE):
        net = MiniFasNet(read_tensors(extract(model, wheels)))
        golden[model.name] = {"tolerance": 1e-4, "outputs": sample([net.logits(synthetic_input(model.name))])}
    json.dump(golden, sys.stdout, indent=1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
