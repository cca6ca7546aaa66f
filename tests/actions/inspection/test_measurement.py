"""Images are inspected as the inspector alone does it, and their pixels counted at the size of the masks."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from support.inspector import write_inspector, write_parts
from unpool.actions.inspection.inspect_image import OpenedPicture
from unpool.actions.inspection.labelled_images import LabelledImage, find_labelled_images
from unpool.actions.inspection.measurement import (
    Measured,
    inspect_all,
    measure_picture,
    resize_rows,
    try_inspect,
)
from unpool.core.progress import Progress
from unpool.images.reading.scan import ImageFile, Problem
from unpool.images.tiff.rows import TiffRows
from unpool.images.values.rules import NO_RULES
from unpool.inference.inspection.inspector import Inspector, load_inspector, resize_heat


def opened(height: int, width: int) -> OpenedPicture:
    """A black picture."""
    return OpenedPicture(height, width, lambda top, bottom: np.zeros((bottom - top, width, 3), np.uint8), ())


@pytest.fixture(scope="module")
def inspector(tmp_path_factory: pytest.TempPathFactory) -> Inspector:
    return load_inspector(write_inspector(tmp_path_factory.mktemp("model") / "model"))


@pytest.mark.parametrize(("height", "width"), [(64, 64), (50, 70), (5, 3)])
def test_rows_are_those_of_the_whole_heat_map(height: int, width: int) -> None:
    heat_hw = np.random.default_rng(0).random((8, 9), np.float32)
    rows = [
        resize_rows(heat_hw, height, width, top, bottom)
        for top, bottom in pairwise([0, height // 3, height // 2, height])
    ]
    np.testing.assert_allclose(np.concatenate(rows), resize_heat(heat_hw, height, width), atol=1e-5)


def test_all_images_are_inspected(inspector: Inspector, tmp_path: Path) -> None:
    found = find_labelled_images(write_parts(tmp_path), None)
    measured = inspect_all(found, inspector, NO_RULES, Progress())
    assert sorted(image.file.path for image in measured.images) == [image.file.path for image in found.images]
    for image, score in zip(measured.images, measured.scores, strict=True):
        assert score == inspector.inspect(np.asarray(Image.open(image.file.file))).score
    assert measured.pixels.curve().num_bad == 6 * 16 * 16
    assert measured.pixels.curve().num_good == (4 + 6) * 64 * 64 - 6 * 16 * 16


def test_an_image_with_a_broken_mask_keeps_its_score(inspector: Inspector, tmp_path: Path) -> None:
    (tmp_path / "mask.png").write_bytes(b"nothing")
    mask = ImageFile("mask.png", tmp_path / "mask.png", 0, 0.0)
    image = LabelledImage(ImageFile("a.png", tmp_path / "a.png", 0, 0.0), "spot", mask)
    found = measure_picture(image, opened(20, 30), inspector)
    assert (found.inspection.score, found.height, found.width) == (1.0, 20, 30)
    assert found.mask_problem is not None
    assert found.mask_problem.path == "mask.png"
    missing = try_inspect(image, inspector, NO_RULES)
    assert isinstance(missing, Problem)
    assert (missing.path, missing.problem) == ("a.png", "missing")


def test_good_images_count_as_large_as_masks_are_beside_their_images(
    inspector: Inspector, tmp_path: Path
) -> None:
    Image.new("L", (15, 10), 1).save(tmp_path / "mask.png")
    mask, file = ImageFile("mask.png", tmp_path / "mask.png", 0, 0.0), ImageFile("a.png", tmp_path, 0, 0.0)
    measured = Measured()
    for image, height, width in (
        (LabelledImage(file, "good"), 20, 30),  # before any mask: nothing to compare it with
        (LabelledImage(file, "spot", mask), 20, 30),
        (LabelledImage(file, "good"), 40, 60),
    ):
        measured.add(measure_picture(image, opened(height, width), inspector))
    curve = measured.pixels.curve()
    assert (curve.num_bad, curve.num_good) == (150, 20 * 30)
    assert (measured.num_resized, measured.num_masks) == (1, 1)


def test_a_large_tiff_is_read_by_rows_where_the_model_has_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspector = load_inspector(write_inspector(tmp_path / "model", tile=32))
    folder = write_parts(tmp_path / "parts", good=2, bad=1)
    whole = inspect_all(find_labelled_images(folder, None), inspector, NO_RULES, Progress())
    for file in (folder / "test").rglob("*.png"):
        tifffile.imwrite(file.with_suffix(".tif"), np.asarray(Image.open(file)), rowsperstrip=8)
        file.unlink()
    read: list[tuple[int, int]] = []
    plain = TiffRows.read
    monkeypatch.setattr(TiffRows, "read", lambda rows, *span: (read.append(span), plain(rows, *span))[1])
    monkeypatch.setattr("unpool.actions.inspection.inspect_image.LARGE_PIXELS", 1000)
    by_rows = inspect_all(find_labelled_images(folder, None), inspector, NO_RULES, Progress())
    assert {bottom - top for top, bottom in read} == {32}
    assert by_rows.scores == whole.scores
    assert by_rows.pixels.aupro() == whole.pixels.aupro()
