"""The JSON beside an ONNX file, of its images' preprocessing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unpool.errors import UnpoolError, nearest_name
from unpool.images.exact_fit import INTERPOLATIONS
from unpool.networks.encoders.onnx_graph import Layout
from unpool.networks.preprocessing import Preprocessing

EXAMPLE = '{"size": 224, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}'
CHANNELS = {"rgb": 3, "bgr": 3, "grey": 1, "3": 3, "1": 1}
LAYOUTS: tuple[Layout, ...] = ("NCHW", "NHWC")
CROPS = ("centre", "squash", "pad")
POOLINGS = ("mean", "first")
KEYS = (
    "size", "mean", "std", "channels", "layout", "crop", "crop_pct", "interpolation", "output", "pooling", "name",
    "licence",
)  # fmt: skip
MAX_SIDE = 8192  # pixels


@dataclass(frozen=True)
class Statement:
    """What MODEL.json says of MODEL.onnx.

    Args:
        path: The file, for messages.
        values: Its keys, checked one by one.
    """

    path: Path
    values: Mapping[str, Any]

    def number(self, key: str, low: float, high: float) -> float | None:
        """Read a number in a range.

        Args:
            key: Of the number.
            low: Its least value.
            high: Its largest value.

        Returns:
            The number; None where the key is missing.

        Raises:
            UnpoolError: it is none, or out of range.
        """
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise self.error(f"{key} is {value!r}, but must be a number from {low:g} to {high:g}")
        return value

    def word(self, key: str, known: Sequence[str]) -> str | None:
        """Read one of some words, None without the key."""
        value = self.values.get(key)
        if value is None:
            return None
        for each in known:
            if str(value).lower() == each.lower():
                return each
        raise self.error(f"{key} is {value!r}, but must be one of {', '.join(known)}")

    def numbers(self, key: str, channels: int, default: float) -> tuple[float, ...]:
        """Read a number for each channel.

        Args:
            key: Of the list.
            channels: How many numbers it must have.
            default: The number where the key is missing.

        Returns:
            The numbers.

        Raises:
            UnpoolError: it is no such list.
        """
        value = self.values.get(key, [default] * channels)
        is_list = isinstance(value, list) and len(value) == channels
        if not is_list or not all(type(each) in (int, float) and np.isfinite(each) for each in value):
            raise self.error(
                f"{key} is {value!r}, but must be a list of {channels} numbers for pixels in 0..1"
            )
        return tuple(float(each) for each in value)

    def error(self, problem: str) -> UnpoolError:
        """Build an error with an example of a right file."""
        return UnpoolError(f"{self.path}: {problem}; an example: {EXAMPLE}")


def read_statement(path: Path) -> Statement:
    """Read the JSON beside an ONNX file.

    Raises:
        UnpoolError: it is missing, is no JSON, or has a key that is not known.
    """
    beside = path.with_suffix(".json")
    try:
        values = json.loads(beside.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise UnpoolError(
            f"{path} needs {beside.name} beside it, which says how images are prepared, such as {EXAMPLE}"
        ) from None
    except (OSError, ValueError) as error:
        raise UnpoolError(f"{beside} cannot be read as JSON ({error}); an example: {EXAMPLE}") from error
    if not isinstance(values, dict):
        raise Statement(beside, {}).error("it holds no keys")
    statement = Statement(beside, values)
    if unknown := [key for key in values if key not in KEYS]:
        hint = nearest_name(unknown[0], KEYS) or f", known are {', '.join(KEYS)}"
        raise statement.error(f"unknown key '{unknown[0]}'{hint}")
    return statement


def read_preprocessing(statement: Statement, fixed_side: int | None) -> Preprocessing:
    """Read how images are prepared.

    Args:
        statement: What the JSON says.
        fixed_side: The side in pixels that the graph takes; None for any.

    Raises:
        UnpoolError: a value cannot be, or is another than the graph's.
    """
    channels = CHANNELS[(statement.word("channels", list(CHANNELS)) or "3").lower()]
    size = statement.number("size", 1, MAX_SIDE)
    if size is None and fixed_side is None:
        raise statement.error("size is missing, the side of the images in pixels")
    if size is not None and fixed_side not in (None, size):
        raise statement.error(f"size is {size:g}, but the graph takes images of {fixed_side} pixels")
    side = size or fixed_side or 0
    if not float(side).is_integer():
        raise statement.error(f"size is {side}, but must be a whole number of pixels")
    std = statement.numbers("std", channels, 1.0)
    if min(std) <= 0:
        raise statement.error(f"std is {list(std)}, but must be above 0: pixels are divided by it")
    return Preprocessing(
        int(side), channels, statement.numbers("mean", channels, 0.0), std,
        interpolation=statement.word("interpolation", list(INTERPOLATIONS)) or "bicubic",
        crop=statement.word("crop", CROPS) or "centre", exact=True,
        crop_ratio=float(statement.number("crop_pct", 0.1, 1) or 1.0),
    )  # fmt: skip
