"""Memories of an ONNX file, read and replaced."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from safetensors.numpy import load_file

from support.colour_inspector import draw, learn_colours
from unpool.errors import UnpoolError
from unpool.inference.inspection.inspector import load_inspector
from unpool.inference.inspection.memory_graph import MemoryGraph, read_memory_graph


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return learn_colours(tmp_path_factory.mktemp("learnt") / "model")


def read(model: Path) -> MemoryGraph:
    return read_memory_graph(model / "inspector.onnx", load_file(model / "model.safetensors"))


def test_patches_are_those_that_the_memory_is_made_of(model: Path) -> None:
    graph = read(model)
    found = graph.describe([draw(seed) for seed in range(3)])
    assert [each.shape[0] for each in found.patches] == [3, 3]
    for level, patches in enumerate(found.patches):
        memory = graph.memory(level)
        squares = ((patches.reshape(-1, 1, memory.shape[1]) - memory) ** 2).sum(-1)
        assert np.median(squares.min(1)) < 1e-4  # learnt from these pictures, in half precision
    expected = [load_inspector(model).inspect(draw(seed)).score for seed in range(3)]
    assert found.scores_N.tolist() == pytest.approx(expected, abs=1e-3)


def test_a_memory_can_grow(model: Path, tmp_path: Path) -> None:
    graph, other = read(model), draw(1, "striped")
    patches = graph.describe([other]).patches
    grown = graph.replace(
        {
            f"level{level}_memory_MD": np.concatenate([graph.memory(level), each.reshape(-1, each.shape[-1])])
            for level, each in enumerate(patches)
        }
    )
    assert grown.describe([other]).scores_N[0] < graph.describe([other]).scores_N[0] - 1
    grown.save(tmp_path / "grown.onnx", {"a": "b"})
    onnx.checker.check_model(str(tmp_path / "grown.onnx"))
    assert len(grown.memory(0)) == len(graph.memory(0)) + patches[0].shape[1]


def test_another_file_is_an_error(model: Path, tmp_path: Path) -> None:
    state = load_file(model / "model.safetensors")
    state["level0_memory_MD"] = state["level0_memory_MD"] + 1
    with pytest.raises(UnpoolError, match="train it again"):
        read_memory_graph(model / "inspector.onnx", state).describe([draw(0)])
    with pytest.raises(UnpoolError, match="no memories"):
        read_memory_graph(model / "inspector.onnx", {})
    (tmp_path / "bad.onnx").write_bytes(b"no")
    with pytest.raises(UnpoolError, match="train it again"):
        read_memory_graph(tmp_path / "bad.onnx", state)
