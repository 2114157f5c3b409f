"""Small networks in ONNX files, made for a test."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

Shape = Sequence[int | str]


def write_onnx(
    path: Path,
    nodes: Sequence[NodeProto],
    inputs: Mapping[str, Shape],
    outputs: Mapping[str, Shape],
    constants: Mapping[str, np.ndarray],
    metadata: object = None,
) -> Path:
    """Write a network to a file, with `metadata` as JSON under the key "attrai", if there are any.

    Args:
        path: the file.
        nodes: its operations.
        inputs: the shape of each input by its name; a dimension with a name may be any.
        outputs: likewise.
        constants: its weights.
        metadata: what it says of itself.
    """
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs.items()],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in outputs.items()],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    if metadata is not None:
        helper.set_model_props(model, {"attrai": json.dumps(metadata)})
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path


def node(operation: str, inputs: str, output: str, **attributes: object) -> NodeProto:
    """Return an operation on space-separated inputs."""
    return helper.make_node(operation, inputs.split(), [output], **attributes)
