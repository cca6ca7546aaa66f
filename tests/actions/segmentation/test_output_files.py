"""Names, values and colours of what `segment predict` writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from unpool.actions.segmentation import output_files as module
from unpool.actions.segmentation.output_files import (
    OutputPaths,
    output_value_table,
    palette,
    write_large,
    write_small,
)
from unpool.images.masks.pixel_classes import classes_by_value
from unpool.inference.predict_mask import LabelFile, state_file
from unpool.report.segments import overlay

CLASSES = classes_by_value(["sky", "road"], values=[7, 9])


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


def test_probabilities_are_written_as_pages_of_a_tiff(tmp_path: Path) -> None:
    probability_KHW = np.array([[[0.25, 1.0]], [[0.75, 0.0]]], np.float16)
    paths = OutputPaths(tmp_path, "a", with_probabilities=True)
    write_small(paths, np.zeros((1, 2, 3), np.uint8), np.array([[1, 0]], np.uint8), probability_KHW, CLASSES)
    stored = tifffile.imread(tmp_path / "a.probabilities.tif")
    assert stored.dtype == np.float16
    assert (stored == probability_KHW).all()
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(
        path.name for path in paths.files(False)
    )


@pytest.fixture
def large(tmp_path: Path) -> tuple[OutputPaths, np.ndarray, np.ndarray]:
    """A label map in a file, as `predict_rows` leaves it, and the image."""
    rng = np.random.default_rng(0)
    pixels_HW3, label_HW = rng.integers(0, 256, (21, 35, 3), np.uint8), rng.integers(0, 2, (21, 35), np.uint8)
    paths = OutputPaths(tmp_path, "a", with_probabilities=True)
    labels = LabelFile(paths.scratch, 21, 35)
    labels.create()
    labels.write(0, label_HW)
    state_file(paths.scratch).write_text("{}")
    paths.probabilities_file.write_bytes(b"probabilities")
    return paths, pixels_HW3, label_HW


def test_a_large_label_map_is_a_tiff_in_tiles_with_the_palette(
    large: tuple[OutputPaths, np.ndarray, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths, pixels_HW3, label_HW = large
    monkeypatch.setattr(module, "TILE", 16)
    write_large(paths, LabelFile(paths.scratch, 21, 35), lambda top, bottom: pixels_HW3[top:bottom], CLASSES)
    with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
        page = tiff.pages[0]
        assert (page.tilewidth, page.tilelength) == (16, 16)  # type: ignore[union-attr]
        assert (page.asarray() == np.array([7, 9], np.uint8)[label_HW]).all()
        assert (page.colormap[:, 9] // 257).tolist() == list(CLASSES.colours[1])  # type: ignore[union-attr]
    with Image.open(tmp_path / "a.overlay.png") as image:
        assert (np.asarray(image) == overlay(pixels_HW3, label_HW, CLASSES.colours)).all()


def test_a_large_image_leaves_no_unfinished_files(
    large: tuple[OutputPaths, np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    paths, pixels_HW3, _ = large
    write_large(paths, LabelFile(paths.scratch, 21, 35), lambda top, bottom: pixels_HW3[top:bottom], CLASSES)
    assert {file.name for file in tmp_path.iterdir()} == {"a.tif", "a.overlay.png", "a.probabilities.tif"}
    assert (tmp_path / "a.probabilities.tif").read_bytes() == b"probabilities"


def test_a_large_overlay_is_reduced_to_single_pixels_at_even_distances(
    large: tuple[OutputPaths, np.ndarray, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths, pixels_HW3, label_HW = large
    monkeypatch.setattr(module, "OVERLAY_SIDE", 12)  # 35 pixels: every third
    monkeypatch.setattr(module, "TILE", 16)  # strips of 15 rows
    write_large(paths, LabelFile(paths.scratch, 21, 35), lambda top, bottom: pixels_HW3[top:bottom], CLASSES)
    with Image.open(tmp_path / "a.overlay.png") as image:
        assert image.size == (12, 7)
        assert (np.asarray(image) == overlay(pixels_HW3, label_HW, CLASSES.colours)[::3, ::3]).all()
