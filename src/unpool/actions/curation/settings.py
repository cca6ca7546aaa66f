"""The options of `unpool check`, `search`, `label`, `move` and others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from unpool.actions.fields.settings import FROM, KIND
from unpool.options import OPTIONS

Threshold = float | Literal["auto"] | None


@dataclass(frozen=True)
class CheckSettings:
    """What `unpool check` can be set to."""

    labels: Annotated[str | None, OPTIONS["check-labels"]] = None
    seed: Annotated[int, OPTIONS["seed"]] = 0
    device: Annotated[str, OPTIONS["device"]] = "auto"
    model: Annotated[Path | None, OPTIONS["check-model"]] = None
    threshold: Annotated[Threshold, OPTIONS["check-threshold"]] = None


@dataclass(frozen=True)
class SearchSettings:
    """What `unpool search` can be set to."""

    k: Annotated[int, OPTIONS["k"]] = 12
    device: Annotated[str, OPTIONS["device"]] = "auto"
    words: Annotated[Sequence[str] | None, OPTIONS["words"]] = None
    without: Annotated[Sequence[str] | None, OPTIONS["not"]] = None
    text: Annotated[str | None, OPTIONS["text"]] = None


@dataclass(frozen=True)
class LabelSettings:
    """What `unpool label` can be set to."""

    as_: Annotated[str | None, OPTIONS["as"]] = None
    none: Annotated[bool, OPTIONS["none"]] = False
    wrong: Annotated[bool, OPTIONS["wrong"]] = False
    group: Annotated[int | None, OPTIONS["label-group"]] = None
    from_: Annotated[Path | None, FROM] = None
    field: Annotated[str | None, OPTIONS["field"]] = None
    kind: Annotated[str | None, KIND] = None
    list: Annotated[bool, OPTIONS["list-labels"]] = False
    zero_shot: Annotated[str | None, OPTIONS["zero-shot"]] = None
    all_fit: Annotated[bool, OPTIONS["all-fit"]] = False


@dataclass(frozen=True)
class DecideSettings:
    """What `unpool accept` and `unpool reject` can be set to."""

    group: Annotated[int | None, OPTIONS["decide-group"]] = None
    above: Annotated[float | None, OPTIONS["above"]] = None


@dataclass(frozen=True)
class KeepSettings:
    """What `unpool keep` can be set to."""

    group: Annotated[int | None, OPTIONS["decide-group"]] = None


@dataclass(frozen=True)
class MoveSettings:
    """What `unpool move` can be set to."""

    group: Annotated[int, OPTIONS["move-group"]]


@dataclass(frozen=True)
class SpreadSettings:
    """What `unpool spread` can be set to."""

    error: Annotated[float, OPTIONS["error"]] = 0.1
    seed: Annotated[int, OPTIONS["seed"]] = 0
