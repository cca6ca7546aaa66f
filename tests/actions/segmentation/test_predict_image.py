"""One image to its files: what is written, when it is announced, what is counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from support.masks import make_undecided, scene
from unpool.actions.segmentation import predict_image as module
from unpool.actions.segmentation.output_files import OutputPaths
from unpool.actions.segmentation.predict_image import ImageJob, ImagePredictor, is_large
from unpool.errors import UnreadableImageError
from unpool.images.masks.pixel_classes import classes_by_value
from unpool.images.reading.scan import ImageFile
from unpool.inference.segmenter import SegmenterRuntime
from unpool.inference.segmenter_model import LoadedSegmenter
from unpool.networks.segmentation.segmenter import Segmenter


@pytest.fixture(scope="module")
def ready() -> LoadedSegmenter:
    network = Segmenter("fcn4s", backbone="conv", num_classes=3, size=32, seed=0)
    make_undecided(network)
    return LoadedSegmenter(SegmenterRuntime(network), classes_by_value(["a", "b", "c"]), "id")


def job(folder: Path, name: str = "a.png", **more: Any) -> ImageJob:
    file, paths = ImageFile(name, folder / name, 1, 0.0), OutputPaths(folder / "out", "a", False)
    return ImageJob(file, paths, {"path": name, "tile": None, "overlap": 0.25, **more}, 40 * 30)


def test_files_are_announced_before_they_are_there_and_images_counted(
    ready: LoadedSegmenter, tmp_path: Path
) -> None:
    Image.fromarray(scene(0, 40, 30)[0]).save(tmp_path / "a.png")
    Image.fromarray(scene(0, 40, 30)[0]).convert("L").save(tmp_path / "grey.png")
    announced: list[tuple[str, bool, bool]] = []

    def begin(path: str, paths: OutputPaths, is_large: bool) -> None:
        announced.append((path, is_large, any(file.exists() for file in paths.files(is_large))))

    shares: list[float] = []
    predictor = ImagePredictor(ready, begin, shares.append)
    predictor.predict(job(tmp_path))
    assert announced == [("a.png", False, False)]
    assert Image.open(tmp_path / "out" / "a.png").size == (30, 40)
    assert (tmp_path / "out" / "a.overlay.png").is_file()
    assert sum(shares) == pytest.approx(1)
    predictor.predict(job(tmp_path, "grey.png"))
    assert (predictor.num_read, predictor.num_grey) == (2, 1)


def test_a_large_image_is_labelled_by_rows_as_a_small_one(
    ready: LoadedSegmenter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tifffile

    Image.fromarray(scene(1, 40, 30)[0]).save(tmp_path / "a.png")
    kinds: list[bool] = []
    predictor = ImagePredictor(ready, lambda path, paths, large: kinds.append(large), lambda share: None)
    predictor.predict(job(tmp_path, tile=32))
    monkeypatch.setattr(module, "LARGE_PIXELS", 1000)
    assert is_large(job(tmp_path).file)
    predictor.predict(job(tmp_path, tile=32))
    assert kinds == [False, True]
    rows, whole = tifffile.imread(tmp_path / "out" / "a.tif"), Image.open(tmp_path / "out" / "a.png")
    np.testing.assert_array_equal(rows, np.asarray(whole))


def test_what_cannot_be_read_is_not_announced(ready: LoadedSegmenter, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG broken")
    announced: list[str] = []
    predictor = ImagePredictor(ready, lambda path, paths, large: announced.append(path), lambda share: None)
    with pytest.raises(UnreadableImageError):
        predictor.predict(job(tmp_path))
    assert announced == []
    assert not is_large(job(tmp_path).file)
