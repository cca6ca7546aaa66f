"""A trained encoder as a fast function, pixels to vectors.

On a CPU it runs on ONNX Runtime, elsewhere, or where a network cannot be exported, on torch.

B batch, H height, W width, C channels, D numbers in a vector.
"""

from __future__ import annotations

import functools
import tempfile
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.inference.exports import Export, describe_structure, write_onnx
from unpool.networks.encoders.agreement import MIN_COSINE, cosine
from unpool.networks.encoders.onnx_graph import INPUT, OUTPUT

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from torch import Tensor, nn

    from unpool.networks.embedder import Embedder

MIN_HALF_COSINE = 0.9999  # between single and half precision, where that is used
DEVICE_BATCH = 128  # images that a GPU embeds at once

Runtime = TypeVar("Runtime")


class Encoder(Protocol):
    """Pixels (B, H, W, C) uint8 → vectors (B, D) float32.

    It may be called from several threads at once.
    """

    def __call__(self, pixels_BHWC: np.ndarray) -> np.ndarray: ...


class OnnxEncoder:
    """An exported encoder on ONNX Runtime, one thread a call.

    Callers bring the parallelism: several that each decode and embed their own images keep every core busy
    without waiting for each other, where one many-threaded session idles the decoders.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        self._session = open_session(path, threads, "encoder")

    def __call__(self, pixels_BHWC: np.ndarray) -> np.ndarray:
        vectors_BD: np.ndarray = self._session.run([OUTPUT], {INPUT: pixels_BHWC})[0]
        return vectors_BD


def open_session(path: Path, threads: int, kind: str, *, keeps_memory: bool = True) -> InferenceSession:
    """Open an ONNX file to run on the CPU.

    Args:
        path: The file.
        threads: Number of threads of one run.
        kind: What it holds, "encoder" or "segmenter", for errors.
        keeps_memory: The memory of a run is kept for the next.

    Returns:
        A session.

    Raises:
        UnpoolError: the file cannot be read as ONNX.
    """
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    if threads > 1:  # one that waits for the next run would keep torch from its core
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_mem_pattern = options.enable_cpu_mem_arena = keeps_memory
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise UnpoolError(
            f"{path} cannot be read as an ONNX {kind}; delete it, and it is exported again"
        ) from error


class TorchEncoder:
    """The network itself, one call at a time.

    It serves GPUs, and networks that cannot be exported. `batch` is the number of images that it takes best at once,
    None on a CPU. With `half` it runs in half precision, if the vectors of the first call stay as they are, and until
    numbers are too large for it.

    Args:
        network: What embeds.
        device: Where it runs.
        half: None for half precision on CUDA alone.
    """

    def __init__(self, network: Embedder, device: str = "cpu", *, half: bool | None = None) -> None:
        import torch

        self._torch = torch
        self._device = torch.device(device)
        self._module = pixels_to_vector(network).to(self._device).to(memory_format=torch.channels_last)
        self._lock = threading.Lock()
        self._is_checked, self.half = False, self._device.type == "cuda" if half is None else half
        self.batch = None if self._device.type == "cpu" else DEVICE_BATCH

    def __call__(self, pixels_BHWC: np.ndarray) -> np.ndarray:
        raw = self._torch.from_numpy(np.ascontiguousarray(pixels_BHWC))
        with self._lock, self._torch.inference_mode():
            if self._device.type == "cuda":
                raw = raw.pin_memory()
            raw = raw.to(self._device, non_blocking=self._device.type == "cuda")
            if not self.half:
                return self._run(raw)
            with self._torch.autocast(self._device.type, self._torch.float16):
                vectors_BD = self._run(raw)
            if self._is_checked and np.isfinite(vectors_BD).all():
                return vectors_BD
            return self._check_half(raw, vectors_BD)

    def _run(self, raw: Tensor) -> np.ndarray:
        vectors_BD: np.ndarray = self._module(raw).float().cpu().numpy()
        return vectors_BD

    def _check_half(self, raw: Tensor, half_BD: np.ndarray) -> np.ndarray:
        full_BD = self._run(raw)
        self._is_checked = True
        self.half = bool(np.isfinite(half_BD).all()) and cosine(half_BD, full_BD) >= MIN_HALF_COSINE
        return half_BD if self.half else full_BD


def preferred_batch(encoder: Encoder) -> int | None:
    """Return how many images an encoder takes best at once.

    None where several callers with a few images each are best, as on a CPU.
    """
    batch: int | None = getattr(encoder, "batch", None)
    return batch


def open_runtime(
    path: Path,
    device: str,
    *,
    export: Callable[[Path], object],
    on_onnx: Callable[[Path], Runtime],
    on_torch: Callable[[str], Runtime],
    progress: Progress,
) -> Runtime:
    """Open a network on ONNX Runtime, or else on torch.

    Args:
        path: The ONNX file, exported the first time.
        device: Where the network runs; only "cpu" is served by ONNX Runtime.
        export: Writes the ONNX file; UnpoolError where it cannot.
        on_onnx: Opens the ONNX file.
        on_torch: Runs the network itself on a device.
        progress: Receives the stage of the export, and the reason where torch is used instead.

    Returns:
        What `on_onnx` or `on_torch` returned.
    """
    if device != "cpu":
        return on_torch(device)
    if not path.is_file():
        try:
            with progress.stage("exporting"):
                try:
                    export(path)
                except OSError:  # a folder that may not be written to, or has no room
                    return _open_in_passing(path.name, export, on_onnx)
        except (UnpoolError, OSError) as error:
            progress.message(f"running on torch instead of ONNX Runtime: {error}")
            return on_torch(device)
    return on_onnx(path)


def _open_in_passing(
    name: str, export: Callable[[Path], object], on_onnx: Callable[[Path], Runtime]
) -> Runtime:
    """Open an ONNX file that goes with what opened it, which may read it again."""
    folder = tempfile.TemporaryDirectory(prefix="unpool-")
    try:
        export(Path(folder.name) / name)
        runtime = on_onnx(Path(folder.name) / name)
    except BaseException:
        folder.cleanup()
        raise
    weakref.finalize(runtime, folder.cleanup)
    return runtime


def open_encoder(load: Callable[[], Embedder], path: Path, device: str, progress: Progress) -> Encoder:
    """Open an encoder on the fastest runtime that works.

    Args:
        load: Loads the network; called only where it is exported or runs on torch.
        path: The ONNX file, exported the first time.
        device: Where it runs, such as "cpu".
        progress: Receives stages and messages.

    Returns:
        The encoder.
    """
    network = functools.cache(load)

    def on_onnx(file: Path) -> Encoder:
        return OnnxEncoder(file)

    def on_torch(where: str) -> Encoder:
        return TorchEncoder(network(), where)

    return open_runtime(
        path, device, export=lambda file: export_encoder(network(), file), on_onnx=on_onnx, on_torch=on_torch,
        progress=progress,
    )  # fmt: skip


def pixels_to_vector(network: Embedder) -> nn.Module:
    """Build a module from uint8 pixels (B, H, W, C) to vectors (B, D).

    It normalises, then calls `network.embed`.
    """
    import torch
    from torch import nn

    class PixelsToVector(nn.Module):
        scale: Tensor
        shift: Tensor

        def __init__(self) -> None:
            super().__init__()
            self.network = network
            mean = torch.tensor(network.preprocessing.mean)
            std = torch.tensor(network.preprocessing.std)
            self.register_buffer("scale", (1 / (255 * std)).view(1, -1, 1, 1))
            self.register_buffer("shift", (-mean / std).view(1, -1, 1, 1))

        def forward(self, pixels: Tensor) -> Tensor:
            x_BCHW = pixels.permute(0, 3, 1, 2).to(torch.float32)
            return self.network.embed(x_BCHW * self.scale + self.shift)

    return PixelsToVector().eval()


def export_encoder(network: Embedder, path: Path) -> float:
    """Write the encoder of a network as ONNX.

    The file takes pixels (B, H, W, C) uint8 with any B and gives vectors (B, D): running it needs no code of
    unpool.

    Returns:
        The smallest cosine between its vectors and those of torch, on random images.

    Raises:
        UnpoolError: the export fails, or its vectors differ.
    """
    import torch

    prep = network.preprocessing
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (3, prep.size, prep.size, prep.channels), dtype=np.uint8)
    export = Export(
        pixels_to_vector(network), torch.from_numpy(pixels), INPUT, OUTPUT, {0: torch.export.Dim("batch")},
        describe_structure(network),
    )  # fmt: skip
    expected = TorchEncoder(network)(pixels)
    agreement = []

    def check(file: Path) -> None:
        agreement.append(cosine(OnnxEncoder(file)(pixels), expected))
        if not agreement[-1] >= MIN_COSINE:
            raise UnpoolError(
                f"the ONNX export disagrees with torch (cosine {agreement[-1]:.6f}, at least {MIN_COSINE})"
            )

    write_onnx(export, path, check)
    return agreement[-1]
