"""ONNX files from elsewhere become encoders, or say in one line why not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from unpool.errors import UnpoolError
from unpool.networks.encoders.onnx_file import check_onnx_file, write_onnx_encoder

SIDE = 8
STATEMENT: dict[str, Any] = {"size": SIDE, "mean": [0.5, 0.4, 0.3], "std": [0.5, 0.25, 0.2]}
FLOAT, HALF, BYTE = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.UINT8
PIXELS = np.random.default_rng(0).integers(0, 256, (5, SIDE, SIDE, 3), dtype=np.uint8)


def save(
    folder: Path,
    shape: list[int | str],
    nodes: list[onnx.NodeProto],
    outputs: dict[str, Any],
    kind: int = FLOAT,
) -> Path:
    """Save a graph without weights but a random convolution."""
    path = folder / "own.onnx"
    kernel = np.random.default_rng(1).normal(size=(6, 3, 3, 3)).astype(np.float32)
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("images", kind, shape)],
        [helper.make_tensor_value_info(name, FLOAT, each) for name, each in outputs.items()],
        [numpy_helper.from_array(kernel, "kernel")],
    )  # fmt: skip
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    path.with_suffix(".json").write_text(json.dumps(STATEMENT))
    return path


def convolve(start: str, end: str) -> onnx.NodeProto:
    return helper.make_node("Conv", [start, "kernel"], [end])


def state(path: Path, **changes: Any) -> None:
    path.with_suffix(".json").write_text(json.dumps({**STATEMENT, **changes}))


def embed(folder: Path, pixels: np.ndarray = PIXELS) -> np.ndarray:
    session = ort.InferenceSession(str(folder / "encoder.onnx"), providers=["CPUExecutionProvider"])
    found: np.ndarray = session.run(["vector"], {"pixels": pixels})[0]
    return found


def source_vectors(path: Path, x: np.ndarray, output: str) -> np.ndarray:
    found: np.ndarray = ort.InferenceSession(str(path)).run([output], {"images": x})[0]
    return found


def normalised() -> np.ndarray:
    x = (PIXELS / 255 - np.array(STATEMENT["mean"])) / np.array(STATEMENT["std"])
    return x.transpose(0, 3, 1, 2).astype(np.float32)


def map_file(folder: Path, shape: list[int | str]) -> Path:
    return save(folder, shape, [convolve("images", "features")], {"features": None})


def test_a_map_of_features_becomes_its_mean_and_says_so(tmp_path: Path) -> None:
    path = map_file(tmp_path, ["n", 3, SIDE, SIDE])
    described = write_onnx_encoder(str(path), tmp_path)
    expected = source_vectors(path, normalised(), "features").mean((2, 3))
    np.testing.assert_allclose(embed(tmp_path), expected, rtol=1e-4, atol=1e-5)
    assert described.network == "own"
    assert described.dimension == 6
    assert "mean of its 6×6 places" in described.encoder["notes"][0]


@pytest.mark.parametrize(("pooling", "of_tokens"), [(None, "mean"), ("first", "first")])
def test_tokens_become_their_mean_or_the_first(tmp_path: Path, pooling: str | None, of_tokens: str) -> None:
    nodes = [
        convolve("images", "features"),
        helper.make_node("Reshape", ["features", "shape"], ["rows"]),
        helper.make_node("Transpose", ["rows"], ["tokens"], perm=[0, 2, 1]),
    ]
    nodes.insert(0, helper.make_node("Constant", [], ["shape"], value_ints=[0, 6, -1]))
    path = save(tmp_path, ["n", 3, SIDE, SIDE], nodes, {"tokens": None})
    if pooling:
        state(path, pooling=pooling)
    described = write_onnx_encoder(str(path), tmp_path)
    tokens = source_vectors(path, normalised(), "tokens")
    expected = tokens[:, 0] if of_tokens == "first" else tokens.mean(1)
    np.testing.assert_allclose(embed(tmp_path), expected, rtol=1e-4, atol=1e-5)
    assert of_tokens in described.encoder["notes"][0]


def test_a_graph_of_pixels_as_they_are(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Cast", ["images"], ["x"], to=FLOAT),
        helper.make_node("ReduceMean", ["x"], ["colour"], axes=[1, 2], keepdims=0),
    ]
    path = save(tmp_path, ["n", SIDE, SIDE, 3], nodes, {"colour": None}, BYTE)
    with pytest.raises(UnpoolError, match="mean is set, but the graph takes uint8"):
        write_onnx_encoder(str(path), tmp_path)
    path.with_suffix(".json").write_text("{}")  # the side is the graph's
    described = write_onnx_encoder(str(path), tmp_path)
    np.testing.assert_allclose(embed(tmp_path), PIXELS.mean((1, 2)), rtol=1e-5)
    assert described.preprocessing.size == SIDE
    assert described.encoder["notes"] == []


def test_half_precision_and_one_image_at_a_time(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Cast", ["images"], ["x"], to=FLOAT),
        convolve("x", "features"),
        helper.make_node("Constant", [], ["shape"], value_ints=[1, -1]),
        helper.make_node("Reshape", ["features", "shape"], ["embedding"]),
    ]
    path = save(tmp_path, [1, 3, SIDE, SIDE], nodes, {"embedding": None}, HALF)
    described = write_onnx_encoder(str(path), tmp_path)
    x = normalised().astype(np.float16)
    expected = np.concatenate([source_vectors(path, each[None], "embedding") for each in x])
    np.testing.assert_allclose(embed(tmp_path), expected, rtol=2e-2, atol=2e-2)
    assert "one image at a time" in described.encoder["notes"][-1]


def test_of_several_outputs_the_flat_one_is_the_vector(tmp_path: Path) -> None:
    nodes = [
        convolve("images", "features"),
        helper.make_node("GlobalAveragePool", ["features"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["embedding"]),
    ]
    path = save(tmp_path, ["n", 3, SIDE, SIDE], nodes, {"features": None, "embedding": None})
    assert "embedding is the vector" in write_onnx_encoder(str(path), tmp_path).encoder["notes"][0]
    state(path, output="other")
    with pytest.raises(UnpoolError, match=r"output is 'other', but the graph gives features \[1, 6, 6, 6\]"):
        write_onnx_encoder(str(path), tmp_path)


WRONG = {
    '{"size": 8, "std": [1, 1, 0]}': "must be above 0",
    '{"size": 9}': "size is 9, but the graph takes images of 8 pixels",
    '{"size": "8"}': "size is '8', but must be a number",
    '{"mean": [0.5]}': "must be a list of 3 numbers",
    '{"sice": 8}': "unknown key 'sice'; did you mean 'size'",
    '{"layout": "NHWC"}': r"layout is NHWC, but the graph's input is \['n', 3, 8, 8\]",
    '{"channels": 1}': "but the graph takes 3 channels",
    '{"crop": "middle"}': "must be one of",
    "[]": "holds no keys",
    "{": "cannot be read as JSON",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_statement_is_one_line_with_an_example(tmp_path: Path, text: str) -> None:
    path = map_file(tmp_path, ["n", 3, SIDE, SIDE])
    path.with_suffix(".json").write_text(text)
    with pytest.raises(UnpoolError, match=WRONG[text]) as caught:
        write_onnx_encoder(str(path), tmp_path)
    assert '{"size": 224, "mean":' in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "encoder.onnx").exists()


def test_a_missing_file_or_statement_is_said_before_any_work(tmp_path: Path) -> None:
    path = map_file(tmp_path, ["n", 3, SIDE, SIDE])
    check_onnx_file(str(path))
    path.with_suffix(".json").unlink()
    with pytest.raises(UnpoolError, match=r"needs own\.json beside it"):
        check_onnx_file(str(path))
    with pytest.raises(UnpoolError, match=r"there is no file .*other\.onnx"):
        check_onnx_file(str(tmp_path / "other.onnx"))


def test_a_damaged_graph_and_one_of_text_are_refused(tmp_path: Path) -> None:
    path = map_file(tmp_path, ["n", 3, SIDE, SIDE])
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(UnpoolError, match=r"own\.onnx cannot be (read as ONNX|opened)"):
        write_onnx_encoder(str(path), tmp_path)
    text = helper.make_node("Identity", ["images"], ["same"])
    path = save(tmp_path, ["n", 3], [text], {"same": None})
    with pytest.raises(UnpoolError, match="one input of images with four axes"):
        write_onnx_encoder(str(path), tmp_path)
