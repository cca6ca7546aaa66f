"""YOLO's outlines, read back by labelformat and filled as Ultralytics fills."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from support.annotations import NAMES, fill_by_coco, fill_by_pillow, speckled, write_request
from unpool.actions.sharing.annotations.yolo_masks import write_yolo

LABELS = [speckled(0), speckled(1, 30, 20), np.zeros((5, 4), np.uint8)]
KEYS = ("a b & é/0.png", "in/1.png", "in/2.png")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("yolo")
    result = write_yolo(write_request(folder, LABELS))
    assert any("holes, which are cut" in remark for remark in result.remarks)
    shutil.copytree(folder / "images", result.path / "images")
    return result.path


@pytest.mark.parametrize("fill", [fill_by_coco, fill_by_pillow])
def test_labelformat_reads_the_same_masks(written: Path, fill: object) -> None:
    from labelformat.formats.yolov8 import YOLOv8InstanceSegmentationInput

    assert callable(fill)
    source = YOLOv8InstanceSegmentationInput(input_file=written / "data.yaml", input_split="train")
    assert [each.name for each in source.get_categories()] == list(NAMES[1:])
    found = {label.image.filename: label for label in source.get_labels()}
    assert sorted(found) == sorted(KEYS)
    for key, label_HW in zip(KEYS, LABELS, strict=True):
        found_HW = np.zeros_like(label_HW)
        for each in found[key].objects:
            (polygon,) = each.segmentation.polygons
            found_HW[fill(np.array(polygon), *label_HW.shape)] = NAMES.index(each.category.name)
        assert (found_HW == label_HW).all()


def test_names_are_those_of_the_classes(written: Path) -> None:
    held = yaml.safe_load((written / "data.yaml").read_text("utf-8"))
    assert held == {"train": "images", "val": "images", "names": {0: NAMES[1], 1: NAMES[2]}}
    assert (written / "labels" / "in" / "2.txt").read_text() == ""


def test_what_somebody_has_corrected_stays(tmp_path: Path) -> None:
    request = write_request(tmp_path, LABELS[:1])
    file = write_yolo(request).path / "labels" / "a b & é" / "0.txt"
    before = file.read_text()
    file.write_text("0 0 0 1 0 1 1\n")
    write_yolo(replace(request, masks=[replace(request.masks[0], is_new=False)]))
    assert file.read_text() == "0 0 0 1 0 1 1\n"
    write_yolo(request)
    assert file.read_text() == before
