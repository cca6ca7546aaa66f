"""Each network is converted to ONNX once in a test session: it takes seconds, and many tests train the same one.

The key holds what the converter sees: layers, weights, the example and what comes out for it. A network that
differs from a converted one in its weights only gets them written into that file, where the result then gives what
torch gives. Processes of a session that run side by side share the files.
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

import numpy as np


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
        like = folder / f"like-{key_of(module, example, options, values=False)}"
        if kept.is_file():
            shutil.copyfile(kept, path)
            return
        _share_operators()
        if not like.is_file():
            export(module, example, path, **{**options, "optimize": False})
            _keep(path, like)
        if not write_weights(like, module, example, path, optimize=options.get("optimize", True)):
            export(module, example, path, **options)
        _keep(path, kept)

    wrapper.uncached = export  # type: ignore[attr-defined]
    return wrapper


def _keep(path: str, kept: Path) -> None:
    part = kept.with_suffix(f".{os.getpid()}")
    shutil.copyfile(path, part)
    part.replace(kept)


def write_weights(like: Path, module: Any, example: tuple[Any, ...], path: str, *, optimize: bool) -> bool:
    """Write a converted network with the weights of another of the same layers, and then optimise it.

    False where that does not give what the module gives: a graph may hold what was computed from its weights.
    """
    import onnx
    import onnxruntime
    import torch
    from onnxscript import optimizer

    model = onnx.load(str(like))
    state = module.state_dict()
    for entry in model.graph.initializer:
        value = state.get(entry.name)
        if value is not None and tuple(entry.dims) == tuple(value.shape):
            entry.CopyFrom(onnx.numpy_helper.from_array(value.detach().cpu().numpy(), entry.name))
    onnx.save(optimizer.optimize(model) if optimize else model, path)
    with torch.no_grad():
        result = module(*example)
    results = result if isinstance(result, tuple) else (result,)
    if not all(isinstance(each, torch.Tensor) for each in results):
        return False
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]
    found = session.run(None, {name: each.numpy() for name, each in zip(names, example, strict=True)})
    return all(_are_close(one, each.numpy()) for one, each in zip(found, results, strict=True))


def _are_close(found: np.ndarray, expected: np.ndarray) -> bool:
    return found.shape == expected.shape and bool(
        abs(found - expected).max() <= 1e-5 * max(1.0, abs(expected).max())
    )


def key_of(module: Any, example: tuple[Any, ...], options: dict[str, Any], *, values: bool = True) -> str:
    """The name of the file that this converts to, or without `values` of what has the same layers."""
    import torch

    digest = hashlib.sha256(repr((module, sorted(options.items(), key=lambda item: item[0]))).encode())
    with torch.no_grad():
        out = module(*example)
    outs = out if isinstance(out, tuple) else (out,)
    for name, tensor in (*module.state_dict().items(), *enumerate((*example, *outs))):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        if values:
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
