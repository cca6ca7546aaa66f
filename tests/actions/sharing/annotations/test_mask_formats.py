"""The formats of masks: written, and read in again as the same masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from support.annotations import NAMES, speckled, write_request
from unpool.actions.sharing.annotations.mask_formats import MASK_FORMATS, parse_mask_formats, write_masks
from unpool.core.progress import Progress
from unpool.errors import UsageError
from unpool.images.annotations.class_names import learn_names, plan_folder
from unpool.images.annotations.pairing import find_labelled_pairs
from unpool.images.masks.label_maps import read_label_map
from unpool.images.masks.mask_values import count_values

FULL_NAMES = ("sky", *NAMES[1:])  # without a ground every pixel lies in an area


def test_the_formats() -> None:
    assert list(MASK_FORMATS) == ["coco", "yolo", "labelme", "cvat", "labelstudio"]
    assert [each.name for each in parse_mask_formats("coco, PNG,coco,yolo")] == ["coco", "yolo"]
    with pytest.raises(UsageError, match="unknown format 'coko'; did you mean 'coco'"):
        parse_mask_formats("png,coko")


@pytest.mark.parametrize("name", MASK_FORMATS)
@pytest.mark.parametrize("names", [NAMES, FULL_NAMES])
def test_out_and_in_again_masks_are_the_same(tmp_path: Path, name: str, names: tuple[str, ...]) -> None:
    labels = [speckled(0), speckled(1, 30, 20)]
    request = write_request(tmp_path, labels, names)
    paths, _ = write_masks(parse_mask_formats(name), request, Progress())
    found = find_labelled_pairs(tmp_path / "images", Path(paths[name]))
    assert (found.without, found.unused) == ([], [])
    values, problems = count_values(found.pairs, 1)
    assert problems == []
    assert found.drawn is not None
    classes, _ = learn_names([(found.drawn, values)], None)
    assert set(classes.names) == set(names)
    reading = plan_folder(found, classes, values)
    positions = np.array([names.index(each) for each in classes.names])
    for pair, label_HW in zip(found.pairs, labels, strict=True):
        assert (positions[read_label_map(pair, reading).label_HW] == label_HW).all()
