"""A graph that is wrapped gives what it gave, whatever its layout, types and names."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from unpool.networks.encoders.onnx_graph import Wiring, repeat_graph, wrap_graph
from unpool.networks.preprocessing import Preprocessing

SIDE, CHANNELS = 4, 3
PREP = Preprocessing(SIDE, CHANNELS, (0.1, 0.2, 0.3), (0.5, 0.25, 0.2))
WEIGHTS = np.random.default_rng(1).normal(size=(CHANNELS * SIDE * SIDE, 5)).astype(np.float32)
PIXELS = np.random.default_rng(0).integers(0, 256, (3, SIDE, SIDE, CHANNELS), dtype=np.uint8)


def run(model: onnx.ModelProto, pixels: np.ndarray) -> np.ndarray:
    onnx.checker.check_model(model)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found: np.ndarray = session.run(["vector"], {"pixels": pixels})[0]
    return found


def linear(names: tuple[str, str], shape: list[int | str], rows: int = -1) -> onnx.ModelProto:
    """A graph of one matrix; `rows` bakes the number of images into it."""
    start, end = names
    nodes = [
        helper.make_node("Reshape", [start, "flat"], ["x"]),
        helper.make_node("MatMul", ["x", "weights"], [end]),
    ]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info(start, TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(end, TensorProto.FLOAT, [shape[0], 5])],
        [
            numpy_helper.from_array(WEIGHTS, "weights"),
            numpy_helper.from_array(np.array([rows, CHANNELS * SIDE * SIDE], np.int64), "flat"),
        ],
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def wiring(names: tuple[str, str], layout: str = "NCHW", *, is_reversed: bool = False) -> Wiring:
    return Wiring(*names, layout, TensorProto.FLOAT, is_reversed, PREP, "none")  # type: ignore[arg-type]


def expected(layout: str = "NCHW", *, is_reversed: bool = False) -> np.ndarray:
    pixels = PIXELS[..., ::-1] if is_reversed else PIXELS
    x = (pixels / 255 - np.array(PREP.mean)) / np.array(PREP.std)
    x = x.transpose(0, 3, 1, 2) if layout == "NCHW" else x
    return np.asarray(x.reshape(len(x), -1) @ WEIGHTS)


# The contract's own names may be those of other tensors of the graph.
NAMES = (("images", "embedding"), ("pixels", "vector"), ("vector", "pixels"), ("x0", "pixels"))


@pytest.mark.parametrize("names", NAMES)
def test_pixels_are_normalised_whatever_tensors_are_called(names: tuple[str, str]) -> None:
    wrapped = wrap_graph(linear(names, ["n", CHANNELS, SIDE, SIDE]), wiring(names))
    np.testing.assert_allclose(run(wrapped, PIXELS), expected(), rtol=1e-4, atol=1e-4)


def test_channels_last_and_in_the_order_of_other_programs() -> None:
    names = NAMES[0]
    model = linear(names, ["n", SIDE, SIDE, CHANNELS])
    wrapped = wrap_graph(model, wiring(names, "NHWC", is_reversed=True))
    np.testing.assert_allclose(run(wrapped, PIXELS), expected("NHWC", is_reversed=True), rtol=1e-4, atol=1e-4)


def test_a_graph_of_one_image_is_run_for_each() -> None:
    names = NAMES[1]
    alone = wiring(names)
    wrapped = wrap_graph(linear(names, [1, CHANNELS, SIDE, SIDE], rows=1), alone)
    with pytest.raises(Exception, match=r"Reshape|shape"):
        run(wrapped, PIXELS)
    found = run(repeat_graph(wrapped, alone), PIXELS)
    np.testing.assert_allclose(found, expected(), rtol=1e-4, atol=1e-4)
    assert run(repeat_graph(wrapped, alone), PIXELS[:1]).shape == (1, 5)


def test_the_graph_itself_is_left_as_it_was() -> None:
    model = linear(NAMES[1], ["n", CHANNELS, SIDE, SIDE])
    before = model.SerializeToString()
    wrap_graph(model, wiring(NAMES[1]))
    assert model.SerializeToString() == before


def test_shapes_that_were_noted_for_one_image_are_forgotten() -> None:
    """Exporters note shapes of inner tensors with the number of images that they had, and the runtime folds them in."""
    names = NAMES[0]
    model = linear(names, ["n", CHANNELS, SIDE, SIDE])
    flatten, multiply = model.graph.node
    multiply.input[0] = "again"
    again = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Reshape", ["x", "shape"], ["again"]),
    ]
    nodes = [flatten, *again, multiply]
    copied = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del model.graph.node[:]
    model.graph.node.extend(copied)
    noted = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, CHANNELS * SIDE * SIDE])
    model.graph.value_info.append(noted)
    found = run(wrap_graph(model, wiring(names)), PIXELS)
    np.testing.assert_allclose(found, expected(), rtol=1e-4, atol=1e-4)
