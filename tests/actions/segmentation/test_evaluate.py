"""Pixels are counted against masks as by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.masks import write_scenes
from unpool.actions.segmentation.evaluate import segment_evaluate
from unpool.errors import UnpoolError
from unpool.images.masks.pixel_classes import classes_by_value
from unpool.networks.segmentation.segmenter import Segmenter
from unpool.training.model_file import save_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    names = ["ground", "disc", "bar"]
    network = Segmenter("fcn4s", num_classes=3, backbone="conv", seed=0)
    save_model(folder, network, classes=names, masks=classes_by_value(names).to_dict())
    return folder


def test_the_table_is_that_of_the_predicted_label_maps(model: Path, tmp_path: Path) -> None:
    from unpool.actions.segmentation.predict import segment_predict

    images, masks = write_scenes(tmp_path, 3)
    found = segment_evaluate(images, masks, model=model)
    segment_predict(images, model=model, out=tmp_path / "out")
    table = np.zeros((3, 3), int)
    for mask in sorted(masks.iterdir()):
        true = np.asarray(Image.open(mask)).ravel()
        predicted = np.asarray(Image.open(tmp_path / "out" / mask.name)).ravel()
        np.add.at(table, (true, predicted), 1)
    assert found["confusion"] == table.tolist()
    assert found["pixel_accuracy"] == pytest.approx(np.trace(table) / table.sum())
    assert (found["images"], found["skipped"]) == (3, 0)


def test_unreadable_pairs_are_skipped_and_none_is_an_error(model: Path, tmp_path: Path) -> None:
    images, masks = write_scenes(tmp_path, 2)
    (masks / "000.png").write_bytes(b"no picture")
    found = segment_evaluate(images, masks, model=model)
    assert (found["images"], found["skipped"]) == (1, 1)
    (masks / "001.png").write_bytes(b"no picture")
    with pytest.raises(UnpoolError, match=r"no pair can be used; the first, 000\.png"):
        segment_evaluate(images, masks, model=model)
