"""The options of `unpool group`, `unpool map` and `unpool evaluate`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from unpool.options import OPTIONS

NumGroups = int | Literal["auto"]


@dataclass(frozen=True)
class GroupSettings:
    """Settings of `unpool group`.

    `merge` and `split` change the groups that there are."""

    method: Annotated[str, OPTIONS["method"]] = "auto"
    groups: Annotated[NumGroups, OPTIONS["groups"]] = "auto"
    merge: Annotated[int | None, OPTIONS["merge"]] = None
    split: Annotated[int | None, OPTIONS["split"]] = None
    names: Annotated[str | None, OPTIONS["names"]] = None
    seed: Annotated[int, OPTIONS["seed"]] = 0


@dataclass(frozen=True)
class MapSettings:
    """What `unpool map` can be set to."""

    method: Annotated[str, OPTIONS["map"]] = "tsne"
    labels: Annotated[str | None, OPTIONS["labels"]] = None
    seed: Annotated[int, OPTIONS["seed"]] = 0


@dataclass(frozen=True)
class EvaluateSettings:
    """What `unpool evaluate` can be set to."""

    labels: Annotated[str | None, OPTIONS["labels"]] = None
