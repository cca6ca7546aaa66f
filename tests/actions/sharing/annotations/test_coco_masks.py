"""COCO's JSON, read back by pycocotools and by labelformat."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO

from support.annotations import NAMES, speckled, write_request
from unpool.actions.sharing.annotations.coco_masks import write_coco

LABELS = [speckled(0), speckled(1, 30, 20), np.zeros((5, 4), np.uint8)]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    result = write_coco(write_request(tmp_path_factory.mktemp("coco"), LABELS))
    assert any("have holes" in remark for remark in result.remarks)
    return result.path


def test_pycocotools_reads_the_same_masks(written: Path) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(written))
    assert {each["id"]: each["name"] for each in coco.loadCats(coco.getCatIds())} == {
        2: NAMES[1],
        3: NAMES[2],
    }
    assert [each["file_name"] for each in coco.loadImgs([1, 2, 3])] == [
        "a b & é/0.png",
        "in/1.png",
        "in/2.png",
    ]
    for image, label_HW in enumerate(LABELS, 1):
        found_HW = np.zeros_like(label_HW)
        for annotation in coco.loadAnns(coco.getAnnIds([image])):
            own_HW = coco.annToMask(annotation) > 0
            assert not found_HW[own_HW].any()
            found_HW[own_HW] = annotation["category_id"] - 1
            assert annotation["area"] == own_HW.sum()
            rows, columns = np.flatnonzero(own_HW.any(axis=1)), np.flatnonzero(own_HW.any(axis=0))
            box = [columns[0], rows[0], np.ptp(columns) + 1, np.ptp(rows) + 1]
            assert annotation["bbox"] == box
        assert (found_HW == label_HW).all()


def test_labelformat_reads_as_many_objects(written: Path) -> None:
    from labelformat.formats.coco import COCOInstanceSegmentationInput

    labels = list(COCOInstanceSegmentationInput(input_file=written).get_labels())
    counts = [len(label.objects) for label in labels]
    every = json.loads(written.read_text("utf-8"))["annotations"]
    assert counts == [sum(each["image_id"] == image for each in every) for image in (1, 2, 3)]
    kinds = {type(each.segmentation).__name__ for label in labels for each in label.objects}
    assert kinds == {"MultiPolygon", "BinaryMaskSegmentation"}
