"""Model folders of encoders whose weights are not unpool's.

They have a model.json as every model has, without model.safetensors; `encoder` says what embeds.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unpool.core.atomic_files import write_text
from unpool.training.model_file import FORMAT, JSON

if TYPE_CHECKING:
    from unpool.networks.preprocessing import Preprocessing

RECORDED_PACKAGES = ("unpool", "onnxruntime", "onnx")


def write_foreign_model(
    folder: Path,
    network: str,
    preprocessing: Preprocessing,
    dimension: int | None,
    *,
    digest: str,
    encoder: Mapping[str, Any],
) -> None:
    """Write the model.json of an encoder from elsewhere.

    Args:
        folder: The model folder, where the encoder's own files lie already.
        network: Its name, for people.
        preprocessing: How its images are prepared.
        dimension: Length of a vector; None where only the first image says it.
        digest: What changes with its vectors.
        encoder: Its kind, and what that kind needs.
    """
    versions = {}
    for package in RECORDED_PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            versions[package] = version(package)
    described = {
        "format": FORMAT, "network": network, "kind": "encoder", "options": {},
        "preprocessing": asdict(preprocessing), "classes": None, "merge": "flatten", "dimension": dimension,
        "weights": digest, "training": None, "encoder": dict(encoder), "versions": versions,
    }  # fmt: skip
    _write(folder, described)


def change_description(folder: Path, **values: object) -> None:
    """Write values into the model.json of a folder.

    Args:
        folder: The model folder.
        values: By key; those that are there are replaced.
    """
    _write(folder, json.loads((folder / JSON).read_text("utf-8")) | values)


def _write(folder: Path, described: Mapping[str, object]) -> None:
    write_text(folder / JSON, json.dumps(described, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
