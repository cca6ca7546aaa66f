"""Model folders for embedding: opened, copied, pretrained."""

from __future__ import annotations

import contextlib
import shutil
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from unpool.core.atomic_files import write_whole
from unpool.core.calls.apart import call_apart
from unpool.core.progress import Progress
from unpool.core.user_cache import kept_folder
from unpool.errors import UnpoolError
from unpool.inference.encoder import Encoder, export_encoder, open_encoder
from unpool.inference.exports import as_file_name, digest_versions
from unpool.inference.vectors.foreign_encoder import open_foreign_encoder
from unpool.networks.preprocessing import Preprocessing
from unpool.training.model_file import (
    FOREIGN,
    JSON,
    ONNX,
    TEXT,
    TOKENIZER,
    WEIGHTS,
    describe_model,
    expect_kind,
    kind_of_encoder,
    load_model,
    model_id,
    save_model,
)


@dataclass(frozen=True)
class LoadedEncoder:
    """The encoder of a model folder, ready to use.

    `id` changes with the weights; `dimension` is the length of its vectors.
    """

    encoder: Encoder
    preprocessing: Preprocessing
    id: str
    dimension: int


def copy_model(source: Path, folder: Path) -> None:
    """Copy a complete model into a workspace, model.json last."""
    names = [name for name in (WEIGHTS, ONNX, TEXT, TOKENIZER, JSON) if (source / name).is_file()]
    describe_model(source)
    for name in names:  # one that is removed meanwhile is an error
        write_whole(folder / name, partial(shutil.copyfile, source / name))


def copy_pretrained(name: str, folder: Path) -> None:
    """Write a pretrained network with its ONNX encoder.

    Each is converted once per user, and then copied from the cache.

    Args:
        name: A network with ImageNet weights.
        folder: The model folder to write.

    Raises:
        UnpoolError: there are no such weights, or they cannot be reached.
        UsageError: no network has this name.
    """
    for is_last in (False, True):
        kept = keep_pretrained(name)
        try:
            copy_model(kept, folder)
            return
        except (OSError, UnpoolError):  # another process has just cleared the cache
            if is_last or kept.is_dir():
                raise


def keep_pretrained(name: str) -> Path:
    """Return the model folder of a pretrained network.

    It is made once per user.

    Args:
        name: A network with ImageNet weights.

    Raises:
        UnpoolError: there are no such weights, or they cannot be reached.
        UsageError: no network has this name.
    """
    entry = f"pretrained-{as_file_name(name)}-{digest_versions(name)}"
    return kept_folder(entry, partial(save_pretrained_in_subprocess, name))


def save_pretrained(name: str, folder: Path, weights: Path | None = None) -> None:
    """Write a network of the catalogue with published weights.

    It has no decoder.

    Args:
        name: The network.
        folder: The model folder to write.
        weights: A file with its weights; None for those of ImageNet.

    Raises:
        UnpoolError: there are no such weights, or they cannot be reached.
    """
    from unpool.networks.catalogue import build_network
    from unpool.networks.weights import REMEDY

    try:
        network = build_network(name, weights=weights or "imagenet", decoder="none")
    except UnpoolError as error:
        reason = str(error).removesuffix(f"; {REMEDY}")
        if weights is None or reason == str(error):
            raise
        raise UnpoolError(f"{reason}; give the file of this network with --weights") from error
    save_model(folder, network)


def save_pretrained_in_subprocess(name: str, folder: Path, weights: Path | None = None) -> None:
    """Write a pretrained network with its ONNX encoder.

    Args:
        name: The network.
        folder: The model folder to write.
        weights: A file with its weights; None for those of ImageNet.

    Raises:
        UnpoolError: there are no such weights, or they cannot be reached.
        UsageError: no network has this name.
    """
    call_apart(__name__, "convert", name, folder, weights)


def load_encoder(folder: Path, device: str, progress: Progress) -> LoadedEncoder:
    """Open a model folder for embedding.

    On a CPU its encoder is exported to ONNX the first time.

    Args:
        folder: The model folder.
        device: Where it runs: auto, cpu, cuda or mps.
        progress: Receives stages and messages.

    Returns:
        The encoder, with what it expects of images.
    """
    described = expect_kind(folder, "encoder")
    preprocessing = Preprocessing.from_dict(described["preprocessing"])
    if kind_of_encoder(folder) in FOREIGN:
        encoder = open_foreign_encoder(folder, described, pick_device(device), progress)
    else:
        encoder = open_encoder(lambda: load_model(folder), folder / ONNX, pick_device(device), progress)
    return LoadedEncoder(encoder, preprocessing, model_id(folder), described["dimension"])


def pick_device(device: str) -> str:
    """Resolve `auto` to the best device, and check any other.

    torch is not imported where there plainly is no accelerator.

    Raises:
        UnpoolError: this machine has no such device.
    """
    if device != "auto":
        _check_device(device)
        return device
    if Path("/dev/nvidiactl").exists() or shutil.which("nvidia-smi"):
        return "cuda" if _torch().cuda.is_available() else "cpu"
    if sys.platform == "darwin":
        return "mps" if _torch().backends.mps.is_available() else "cpu"
    return "cpu"


def _check_device(device: str) -> None:
    is_there = device == "cpu" or (
        _torch().cuda.is_available() if device == "cuda" else _torch().backends.mps.is_available()
    )
    if not is_there:
        raise UnpoolError(f"this machine has no {device} device that torch can use; try --device cpu")


def _torch() -> Any:
    import torch

    return torch


def convert(name: str, folder_name: str, weights: str | None = None) -> None:
    """Write a model folder; called in another process.

    Args:
        name: The network.
        folder_name: The model folder to write.
        weights: A file with its weights.
    """
    folder = Path(folder_name)
    save_pretrained(name, folder, None if weights is None else Path(weights))
    with contextlib.suppress(UnpoolError):  # then torch embeds
        export_encoder(load_model(folder), folder / ONNX)
