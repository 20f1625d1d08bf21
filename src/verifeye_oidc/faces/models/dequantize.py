"""Fold block-quantised weights to float32, once, so that onnxruntime loads the graph everywhere.

The published int8 files keep each weight as int8 blocks behind a DequantizeLinear (ONNX operator set 21) and
a Reshape. Both are constants: they are computed here and leave the graph.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper


def fold(published: bytes, *, free_axes: Sequence[int]) -> bytes:
    """Replace quantised weights by float32 initialisers, and let these axes of the first input vary."""
    graph = onnx.load_model_from_string(published).graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    kept = []
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in constants:
            constants[node.output[0]] = _dequantize(node, constants)
        elif node.op_type == "Reshape" and all(name in constants for name in node.input):
            constants[node.output[0]] = constants[node.input[0]].reshape(constants[node.input[1]])
        else:
            kept.append(node)
    source = graph.input[0]
    for axis in free_axes:
        source.type.tensor_type.shape.dim[axis].dim_param = f"axis{axis}"
    for output in graph.output:
        for axis, dimension in enumerate(output.type.tensor_type.shape.dim):
            dimension.dim_param = f"{output.name}_{axis}"
    used = {name for node in kept for name in node.input}
    return serialize(
        nodes=kept,
        inputs=[source],
        outputs=graph.output,
        constants={name: array for name, array in constants.items() if name in used},
    )


def serialize(
    *,
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[onnx.ValueInfoProto],
    constants: dict[str, NDArray[Any]],
) -> bytes:
    """The bytes of a model, alike on every machine and for every version of onnx: they can be pinned."""
    initializers = [
        onnx.TensorProto(
            name=name,
            dims=array.shape,
            data_type=onnx.TensorProto.INT64 if array.dtype == np.int64 else onnx.TensorProto.FLOAT,
            raw_data=array.astype("<i8" if array.dtype == np.int64 else "<f4").tobytes(),
        )
        for name, array in constants.items()
    ]
    graph = onnx.GraphProto(name="faces", node=nodes, input=inputs, output=outputs, initializer=initializers)
    model = onnx.ModelProto(ir_version=8, graph=graph, opset_import=[onnx.OperatorSetIdProto(version=17)])
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def _dequantize(node: onnx.NodeProto, constants: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
    """(quantised - zero point) * scale, where a scale stands for a block along one axis."""
    quantised, scale, zero_point = (constants[name] for name in node.input)
    attributes = {attribute.name: attribute.i for attribute in node.attribute}
    axis, block = attributes["axis"], attributes["block_size"]
    scale = np.repeat(scale, block, axis=axis)
    zero_point = np.repeat(zero_point.astype(np.int32), block, axis=axis)
    folded = (quantised.astype(np.int32) - zero_point).astype(np.float32) * scale
    return np.asarray(folded, dtype=np.float32)
