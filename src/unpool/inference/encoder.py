"""A trained encoder as a fast function from pixels to vectors: ONNX Runtime on a CPU, torch elsewhere.

B batch, H height, W width, C channels, D numbers in a vector.
"""

from __future__ import annotations

import contextlib
import io
import logging
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from unpool.core.atomic_files import write_whole
from unpool.errors import UnpoolError

INPUT, OUTPUT = "pixels", "vector"
AGREEMENT = 0.9999  # smallest cosine between torch and an export that is used


class Encoder(Protocol):
    """Pixels (B, H, W, C) uint8 → vectors (B, D) float32; may be called from several threads at once."""

    def __call__(self, pixels_BHWC: np.ndarray) -> np.ndarray: ...


class OnnxEncoder:
    """An exported encoder on ONNX Runtime, one thread a call: callers bring the parallelism.

    Several callers that each decode and embed their own images keep every core busy without waiting for
    each other, where one many-threaded session idles the decoders.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        self._session = open_session(path, threads, "encoder")

    def __call__(self, pixels_BHWC: np.ndarray) -> np.ndarray:
        vectors_BD: np.ndarray = self._session.run([OUTPUT], {INPUT: pixels_BHWC})[0]
        return vectors_BD


def open_session(path: Path, threads: int, what: str, *, keeps_memory: bool = True) -> Any:
    """An ONNX file ready to run on the CPU; with `keeps_memory` what a run needed is kept for the next.

    Raises `UnpoolError` where it cannot be read as `what` it should be.
    """
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_mem_pattern = options.enable_cpu_mem_arena = keeps_memory
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise UnpoolError(f"{path} cannot be read as an ONNX {what}; delete it to make it anew") from error


class TorchEncoder:
    """The network itself, one call at a time; for GPUs, and for networks that cannot be exported."""

    def __init__(self, network: Any, device: str = "cpu") -> None:
        import torch

        self._torch = torch
        self._device = torch.device(device)
        self._module = pixels_to_vector(network).to(self._device, memory_format=torch.channels_last)
        self._lock = threading.Lock()

    def __call__(self, pixels_BHWC: np.ndarray) -> np.ndarray:
        torch = self._torch
        with self._lock, torch.inference_mode():
            raw = torch.from_numpy(np.ascontiguousarray(pixels_BHWC)).to(self._device)
            vectors_BD: np.ndarray = self._module(raw).float().cpu().numpy()
            return vectors_BD


def pixels_to_vector(network: Any) -> Any:
    """A module from uint8 pixels (B, H, W, C) to vectors (B, D): normalisation, `network.embed`."""
    import torch
    from torch import Tensor, nn

    class PixelsToVector(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network
            mean = torch.tensor(network.preprocessing.mean)
            std = torch.tensor(network.preprocessing.std)
            self.register_buffer("scale", (1 / (255 * std)).view(1, -1, 1, 1))
            self.register_buffer("shift", (-mean / std).view(1, -1, 1, 1))

        def forward(self, pixels: Tensor) -> Tensor:
            x_BCHW: Any = pixels.permute(0, 3, 1, 2).to(torch.float32)
            vectors_BD: Tensor = self.network.embed(x_BCHW * self.scale + self.shift)
            return vectors_BD

    return PixelsToVector().eval()


def export_encoder(network: Any, path: Path) -> float:
    """Write the encoder of `network` as ONNX and return its smallest cosine to torch on random images.

    The file takes pixels (B, H, W, C) uint8 with any B and gives vectors (B, D): whoever runs it needs no
    code of ours. Raises `UnpoolError` where the export fails or its vectors differ.
    """
    import torch

    module = pixels_to_vector(network)
    prep = network.preprocessing
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (3, prep.size, prep.size, prep.channels), dtype=np.uint8)

    def write(part: Path) -> None:
        with quiet_exporter():
            torch.onnx.export(
                module, (torch.from_numpy(pixels),), str(part), dynamo=True, verbose=False,
                input_names=[INPUT], output_names=[OUTPUT], external_data=False,
                dynamic_shapes={"pixels": {0: torch.export.Dim("batch")}},
            )  # fmt: skip

    try:
        write_whole(path, write)
    except Exception as error:
        raise UnpoolError(f"this network cannot be exported to ONNX: {first_line(error)}") from error
    agreement = cosine(OnnxEncoder(path)(pixels), TorchEncoder(network)(pixels))
    if not agreement >= AGREEMENT:
        path.unlink()
        raise UnpoolError(
            f"the ONNX export disagrees with torch (cosine {agreement:.6f}, at least {AGREEMENT})"
        )
    return agreement


def cosine(first_BD: np.ndarray, second_BD: np.ndarray) -> float:
    """The smallest cosine between corresponding rows; rows that are zero in both agree."""
    first, second = first_BD.astype(np.float64), second_BD.astype(np.float64)
    norms = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    same = (norms == 0) & (first == second).all(axis=1)
    return float(np.where(same, 1.0, (first * second).sum(axis=1) / np.maximum(norms, 1e-300)).min())


@contextlib.contextmanager
def quiet_exporter() -> Iterator[None]:
    """The exporter prints its steps and warns about versions of itself; users need neither."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
