"""Each network is converted to ONNX once in a test session: it takes seconds, and many tests train the same one.

The key holds what the converter sees: layers, weights, the example and what comes out for it. Processes of a
session that run side by side share the files.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def install(folder: Path) -> None:
    """Put the cache before torch's converter, where torch is loaded and this was not done yet."""
    if "torch" not in sys.modules:
        return
    import torch.onnx

    if not hasattr(torch.onnx.export, "uncached"):
        torch.onnx.export = cached(torch.onnx.export, folder)


def cached(export: Callable[..., Any], folder: Path) -> Callable[..., Any]:
    """`export` with its files kept in `folder`."""

    @functools.wraps(export)
    def wrapper(module: Any, example: tuple[Any, ...], path: str, **options: Any) -> None:
        kept = folder / key_of(module, example, options)
        if not kept.is_file():
            _share_operators()
            export(module, example, path, **options)
            part = kept.with_suffix(f".{os.getpid()}")
            shutil.copyfile(path, part)
            part.replace(kept)
        else:
            shutil.copyfile(kept, path)

    wrapper.uncached = export  # type: ignore[attr-defined]
    return wrapper


def key_of(module: Any, example: tuple[Any, ...], options: dict[str, Any]) -> str:
    """The name of the file that this converts to."""
    import torch

    digest = hashlib.sha256(repr((module, sorted(options.items(), key=lambda item: item[0]))).encode())
    with torch.no_grad():
        out = module(*example)
    for name, tensor in (*module.state_dict().items(), *enumerate((*example, out))):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return f"{digest.hexdigest()}.onnx"


@functools.cache
def _share_operators() -> None:
    """The converter reads its table of operators anew each time, for a second; once will do."""
    from torch.onnx._internal.exporter import _registration

    registry = _registration.ONNXRegistry
    read = registry.__dict__["from_torchlib"].__func__
    table = functools.cache(lambda opset: read(registry, opset))
    registry.from_torchlib = classmethod(lambda cls, opset_version=None: table(opset_version))
