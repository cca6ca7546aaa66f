"""The model folder of an inspector: model.json, inspector.onnx, model.safetensors.

Loading one runs no code of whoever wrote it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from unpool.core.atomic_files import write_text, write_whole
from unpool.core.file_identity import digest_files
from unpool.errors import UnpoolError
from unpool.inference.exports import first_line, quiet_exporter
from unpool.inference.inspection.graph import InspectionGraph
from unpool.inference.inspection.inspector import (
    HEAT,
    INPUT,
    KIND,
    METADATA,
    ONNX,
    RECORD,
    SCORE,
    InspectorRecord,
)
from unpool.training.model_file import FORMAT, JSON, WEIGHTS

MAX_DIFFERENCE = 1e-3  # between scores of ONNX Runtime and of torch, on random pictures


def save_inspector(
    folder: Path,
    graph: InspectionGraph,
    record: InspectorRecord,
    *,
    network: str,
    options: Mapping[str, Any],
    state: Mapping[str, np.ndarray],
    training: Mapping[str, Any] | None = None,
) -> None:
    """Write a model folder, model.json last.

    Args:
        folder: Where to write.
        graph: Pictures to scores and heat maps.
        record: What was learnt, for model.json and for the metadata of the ONNX file.
        network: Name of the encoder.
        options: As they were typed.
        state: Arrays that further good pictures are learnt with.
        training: How deep values were scaled, where there were any.

    Raises:
        UnpoolError: the network cannot be exported, or the file gives other scores.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / JSON).unlink(missing_ok=True)
    write_whole(folder / ONNX, partial(_export, graph, record))
    write_whole(folder / WEIGHTS, partial(_write_state, state))
    described = {
        "format": FORMAT, "network": network, "kind": KIND, "options": dict(options),
        "preprocessing": {"size": record.size, "channels": 3}, "classes": ["good", "not good"],
        RECORD: record.to_dict(), "training": training, "weights": digest_files(folder / ONNX),
        "versions": {name: version(name) for name in ("unpool", "torch", "timm")},
    }  # fmt: skip
    write_text(folder / JSON, json.dumps(described, indent=1, ensure_ascii=False))


def _write_state(state: Mapping[str, np.ndarray], part: Path) -> None:
    from safetensors.numpy import save_file

    save_file({name: np.ascontiguousarray(value) for name, value in state.items()}, part)


def _export(graph: InspectionGraph, record: InspectorRecord, part: Path) -> None:
    import onnx

    pixels = torch.from_numpy(_noise(record.size, 2))
    try:
        with quiet_exporter():
            torch.onnx.export(
                graph, (pixels,), str(part), dynamo=True, verbose=False, input_names=[INPUT],
                output_names=[SCORE, HEAT], external_data=False,
                dynamic_shapes=({0: torch.export.Dim("batch")},),
            )  # fmt: skip
    except OSError:
        raise
    except Exception as error:
        raise UnpoolError(
            f"this network cannot be exported to ONNX ({first_line(error)}); name another with --network"
        ) from error
    model = onnx.load(part)
    onnx.helper.set_model_props(model, {METADATA: json.dumps(record.to_dict())})
    onnx.save(model, part)
    _check(graph, record.size, part)


def _check(graph: InspectionGraph, size: int, part: Path) -> None:
    from unpool.inference.encoder import open_session

    pixels = _noise(size, 3)
    with torch.inference_mode():
        expected_B = graph(torch.from_numpy(pixels))[0].numpy()
    found_B = open_session(part, 1, KIND).run([SCORE], {INPUT: pixels})[0]
    if not np.abs(expected_B - found_B).max() <= MAX_DIFFERENCE * (1 + np.abs(expected_B).max()):
        raise UnpoolError(f"the ONNX export gives {found_B.tolist()}, but torch gives {expected_B.tolist()}")


def _noise(size: int, count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)
