"""An inspector without training: dark is a defect.

Its graph is written by hand. The heat is the darkness of blocks, 0 (white) to 1 (black), and the score that of the
darkest block.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from safetensors.numpy import save_file

from unpool.core.file_identity import digest_files
from unpool.inference.inspection.inspector import HEAT, INPUT, KIND, ONNX, RECORD, SCORE, InspectorRecord
from unpool.training.model_file import FORMAT, JSON, WEIGHTS

SIZE, BLOCK = 64, 8  # side of what the graph sees and of a block of the heat map, pixels
GOOD_SCORES = tuple(round(0.1 + 0.01 * number, 2) for number in range(20))  # of held-out good images


def write_inspector(
    folder: Path,
    *,
    threshold: float = 0.5,
    heat_threshold: float = 0.5,
    size: int = SIZE,
    tile: int | None = None,
    good_scores: tuple[float, ...] = GOOD_SCORES,
) -> Path:
    """Write the model folder of an inspector that sees darkness.

    Args:
        folder: where.
        threshold: a score above it is not good.
        heat_threshold: a heat above it is part of a defect.
        size: side of what the graph sees, a multiple of 8.
        tile: side of a window in pixels of the picture; None: pictures are seen whole.
        good_scores: of held-out good images.

    Returns:
        The folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(build_graph(size), folder / ONNX)
    save_file({"memory": np.float32([threshold])}, folder / WEIGHTS)
    record = InspectorRecord(
        "memory", threshold, heat_threshold, 0.01, tuple(sorted(good_scores)), len(good_scores), size, tile
    )
    described = {
        "format": FORMAT, "network": "inspector-memory", "kind": KIND, "options": {}, "preprocessing": {"size": size},
        "weights": digest_files(folder / WEIGHTS), "versions": {"unpool": version("unpool")},
        RECORD: record.to_dict(),
    }  # fmt: skip
    (folder / JSON).write_text(json.dumps(described, indent=2), "utf-8")
    return folder


def build_graph(size: int) -> onnx.ModelProto:
    """Build the graph: pixels (B, S, S, 3) uint8 to score (B,) and heat (B, S / 8, S / 8)."""
    cells = size // BLOCK
    nodes = [
        helper.make_node("Cast", [INPUT], ["values"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["values", "last"], ["grey"], keepdims=0),
        helper.make_node("Unsqueeze", ["grey", "first"], ["map"]),
        helper.make_node(
            "AveragePool", ["map"], ["blocks"], kernel_shape=[BLOCK, BLOCK], strides=[BLOCK, BLOCK]
        ),
        helper.make_node("Squeeze", ["blocks", "first"], ["bright"]),
        helper.make_node("Div", ["bright", "white"], ["share"]),
        helper.make_node("Sub", ["one", "share"], [HEAT]),
        helper.make_node("ReduceMax", [HEAT, "sides"], [SCORE], keepdims=0),
    ]
    constants = {
        "last": np.int64([3]), "first": np.int64([1]), "sides": np.int64([1, 2]),
        "white": np.float32(255), "one": np.float32(1),
    }  # fmt: skip
    graph = helper.make_graph(
        nodes,
        KIND,
        [helper.make_tensor_value_info(INPUT, TensorProto.UINT8, ["B", size, size, 3])],
        [
            helper.make_tensor_value_info(SCORE, TensorProto.FLOAT, ["B"]),
            helper.make_tensor_value_info(HEAT, TensorProto.FLOAT, ["B", cells, cells]),
        ],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def write_parts(folder: Path, *, good: int = 4, kinds: Sequence[str] = ("spot", "bar"), bad: int = 3) -> Path:
    """Write drawn parts in the layout of MVTec AD, as `test` and `ground_truth`.

    Good parts are light. Of each kind, the first part has a black defect, the next ones fainter ones.

    Args:
        folder: where.
        good: number of good parts.
        kinds: of defects, a folder each.
        bad: number of parts of each kind.

    Returns:
        The folder.
    """
    for number in range(good):
        _write_part(folder / "test" / "good" / f"{number:03}.png", 220 - 10 * number, None, 0)
    for place, kind in enumerate(kinds):
        for number in range(bad):
            box = (16 * place + 8, 8 * number + 8)
            _write_part(folder / "test" / kind / f"{number:03}.png", 230, box, 60 * number)
            mask = np.zeros((64, 64), np.uint8)
            mask[box[0] : box[0] + 16, box[1] : box[1] + 16] = 255
            target = folder / "ground_truth" / kind / f"{number:03}_mask.png"
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(mask).save(target)
    return folder


def _write_part(file: Path, ground: int, box: tuple[int, int] | None, value: int) -> None:
    pixels = np.full((64, 64, 3), ground, np.uint8)
    if box is not None:
        pixels[box[0] : box[0] + 16, box[1] : box[1] + 16] = value
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(file)
