"""The map by class: coloured by true classes instead of groups."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unpool.actions.grouping.labelled_map import draw_labelled_map
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.report.palette import GREY, group_colours, rgb_of
from unpool.store.state import REPORT
from unpool.store.table import ImageTable

PATHS = ["cat/1.png", "cat/2.png", "dog/1.png", "other.png"]


def has_colour(pixels: np.ndarray, colour: str) -> bool:
    rgb = (rgb_of(colour) * 255).round()
    return bool((np.abs(pixels.reshape(-1, 3) - rgb).max(axis=1) <= 1).any())


def test_images_have_the_colour_of_their_class(tmp_path: Path) -> None:
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert([
        {"path": path, "status": "ok", "group": 0, "x": float(row), "y": float(row % 2)}
        for row, path in enumerate(PATHS)
    ])  # fmt: skip
    picture, labels = draw_labelled_map(table.work, "folders", Progress())
    assert labels.num_labelled == 3
    assert picture == table.work / REPORT / "map-labels.png"
    pixels = np.asarray(Image.open(picture).convert("RGB")).astype(float)
    colours = group_colours([0, 1, 2])
    found = [has_colour(pixels, colour) for colour in (*colours.values(), GREY)]
    assert found == [True, True, False, True]


def test_labels_that_fit_nothing_are_an_error(tmp_path: Path) -> None:
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert([{"path": "1.png", "status": "ok", "x": 0.0, "y": 0.0}])
    with pytest.raises(UnpoolError, match="no image lies in a folder of its own class"):
        draw_labelled_map(table.work, "folders", Progress())
