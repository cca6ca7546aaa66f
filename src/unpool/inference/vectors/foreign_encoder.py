"""Encoders of model folders without weights.

ONNX files, functions, and none at all.

B images, H and W of each, C channels, D numbers in a vector.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.inference.encoder import Encoder, OnnxEncoder
from unpool.networks.encoders.function_encoder import FunctionEncoder
from unpool.networks.encoders.functions import allowed_function
from unpool.training.model_file import ONNX


class NoEncoder:
    """Stands where vectors were made elsewhere.

    Args:
        folder: The model folder.
        file: Where its vectors come from, for the message.
    """

    def __init__(self, folder: Path, file: str) -> None:
        self._folder, self._file = folder, file

    def __call__(self, pixels_BHWC: np.ndarray) -> np.ndarray:
        """Raise `UnpoolError`: nothing can be embedded here."""
        raise UnpoolError(
            f"{self._folder.parent} has no encoder, as its vectors were made elsewhere ({self._file}): search by an "
            "image of the workspace, or embed with --space NAME --model MODEL"
        )


def open_foreign_encoder(
    folder: Path, described: Mapping[str, Any], device: str, progress: Progress
) -> Encoder:
    """Open what embeds in a model folder without weights.

    Args:
        folder: The model folder.
        described: Its model.json.
        device: Where it was to run, for the message.
        progress: Receives messages.

    Returns:
        Pixels to vectors.

    Raises:
        UnpoolError: a function is not allowed here, or the ONNX file cannot be read.
    """
    encoder = described["encoder"]
    if encoder["kind"] == "vectors":
        return NoEncoder(folder, str(encoder.get("file")))
    if encoder["kind"] == "function":
        name = str(encoder["function"])
        return FunctionEncoder(name, allowed_function(folder, name), described["dimension"])
    if device != "cpu":
        progress.message(f"{described['network']} is an ONNX file and runs on the CPU")
    return OnnxEncoder(folder / ONNX)
