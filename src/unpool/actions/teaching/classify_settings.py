"""The options of `unpool classify`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from unpool.core.settings import Option
from unpool.errors import UsageError
from unpool.options import OPTIONS
from unpool.store.fields.names import LABEL

AUTO = "auto"
HEAD_KINDS = (
    AUTO,
    "linear",
    "kernel",
    "knn",
    "mlp",
)  # without numpy, which `unpool --help` does not wait for
FORMATS = ("csv", "folders")

HEAD = Option(
    "what names a vector: logistic regression, the same on similarities to labelled images, ten nearest neighbours, or "
    "a network with one hidden layer; auto takes the best of the first three on images held out",
    choices=HEAD_KINDS,
)
FINETUNE = Option("train the network too, for --minutes; it is used where images held out are named better")
FORMAT = Option("what to write; by default a table where --out ends in .csv, else folders", choices=FORMATS)


@dataclass(frozen=True)
class ClassifyTrainSettings:
    """What `unpool classify train` can be set to."""

    field: Annotated[str, OPTIONS["field"]] = LABEL
    head: Annotated[str, HEAD] = AUTO
    error: Annotated[float, OPTIONS["error"]] = 0.05
    finetune: Annotated[bool, FINETUNE] = False
    minutes: Annotated[float | None, OPTIONS["minutes"]] = None
    device: Annotated[str, OPTIONS["device"]] = "auto"
    seed: Annotated[int, OPTIONS["seed"]] = 0

    def __post_init__(self) -> None:
        if self.finetune != (self.minutes is not None):
            raise UsageError("--finetune and --minutes M go together: give both, or neither")


@dataclass(frozen=True)
class ClassifyPredictSettings:
    """What `unpool classify predict` can be set to."""

    to: Annotated[str | None, FORMAT] = None
    link: Annotated[bool, OPTIONS["link"]] = False
    device: Annotated[str, OPTIONS["device"]] = "auto"
    seed: Annotated[int, OPTIONS["seed"]] = 0
