"""Every option once: what it is called, means, and may be. Commands, Python and config files share this page."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from unpool.errors import UsageError, unknown_name


@dataclass(frozen=True)
class Option:
    """One thing a user can set. `low` and `high` bound numbers (inclusive), `choices` names."""

    help: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: Collection[str] = ()
    auto: bool = False  # the word "auto" is allowed beside a number

    def describe(self) -> str:
        """The help line with unit and range, as the terminal and the reference show it."""
        notes = [self.unit] if self.unit else []
        if self.low is not None or self.high is not None:
            notes.append(f"{_number(self.low, 'any')} to {_number(self.high, 'any')}")
        if self.auto:
            notes.append("or auto")
        if self.choices:
            notes.append("one of " + ", ".join(self.choices))
        return self.help + (f" [{'; '.join(notes)}]" if notes else "")

    def check(self, name: str, value: Any) -> None:
        """Raise `UsageError` naming the option, the value and what was expected."""
        if value is None or (self.auto and value == "auto"):
            return
        if self.choices and value not in self.choices:
            raise unknown_name(name, str(value), self.choices)
        if (self.low is not None or self.high is not None) and not self._inside(value):
            expected = f"{_number(self.low, 'any')} to {_number(self.high, 'any')}"
            word = " or auto" if self.auto else ""
            raise UsageError(f"--{name} is {value!r}, but must be a number from {expected}{word}")

    def _inside(self, value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


def _number(value: float | None, missing: str) -> str:
    return missing if value is None else f"{value:g}"


METHODS = ("auto", "kmeans", "gmm", "hdbscan")
MAPS = ("tsne", "umap", "pca")
FORMATS = ("csv", "parquet", "folders", "html")
DEVICES = ("auto", "cpu", "cuda", "mps")

OPTIONS: dict[str, Option] = {
    "work": Option("workspace folder; ./NAME.unpool where NAME is the folder's, unless given"),
    "network": Option("network of the catalogue, model folder, or auto: chosen by the images, and said why"),
    "model": Option("model folder, or pretrained network of the catalogue"),
    "groups": Option("how many groups", low=2, high=100_000, auto=True),
    "method": Option("how to group", choices=METHODS),
    "map": Option("how to lay out the map", choices=MAPS),
    "minutes": Option("time for training on this machine", unit="minutes", low=0.01, high=100_000),
    "steps": Option("exact number of training steps, instead of minutes", low=1, high=1_000_000_000),
    "k": Option("how many images to show", low=1, high=100_000),
    "seed": Option("start of all randomness; the same seed gives the same result", low=0, high=2**31 - 1),
    "device": Option("where to compute", choices=DEVICES),
    "data": Option("folder with named data sets in torchvision's layout"),
    "labels": Option("true classes: `folders` (name of the folder an image lies in), or a CSV of path,label"),
    "to": Option("what to write", choices=FORMATS),
    "out": Option("file or folder to write"),
    "size": Option("side of the input image", unit="pixels", low=1, high=8192),
    "json": Option("print one JSON object instead of text"),
    "config": Option("YAML file with the same options; what is typed wins"),
    "debug": Option("show where an error came from"),
    "no-open": Option("do not open the report in the browser"),
}


def check(**values: Any) -> None:
    """Check values by option name (underscores for dashes); UsageError for the first that is wrong.

    >>> check(groups="auto", seed=0)
    >>> check(groups=1)
    Traceback (most recent call last):
    unpool.errors.UsageError: --groups is 1, but must be a number from 2 to 100000 or auto
    """
    for key, value in values.items():
        name = key.replace("_", "-")
        OPTIONS[name].check(name, value)
