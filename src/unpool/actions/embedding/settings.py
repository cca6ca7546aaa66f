"""The options of `unpool run`, `unpool demo` and `unpool embed`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from unpool.options import OPTIONS

NumGroups = int | Literal["auto"]


@dataclass(frozen=True)
class RunSettings:
    """What `unpool run` can be set to; see `unpool run --help` for ranges."""

    network: Annotated[str, OPTIONS["network"]] = "auto"
    weights: Annotated[Path | None, OPTIONS["encoder-weights"]] = None
    groups: Annotated[NumGroups | None, OPTIONS["run-groups"]] = None
    minutes: Annotated[float | None, OPTIONS["minutes"]] = None
    steps: Annotated[int | None, OPTIONS["steps"]] = None
    seed: Annotated[int, OPTIONS["seed"]] = 0
    device: Annotated[str, OPTIONS["device"]] = "auto"
    rebuild: Annotated[bool, OPTIONS["rebuild"]] = False
    relocate: Annotated[bool, OPTIONS["relocate"]] = False
    forget: Annotated[bool, OPTIONS["forget"]] = False
    range: Annotated[str | None, OPTIONS["range"]] = None
    nodata: Annotated[str | None, OPTIONS["nodata"]] = None
    inspector: Annotated[Path | None, OPTIONS["inspector"]] = None


@dataclass(frozen=True)
class WatchSettings:
    """What `unpool watch` can be set to.

    That is what its runs can, and how long files settle.
    """

    network: Annotated[str, OPTIONS["network"]] = "auto"
    groups: Annotated[NumGroups | None, OPTIONS["run-groups"]] = None
    settle: Annotated[float, OPTIONS["settle"]] = 2.0
    seed: Annotated[int, OPTIONS["seed"]] = 0
    device: Annotated[str, OPTIONS["device"]] = "auto"
    forget: Annotated[bool, OPTIONS["forget"]] = False
    range: Annotated[str | None, OPTIONS["range"]] = None
    nodata: Annotated[str | None, OPTIONS["nodata"]] = None


@dataclass(frozen=True)
class DemoSettings:
    """What `unpool demo` can be set to."""

    seed: Annotated[int, OPTIONS["seed"]] = 0
    device: Annotated[str, OPTIONS["device"]] = "auto"


@dataclass(frozen=True)
class EmbedSettings:
    """What `unpool embed` can be set to."""

    model: Annotated[str | None, OPTIONS["model"]] = None
    device: Annotated[str, OPTIONS["device"]] = "auto"
    relocate: Annotated[bool, OPTIONS["relocate"]] = False
    forget: Annotated[bool, OPTIONS["forget"]] = False
    range: Annotated[str | None, OPTIONS["range"]] = None
    nodata: Annotated[str | None, OPTIONS["nodata"]] = None
    engine: Annotated[str, OPTIONS["engine"]] = "local"
    ray_address: Annotated[str | None, OPTIONS["ray-address"]] = None
    vectors: Annotated[Path | None, OPTIONS["vectors"]] = None
    weights: Annotated[Path | None, OPTIONS["encoder-weights"]] = None


@dataclass(frozen=True)
class WorkspaceEmbedSettings(EmbedSettings):
    """The settings of `Workspace.embed`: as `EmbedSettings`, with a default model.

    It may be a function too, from a list of images (H, W, 3) uint8 to vectors (B, D).
    """

    model: Annotated[str | Path | Callable[..., Any] | None, OPTIONS["model"]] = None  # type: ignore[assignment]
