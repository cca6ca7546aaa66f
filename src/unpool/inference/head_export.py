"""Heads as ONNX files: vectors → probabilities.

M images, D numbers a vector, K classes, J neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from unpool.analysis.classification.heads import NUM_NEIGHBOURS, VOTE_FLOOR, VOTE_WIDTH, Head

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

INPUT, OUTPUT = "vector", "probability"
OPSET, IR_VERSION = 17, 8  # of 2022, which every runtime reads
MIN_LENGTH = 1e-12  # of a vector that is divided by its length


class _Graph:
    """Nodes and constants that are collected."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def keep(self, value: object, kind: type = np.float32) -> str:
        """Add a constant; returns its name."""
        from onnx import numpy_helper

        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, kind), name))
        return name

    def add(self, operator: str, *inputs: str, outputs: int = 1, **options: object) -> str:
        """Add a node; returns the name of its first output."""
        from onnx import helper

        name = f"n{len(self.nodes)}"
        names = [name, *(f"{name}_{number}" for number in range(1, outputs))]
        self.nodes.append(helper.make_node(operator, inputs, names, **options))
        return name


def build_onnx(head: Head, temperature: float, classes: Sequence[str]) -> ModelProto:
    """Build the graph of a head.

    Args:
        head: What turns vectors into scores; each of its classes has had an image.
        temperature: What scores are divided by.
        classes: Names of its classes, kept in the metadata.

    Returns:
        An ONNX model of `vector` (M, D) float32 → `probability` (M, K).
    """
    import json

    from onnx import TensorProto, helper

    graph = _Graph()
    logit = _ADDERS[head.kind](graph, _add_unit_length(graph, INPUT), head.arrays)
    scaled = graph.add("Div", logit, graph.keep(temperature))
    graph.nodes.append(helper.make_node("Softmax", [scaled], [OUTPUT], axis=1))
    whole = helper.make_graph(
        graph.nodes, "head",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["images", head.dimension])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["images", head.num_classes])],
        graph.constants,
    )  # fmt: skip
    model: ModelProto = helper.make_model(
        whole, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="unpool"
    )
    helper.set_model_props(model, {"classes": json.dumps(list(classes))})
    return model


def _add_linear(graph: _Graph, unit: str, arrays: Mapping[str, np.ndarray]) -> str:
    return graph.add("Gemm", unit, graph.keep(arrays["weight"]), graph.keep(arrays["bias"]))


def _add_mlp(graph: _Graph, unit: str, arrays: Mapping[str, np.ndarray]) -> str:
    hidden = graph.add("Gemm", unit, graph.keep(arrays["hidden_weight"]), graph.keep(arrays["hidden_bias"]))
    return _add_linear(graph, graph.add("Relu", hidden), arrays)


def _add_kernel(graph: _Graph, unit: str, arrays: Mapping[str, np.ndarray]) -> str:
    root = graph.add("Mul", graph.add("Sign", unit), graph.add("Sqrt", graph.add("Abs", unit)))
    centred = _add_unit_length(graph, graph.add("Sub", root, graph.keep(arrays["mean"])))
    cosine = graph.add("MatMul", centred, graph.keep(arrays["landmarks"].T))
    return _add_linear(graph, graph.add("Exp", graph.add("Sub", cosine, graph.keep(1.0))), arrays)


def _add_unit_length(graph: _Graph, vector: str) -> str:
    length = graph.add("ReduceL2", vector, axes=[1], keepdims=1)
    return graph.add("Div", vector, graph.add("Max", length, graph.keep([[MIN_LENGTH]])))


def _add_knn(graph: _Graph, unit: str, arrays: Mapping[str, np.ndarray]) -> str:
    code_N = arrays["codes"].astype(np.int64)
    vote_NK = np.eye(int(code_N.max()) + 1, dtype=np.float32)[code_N]
    cosine = graph.add("MatMul", unit, graph.keep(arrays["vectors"].T))
    near = graph.add("TopK", cosine, graph.keep([min(NUM_NEIGHBOURS, len(code_N))], np.int64), outputs=2)
    best = graph.add("ReduceMax", near, axes=[1], keepdims=1)
    weight = graph.add("Exp", graph.add("Div", graph.add("Sub", near, best), graph.keep(VOTE_WIDTH)))
    weight_MJ1 = graph.add("Unsqueeze", weight, graph.keep([2], np.int64))
    vote_MJK = graph.add("Gather", graph.keep(vote_NK), f"{near}_1", axis=0)
    sum_MK = graph.add(
        "ReduceSum", graph.add("Mul", vote_MJK, weight_MJ1), graph.keep([1], np.int64), keepdims=0
    )
    return graph.add("Log", graph.add("Add", sum_MK, graph.keep(VOTE_FLOOR)))


_ADDERS = {"linear": _add_linear, "kernel": _add_kernel, "knn": _add_knn, "mlp": _add_mlp}
