"""Names, values and colours of what `segment predict` writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from unpool.actions.segmentation.output_files import (
    OutputPaths,
    names_for,
    output_value_table,
    palette,
    write_small,
)
from unpool.images.masks.pixel_classes import classes_by_value

CLASSES = classes_by_value(["sky", "road"], values=[7, 9])


def test_names_keep_the_ending_only_where_two_would_be_the_same() -> None:
    assert names_for(["x/a.jpg", "a.jpg", "a.png"]) == {"x/a.jpg": "x/a", "a.jpg": "a.jpg", "a.png": "a.png"}


def test_paths_of_small_and_large_images(tmp_path: Path) -> None:
    paths = OutputPaths(tmp_path, "deep/a", with_probabilities=True)
    assert [file.name for file in paths.files(is_large=False)] == [
        "a.png",
        "a.overlay.png",
        "a.probabilities.tif",
    ]
    assert paths.files(is_large=True)[0].name == "a.tif"
    assert set(paths.files(True)) | set(paths.files(False)) == set(paths.all_paths())
    assert paths.scratch.parent == tmp_path / "deep"
    assert paths.scratch.name.startswith(".")


def test_a_label_map_holds_the_values_of_the_masks_with_their_colours(tmp_path: Path) -> None:
    label_HW = np.array([[0, 1], [1, 0]], np.uint8)
    paths = OutputPaths(tmp_path, "a", with_probabilities=False)
    write_small(paths, np.zeros((2, 2, 3), np.uint8), label_HW, None, CLASSES)
    with Image.open(tmp_path / "a.png") as image:
        assert np.asarray(image).tolist() == [[7, 9], [9, 7]]
        assert tuple(np.asarray(image.convert("RGB"))[0, 1]) == CLASSES.colours[1]
    assert not (tmp_path / "a.probabilities.tif").exists()
    assert output_value_table(CLASSES)[:2].tolist() == [7, 9]
    assert tuple(palette(CLASSES)[9]) == CLASSES.colours[1]
