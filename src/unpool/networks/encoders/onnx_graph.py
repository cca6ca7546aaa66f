"""Graphs of ONNX, wrapped: pixels go in, vectors come out.

B images in a batch, S side, C channels, D numbers in a vector, T tokens.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from unpool.networks.preprocessing import Preprocessing

if TYPE_CHECKING:
    import onnx

INPUT, OUTPUT = "pixels", "vector"  # of every encoder.onnx
PREFIX = "unpool_"  # of the names that are added
Layout = Literal["NCHW", "NHWC"]
Pooling = Literal["none", "map", "mean", "first"]


@dataclass(frozen=True)
class Wiring:
    """What leads from pixels to vectors around a graph.

    Args:
        input: Name of the graph's input.
        output: Name of the output that becomes the vector.
        layout: Of the input.
        kind: Element type of the input, as ONNX numbers them.
        is_reversed: Whether its channels are blue, green, red.
        preprocessing: How pixels become its input; uint8 inputs take them as they are.
        pooling: What is made of the output: nothing, the mean of a map of features, the mean of tokens, or the
            first token.
    """

    input: str
    output: str
    layout: Layout
    kind: int
    is_reversed: bool
    preprocessing: Preprocessing
    pooling: Pooling


def wrap_graph(model: onnx.ModelProto, wiring: Wiring) -> onnx.ModelProto:
    """Build the encoder of a graph that takes any batch."""
    wrapped = copy.deepcopy(model)
    graph = wrapped.graph
    _forget_shapes(graph)
    names = {INPUT: f"{PREFIX}{INPUT}", OUTPUT: f"{PREFIX}{OUTPUT}"}
    _rename(graph, names)
    before = _nodes_before(wiring, names.get(wiring.input, wiring.input))
    after = _nodes_after(wiring, names.get(wiring.output, wiring.output))
    nodes = [*before, *graph.node, *after]
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.extend(_constants(wiring))
    _set_ends(graph, _pixels_shape(wiring), ["batch", None])
    return wrapped


def repeat_graph(wrapped: onnx.ModelProto, wiring: Wiring) -> onnx.ModelProto:
    """Build an encoder that runs once for each image.

    It serves graphs that take one image alone.

    Args:
        wrapped: As `wrap_graph` made it.
        wiring: Of the graph.
    """
    from onnx import TensorProto, helper, numpy_helper

    repeated = copy.deepcopy(wrapped)
    size, channels = wiring.preprocessing.size, wiring.preprocessing.channels
    body = copy.deepcopy(wrapped.graph)
    one, flat = f"{PREFIX}one", f"{PREFIX}flat"
    image, single = f"{PREFIX}image", f"{PREFIX}single"
    _rename(body, {INPUT: f"{PREFIX}inner_{INPUT}", OUTPUT: f"{PREFIX}inner_{OUTPUT}"})
    nodes = [
        helper.make_node("Reshape", [image, one], [f"{PREFIX}inner_{INPUT}"], f"{PREFIX}add_axis"),
        *body.node,
        helper.make_node("Reshape", [f"{PREFIX}inner_{OUTPUT}", flat], [single], f"{PREFIX}drop_axis"),
    ]
    inner = helper.make_graph(
        nodes, "one_image", [helper.make_tensor_value_info(image, TensorProto.UINT8, [size, size, channels])],
        [helper.make_tensor_value_info(single, TensorProto.FLOAT, None)],
        [
            *body.initializer,
            numpy_helper.from_array(np.array([1, size, size, channels], np.int64), one),
            numpy_helper.from_array(np.array([-1], np.int64), flat),
        ],
    )  # fmt: skip
    graph = repeated.graph
    for part in (graph.node, graph.initializer, graph.sparse_initializer, graph.value_info):
        del part[:]
    inner.sparse_initializer.extend(body.sparse_initializer)
    graph.node.append(
        helper.make_node("Scan", [INPUT], [OUTPUT], f"{PREFIX}each_image", body=inner, num_scan_inputs=1)
    )
    _set_ends(graph, _pixels_shape(wiring), ["batch", None])
    return repeated


def _nodes_before(wiring: Wiring, target: str) -> list[onnx.NodeProto]:
    """From pixels (B, S, S, C) uint8 to the input of the graph."""
    from onnx import TensorProto, helper

    steps: list[tuple[str, list[str], dict[str, object]]] = []
    if wiring.is_reversed:
        steps.append(("Gather", [f"{PREFIX}order"], {"axis": 3}))
    if wiring.kind != TensorProto.UINT8:
        steps += [
            ("Cast", [], {"to": TensorProto.FLOAT}),
            ("Mul", [f"{PREFIX}scale"], {}),
            ("Add", [f"{PREFIX}shift"], {}),
        ]
        if wiring.kind != TensorProto.FLOAT:
            steps.append(("Cast", [], {"to": wiring.kind}))
    if wiring.layout == "NCHW":
        steps.append(("Transpose", [], {"perm": [0, 3, 1, 2]}))
    steps = steps or [("Identity", [], {})]
    places = [INPUT, *(f"{PREFIX}before_{number}" for number in range(1, len(steps))), target]
    return [
        helper.make_node(
            kind, [places[number], *others], [places[number + 1]], f"{PREFIX}in_{number}", **values
        )
        for number, (kind, others, values) in enumerate(steps)
    ]


def _nodes_after(wiring: Wiring, source: str) -> list[onnx.NodeProto]:
    """From the output of the graph to vectors (B, D) float32."""
    from onnx import TensorProto, helper

    steps: list[tuple[str, list[str], dict[str, object]]] = [("Cast", [], {"to": TensorProto.FLOAT})]
    if wiring.pooling == "map" and wiring.layout == "NHWC":
        steps.append(("Transpose", [], {"perm": [0, 3, 1, 2]}))
    elif wiring.pooling == "mean":
        steps.append(("Transpose", [], {"perm": [0, 2, 1]}))
    if wiring.pooling == "first":
        steps.append(("Gather", [f"{PREFIX}first"], {"axis": 1}))
    elif wiring.pooling != "none":
        steps.append(("GlobalAveragePool", [], {}))
    steps.append(("Flatten", [], {"axis": 1}))
    places = [source, *(f"{PREFIX}after_{number}" for number in range(1, len(steps))), OUTPUT]
    return [
        helper.make_node(
            kind, [places[number], *others], [places[number + 1]], f"{PREFIX}out_{number}", **values
        )
        for number, (kind, others, values) in enumerate(steps)
    ]


def _constants(wiring: Wiring) -> list[onnx.TensorProto]:
    from onnx import numpy_helper

    mean, std = (np.array(each, np.float64) for each in (wiring.preprocessing.mean, wiring.preprocessing.std))
    values = {
        "scale": (1 / (255 * std)).astype(np.float32),
        "shift": (-mean / std).astype(np.float32),
        "order": np.array([2, 1, 0], np.int64),
        "first": np.array(0, np.int64),
    }
    return [numpy_helper.from_array(value, PREFIX + name) for name, value in values.items()]


def _pixels_shape(wiring: Wiring) -> list[int | str]:
    side, channels = wiring.preprocessing.size, wiring.preprocessing.channels
    return ["batch", side, side, channels]


def _set_ends(graph: onnx.GraphProto, pixels: Sequence[int | str], vectors: Sequence[str | None]) -> None:
    from onnx import TensorProto, helper

    stored = {each.name for each in graph.initializer}  # old files list weights among the inputs too
    rest = [each for each in graph.input if each.name in stored]
    del graph.input[:], graph.output[:]
    graph.input.extend([helper.make_tensor_value_info(INPUT, TensorProto.UINT8, pixels), *rest])
    graph.output.append(helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, vectors))


def _forget_shapes(graph: onnx.GraphProto) -> None:
    """Drop what is said of shapes inside: it may hold for another number of images."""
    del graph.value_info[:]


def _rename(graph: onnx.GraphProto, names: dict[str, str]) -> None:
    """Rename tensors, inside the graphs of loops and branches too."""
    for node in graph.node:
        for places in (node.input, node.output):
            for number, name in enumerate(places):
                places[number] = names.get(name, name)
        for inner in _graphs_of(node):
            _rename(inner, names)
    for part in (graph.input, graph.output, graph.initializer, graph.value_info):
        for each in part:
            each.name = names.get(each.name, each.name)
    for each in graph.sparse_initializer:
        each.values.name = names.get(each.values.name, each.values.name)


def _graphs_of(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs
