"""Which image each drawing belongs to, and what is said of the others."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.annotations import speckled, write_request
from unpool.actions.sharing.annotations.mask_formats import MASK_FORMATS
from unpool.errors import UnpoolError
from unpool.images.annotations.class_names import plan_folder
from unpool.images.annotations.pairing import find_labelled_pairs
from unpool.images.masks.label_maps import read_label_map
from unpool.images.masks.mask_values import count_values
from unpool.images.masks.pixel_classes import classes_by_value

SQUARE = [1, 1, 5, 1, 5, 5, 1, 5]


def write_images(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((6, 8, 3), 90, np.uint8)).save(folder / name)
    return folder


def write_coco(file: Path, *names: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    images = [{"id": number, "file_name": name, "width": 8, "height": 6} for number, name in enumerate(names)]
    annotations = [
        {"image_id": image["id"], "category_id": 1, "segmentation": [SQUARE]} for image in images[1:]
    ]
    file.write_text(
        json.dumps({"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "a"}]})
    )
    return file


def test_names_are_matched_as_label_files_are(tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", "a.png", "sub/b.png", "c.png")
    file = write_coco(tmp_path / "c.json", "a.png", "D:\\set\\images\\sub\\b.png", "z.png")
    found = find_labelled_pairs(images, file)
    assert [pair.path for pair in found.pairs] == ["a.png", "sub/b.png"]
    assert found.without == ["c.png"]
    assert found.unused == ["z.png"]
    assert found.remarks == [
        f"masks are the 1 areas that {file} (COCO) draws on 2 images",
        "1 of these images have no area: all their pixels are ground",
    ]
    assert (found.pairs[1].read_mask().value_HW == 1).sum() == 16


def test_images_and_annotations_may_lie_in_one_folder(tmp_path: Path) -> None:
    images = write_images(tmp_path, "images/a.png", "images/b.png")
    found = find_labelled_pairs(images, write_coco(tmp_path / "annotations" / "c.json", "a.png", "b.png"))
    assert [pair.path for pair in found.pairs] == ["images/a.png", "images/b.png"]
    assert found.unused == []


def test_folders_that_are_missing_are_named(tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", "a.png")
    file = write_coco(tmp_path / "annotations" / "c.json", "a.png")
    for places in ((tmp_path / "no", images), (tmp_path / "no", file), (tmp_path / "no", file.parent)):
        with pytest.raises(UnpoolError, match=r"no\b"):
            find_labelled_pairs(*places)
    with pytest.raises(UnpoolError, match=r"other\.json"):
        find_labelled_pairs(images, tmp_path / "other.json")


def test_an_image_that_is_drawn_on_twice_is_reported(tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", "a.png")
    found = find_labelled_pairs(images, write_coco(tmp_path / "c.json", "a.png", "./a.png"))
    assert len(found.pairs) == 1
    assert "1 images are drawn on twice, and the first time counts" in found.remarks


def test_no_image_that_is_named_is_an_error(tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", "a.png")
    with pytest.raises(
        UnpoolError, match=r"no image of .* is named in .*c\.json, COCO: the first are a\.png and x\.png"
    ):
        find_labelled_pairs(images, write_coco(tmp_path / "c.json", "x.png"))


@pytest.mark.parametrize("name", ["labelme", "yolo"])
def test_annotations_may_lie_among_the_images(tmp_path: Path, name: str) -> None:
    request = write_request(tmp_path, [speckled(0), speckled(1)])
    written = MASK_FORMATS[name].write(request).path
    images = tmp_path / "images"
    for file in [*written.rglob("*.json"), *written.rglob("*.txt")]:
        target = images / file.relative_to(written / "labels" if name == "yolo" else written)
        target.write_text(file.read_text("utf-8"), "utf-8")
    found = find_labelled_pairs(images, images)
    assert [pair.path for pair in found.pairs] == ["a b & é/0.png", "in/1.png"]
    assert found.without == []


def test_pictures_in_a_folder_count_before_annotations(tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", "a.png")
    masks = tmp_path / "masks"
    masks.mkdir()
    Image.fromarray(np.eye(6, 8).astype(np.uint8)).save(masks / "a.png")
    write_coco(masks / "c.json", "a.png", "a.png")
    (pair,) = find_labelled_pairs(images, masks).pairs
    assert pair.drawing is None
    assert pair.mask.path == "a.png"


def test_a_set_of_yolo_may_be_given_whole(tmp_path: Path) -> None:
    images = write_images(tmp_path / "images" / "train", "a.png")
    write_images(tmp_path / "images" / "val", "b.png")
    labels = tmp_path / "labels" / "train" / "a.txt"
    labels.parent.mkdir(parents=True)
    labels.write_text("0 0.1 0.1 0.9 0.1 0.9 0.9\n")
    for masks in (tmp_path, tmp_path / "labels", labels.parent, labels):
        (pair,) = find_labelled_pairs(images, masks).pairs
        assert pair.path == "a.png"
        assert pair.drawing is not None
    other = tmp_path / "labels" / "val" / "a.txt"  # of an image that is not there, called as another is
    other.parent.mkdir()
    other.write_text("0 0.1 0.1 0.9 0.1 0.5 0.5\n")
    for masks in (tmp_path, tmp_path / "labels"):
        found = find_labelled_pairs(images, masks)
        assert [len(pair.drawing.areas[0][1].vertices[0]) for pair in found.pairs] == [3]
        assert found.pairs[0].drawing.areas[0][1].vertices[0][-1].tolist() == [0.9, 0.9]
        assert len(found.unused) == 1


def test_the_masks_of_cvat_bring_their_classes(tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", "a.png")
    masks = write_images(tmp_path / "export" / "SegmentationClass", "a.png").parent
    write_images(masks / "SegmentationObject", "a.png")
    (masks / "labelmap.txt").write_text(
        "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncar:90,90,90::\n"
    )
    for given in (masks, masks / "SegmentationClass", masks.parent):
        found = find_labelled_pairs(images, given)
        assert found.class_file == masks / "labelmap.txt"
        assert found.pairs[0].mask.file == masks / "SegmentationClass" / "a.png"


@pytest.mark.parametrize("size", [(8, 6), (6, 8)])
def test_areas_lie_on_images_as_shown_or_as_stored(tmp_path: Path, size: tuple[int, int]) -> None:
    images = write_images(tmp_path / "images")
    images.mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned by 90 degrees: 6 wide, 8 high
    Image.fromarray(np.zeros((6, 8, 3), np.uint8)).save(images / "a.jpg", exif=exif)
    file = write_coco(tmp_path / "c.json", "no.jpg", "a.jpg")
    held = json.loads(file.read_text())
    held["images"][1] |= {"width": size[0], "height": size[1]}
    held["annotations"][0]["segmentation"] = [[0, 0, 2, 0, 2, 1, 0, 1]]  # at the first corner
    file.write_text(json.dumps(held))
    found = find_labelled_pairs(images, file)
    values, _ = count_values(found.pairs, 1)
    reading = plan_folder(found, classes_by_value(["background", "a"]), values)
    label_HW = read_label_map(found.pairs[0], reading).label_HW
    assert label_HW.shape == (8, 6)
    assert np.argwhere(label_HW == 1).tolist() == ([[0, 5], [1, 5]] if size == (8, 6) else [[0, 0], [0, 1]])
