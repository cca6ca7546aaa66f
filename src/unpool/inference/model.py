"""The model of a workspace: the one that is there, a copy of another, pretrained weights, or one trained here."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from unpool.core.atomic_files import write_whole
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UsageError
from unpool.inference.embedding import Form
from unpool.inference.encoder import Encoder, OnnxEncoder, TorchEncoder, export_encoder
from unpool.training.model_file import (
    JSON,
    ONNX,
    WEIGHTS,
    describe_model,
    expect_kind,
    load_model,
    model_id,
    save_model,
)


@dataclass(frozen=True)
class LoadedEncoder:
    """A model folder put to work: its encoder, how it wants images, its id and the length of its vectors."""

    encoder: Encoder
    form: Form
    id: str
    dimension: int


def copy_model(source: Path, folder: Path) -> None:
    """Copy a complete model into a workspace, model.json last."""
    describe_model(source)
    for name in (WEIGHTS, ONNX, JSON):
        if (source / name).is_file():
            write_whole(folder / name, partial(shutil.copyfile, source / name))


def save_pretrained(name: str, folder: Path) -> None:
    """Write a network of the catalogue with its ImageNet weights, without a decoder.

    Raises `UnpoolError` where it has none, or they cannot be reached.
    """
    from unpool.networks.catalogue import build_network

    network = build_network(name, weights="imagenet", decoder="none")
    save_model(folder, network)


def save_pretrained_apart(name: str, folder: Path) -> None:
    """The same, with its ONNX encoder, by a process of its own that ends.

    torch, timm and the exporter take a gigabyte that a run on ONNX Runtime never needs again.
    """
    if "torch" in sys.modules or not sys.executable:
        save_pretrained(name, folder)
        return
    words = [sys.executable, "-m", "unpool.inference.model", name, str(folder)]
    done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        kind = UsageError if done.returncode == UsageError.exit_code else UnpoolError
        raise kind(lines[-1].removeprefix("unpool: "))


def load_encoder(folder: Path, device: str, progress: Progress) -> LoadedEncoder:
    """Open a model folder for embedding; on a CPU its encoder is exported to ONNX the first time."""
    described = expect_kind(folder, "encoder")
    prep = described["preprocessing"]
    form = Form(prep["size"], prep["channels"], prep["crop"])
    encoder = _encoder(folder, pick_device(device), progress)
    return LoadedEncoder(encoder, form, model_id(folder), described["dimension"])


def _encoder(folder: Path, device: str, progress: Progress) -> Encoder:
    if device != "cpu":
        return TorchEncoder(load_model(folder), device)
    if not (folder / ONNX).is_file():
        network = load_model(folder)
        try:
            with progress.stage("exporting"):
                export_encoder(network, folder / ONNX)
        except UnpoolError as error:
            progress.message(f"embedding with torch instead of ONNX Runtime: {error}")
            return TorchEncoder(network)
    return OnnxEncoder(folder / ONNX)


def pick_device(asked: str) -> str:
    """`auto` becomes the best device there is; torch is not imported where there plainly is none."""
    if asked != "auto":
        return _checked(asked)
    if Path("/dev/nvidiactl").exists() or shutil.which("nvidia-smi"):
        return "cuda" if _torch().cuda.is_available() else "cpu"
    if sys.platform == "darwin":
        return "mps" if _torch().backends.mps.is_available() else "cpu"
    return "cpu"


def _checked(asked: str) -> str:
    there = asked == "cpu" or (
        _torch().cuda.is_available() if asked == "cuda" else _torch().backends.mps.is_available()
    )
    if not there:
        raise UnpoolError(f"this machine has no {asked} device that torch can use; try --device cpu")
    return asked


def _torch() -> Any:
    import torch

    return torch


def _main(name: str, folder: Path) -> None:
    """What the process apart does; an export that fails leaves the rest to torch."""
    try:
        save_pretrained(name, folder)
        with contextlib.suppress(UnpoolError):
            export_encoder(load_model(folder), folder / ONNX)
    except UnpoolError as error:
        print(f"unpool: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]))
