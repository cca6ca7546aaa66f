"""The length of a function's vectors is what most images say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unpool.errors import UnpoolError
from unpool.images.source import open_source
from unpool.inference.model import LoadedEncoder
from unpool.inference.vectors.first_vectors import measure_dimension
from unpool.networks.encoders.function_encoder import FunctionEncoder
from unpool.networks.preprocessing import Preprocessing
from unpool.training.foreign_model import write_foreign_model
from unpool.training.model_file import describe_model


def measure(folder: Path, function: Callable[[Sequence[np.ndarray]], object]) -> LoadedEncoder:
    (folder / "photos").mkdir()
    for number in range(6):
        Image.new("RGB", (10 + number, 8)).save(folder / "photos" / f"{number}.png")
    (folder / "photos" / "0.jpg").write_bytes(b"\xff\xd8\xff")
    prep = Preprocessing(2048, crop="none")
    write_foreign_model(folder, "own:f", prep, None, digest="0", encoder={"kind": "function"})
    model = LoadedEncoder(FunctionEncoder("own:f", function), prep, "own", None)  # type: ignore[arg-type]
    source = open_source(str(folder / "photos"), None)
    return measure_dimension(model, folder, source, source.scan().files)


def test_one_odd_image_decides_nothing(tmp_path: Path) -> None:
    def odd_first(images: Sequence[np.ndarray]) -> list[list[float]]:
        if images[0].shape[1] == 11:
            raise ValueError("not this one")
        return [[0.0] * (2 if each.shape[1] == 10 else 4) for each in images]

    model = measure(tmp_path, odd_first)
    assert model.dimension == 4
    assert describe_model(tmp_path)["dimension"] == 4
    (odd,) = model.encoder.embed_each([np.zeros((8, 10, 3), np.uint8)])  # type: ignore[attr-defined]
    assert "shape (1, 2), expected (1, 4)" in odd


def test_a_function_that_never_works_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UnpoolError, match="own:f gives no vector for any image: own:f raised TypeError"):
        measure(tmp_path, lambda images: len(3))  # type: ignore[arg-type]
