"""What the JSON beside an ONNX file says of its images is checked key by key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from unpool.errors import UnpoolError
from unpool.networks.encoders.onnx_statement import read_preprocessing, read_statement
from unpool.networks.preprocessing import Preprocessing


def read(folder: Path, fixed_side: int | None = None, **values: Any) -> Preprocessing:
    (folder / "own.json").write_text(json.dumps(values))
    return read_preprocessing(read_statement(folder / "own.onnx"), fixed_side)


def test_what_is_stated_is_what_images_get(tmp_path: Path) -> None:
    stated = {"mean": [0.1, 0.2, 0.3], "std": [1, 2, 3], "crop": "Squash", "channels": "BGR", "crop_pct": 0.9}
    assert read(tmp_path, size=224, interpolation="bilinear", **stated) == Preprocessing(
        224, 3, (0.1, 0.2, 0.3), (1.0, 2.0, 3.0), "bilinear", "squash", exact=True, crop_ratio=0.9
    )
    assert read(tmp_path, 32, channels="grey") == Preprocessing(32, 1, (0.0,), (1.0,), exact=True)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "size is missing"),
        ({"size": None}, "size is missing"),
        ({"size": 2.5}, "must be a whole number of pixels"),
        ({"size": True}, "size is True, but must be a number from 1 to 8192"),
        ({"size": 8, "mean": [0.5, 0.5, "a"]}, "must be a list of 3 numbers"),
        ({"size": 8, "mean": [0.5, 0.5, float("nan")]}, "must be a list of 3 numbers"),
        ({"size": 8, "channels": 4}, "channels is 4, but must be one of"),
        (
            {"size": 8, "interpolation": "cubic"},
            "interpolation is 'cubic', but must be one of bicubic, bilinear",
        ),
        ({"size": 8, "image_mean": [0.5]}, "unknown key 'image_mean'"),
    ],
)
def test_what_cannot_be_is_one_line(tmp_path: Path, values: dict[str, Any], message: str) -> None:
    with pytest.raises(UnpoolError, match=message) as caught:
        read(tmp_path, **values)
    assert str(caught.value).startswith(str(tmp_path / "own.json"))
    assert "an example: {" in str(caught.value)
