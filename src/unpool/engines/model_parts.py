"""Model folders as bytes, for other machines."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from unpool.training.model_file import JSON, ONNX, SEGMENTER_ONNX, WEIGHTS

NAMES = (WEIGHTS, ONNX, SEGMENTER_ONNX, JSON)


def pack_model(folder: Path) -> dict[str, bytes]:
    """Read the files of a model folder."""
    return {name: (folder / name).read_bytes() for name in NAMES if (folder / name).is_file()}


@contextmanager
def unpacked_model(parts: Mapping[str, bytes]) -> Iterator[Path]:
    """Write the files into a folder that goes afterwards."""
    with tempfile.TemporaryDirectory(prefix="unpool-model-") as folder:
        for name, content in parts.items():
            (Path(folder) / name).write_bytes(content)
        yield Path(folder)
