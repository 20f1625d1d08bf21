"""MiniFASNet as an ONNX graph, rebuilt from its weights (minivision-ai, Silent-Face-Anti-Spoofing).

The network is a MobileFaceNet: convolutions with batch normalisation and PReLU, residual blocks of three of
them (expand, depthwise, project), and in the SE variant a squeeze-and-excitation on a stage's last block.
Shapes come from the weights; what they do not say (strides, paddings, what is residual) stands here.
"""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from verifeye_oidc.faces.models.dequantize import serialize
from verifeye_oidc.faces.models.torch_weights import read_tensors

_EPSILON = 1e-5  # torch's default for batch normalisation
_SIDE = 80


def build(published: bytes) -> bytes:
    """The ONNX bytes for a `.pth` file: input float32[n, 3, 80, 80], output float32[n, 3], logits."""
    return _Graph(read_tensors(published)).build()


class _Graph:
    def __init__(self, tensors: dict[str, NDArray[Any]]) -> None:
        self._tensors = {name.removeprefix("module."): array for name, array in tensors.items()}
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, NDArray[Any]] = {}

    def build(self) -> bytes:
        x = self._block("input", "conv1", stride=2, padding=1)
        x = self._block(x, "conv2_dw", padding=1)
        for shrinking, residual, blocks in (
            ("conv_23", "conv_3", 4),
            ("conv_34", "conv_4", 6),
            ("conv_45", "conv_5", 2),
        ):
            x = self._bottleneck(x, shrinking, stride=2)
            for index in range(blocks):
                name = f"{residual}.model.{index}"
                x = self._node(
                    "Add", x, self._excite(self._bottleneck(x, name, stride=1), f"{name}.se_module")
                )
        x = self._block(x, "conv_6_sep")
        x = self._block(x, "conv_6_dw")
        x = self._node("Flatten", x)
        x = self._linear(x)
        shape = ("n", 3, _SIDE, _SIDE)
        return serialize(
            nodes=self._nodes,
            inputs=[helper.make_tensor_value_info("input", onnx.TensorProto.FLOAT, shape)],
            outputs=[helper.make_tensor_value_info(x, onnx.TensorProto.FLOAT, ("n", 3))],
            constants=self._constants,
        )

    def _bottleneck(self, x: str, name: str, *, stride: int) -> str:
        x = self._block(x, f"{name}.conv")
        x = self._block(x, f"{name}.conv_dw", stride=stride, padding=1)
        return self._block(x, f"{name}.project")

    def _block(self, x: str, name: str, *, stride: int = 1, padding: int = 0) -> str:
        """Convolution with its batch normalisation folded in, and a PReLU where the weights have one."""
        x = self._convolution(x, f"{name}.conv", f"{name}.bn", stride=stride, padding=padding)
        slope = self._tensors.get(f"{name}.prelu.weight")
        if slope is None:
            return x
        return self._node("PRelu", x, self._constant(f"{name}.prelu", slope.reshape(-1, 1, 1)))

    def _excite(self, x: str, name: str) -> str:
        """Squeeze and excitation: each channel is weighted by a small network of the channels' means."""
        if f"{name}.fc1.weight" not in self._tensors:
            return x
        weights = self._node("GlobalAveragePool", x)
        weights = self._node("Relu", self._convolution(weights, f"{name}.fc1", f"{name}.bn1"))
        weights = self._node("Sigmoid", self._convolution(weights, f"{name}.fc2", f"{name}.bn2"))
        return self._node("Mul", x, weights)

    def _convolution(self, x: str, conv: str, norm: str, *, stride: int = 1, padding: int = 0) -> str:
        kernel = self._tensors[f"{conv}.weight"].astype(np.float64)
        scale, shift = self._normalisation(norm)
        depthwise = kernel.shape[1] == 1
        return self._node(
            "Conv",
            x,
            self._constant(f"{conv}.weight", kernel * scale.reshape(-1, 1, 1, 1)),
            self._constant(f"{conv}.bias", shift),
            group=kernel.shape[0] if depthwise else 1,
            strides=[stride, stride],
            pads=[padding] * 4,
        )

    def _linear(self, x: str) -> str:
        """The two linear layers, the normalisation between them folded into the first."""
        scale, shift = self._normalisation("bn")
        embedding = self._constant(
            "linear.weight", self._tensors["linear.weight"].astype(np.float64) * scale[:, None]
        )
        x = self._node("Gemm", x, embedding, self._constant("linear.bias", shift), transB=1)
        return self._node("Gemm", x, self._constant("prob.weight", self._tensors["prob.weight"]), transB=1)

    def _normalisation(self, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        gamma, beta, mean, variance = (
            self._tensors[f"{name}.{part}"].astype(np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = gamma / np.sqrt(variance + _EPSILON)
        return scale, beta - mean * scale

    def _constant(self, name: str, array: NDArray[Any]) -> str:
        self._constants[name] = array.astype(np.float32)
        return name

    def _node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        result = f"{operator}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [result], name=result, **attributes))
        return result
