"""Names that stand for several masks, and masks that no image asks for."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from unpool.errors import UnpoolError
from unpool.images.masks.pairs import find_pairs


def write(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4)).save(folder / name)
    return folder


def test_an_image_gets_no_mask_of_another_folder_where_several_have_its_name(tmp_path: Path) -> None:
    images = write(tmp_path / "images", "x/1.png", "x/2.png")
    masks = write(tmp_path / "masks", "a/1.png", "b/1.png", "b/2.png", "b/2.tif", "b/3.png")
    found = find_pairs(images, masks)
    assert [(pair.image.path, pair.mask.path) for pair in found.pairs] == [("x/2.png", "b/2.png")]
    assert (found.ambiguous, found.without, found.unused) == (["x/1.png"], [], ["b/3.png"])


def test_the_folders_tell_them_apart(tmp_path: Path) -> None:
    images = write(tmp_path / "images", "a/1.png", "b/1.png")
    masks = write(tmp_path / "masks", "a/1.png", "b/1.png")
    found = find_pairs(images, masks)
    assert [(pair.image.path, pair.mask.path) for pair in found.pairs] == [("a/1.png",) * 2, ("b/1.png",) * 2]
    assert not found.ambiguous


def test_where_all_names_are_doubtful_nothing_is_guessed(tmp_path: Path) -> None:
    images = write(tmp_path / "images", "1.png")
    masks = write(tmp_path / "masks", "a/1.png", "b/1.png")
    with pytest.raises(
        UnpoolError, match=r"several masks named like 1.png of .*images, in different folders"
    ):
        find_pairs(images, masks)


def test_images_and_masks_in_folders_of_one_folder_are_still_found(tmp_path: Path) -> None:
    write(tmp_path, "images/1.jpg", "images/2.jpg", "masks/1.png", "masks/2.png")
    found = find_pairs(tmp_path, tmp_path)
    assert [(pair.image.path, pair.mask.path) for pair in found.pairs] == [
        ("images/1.jpg", "masks/1.png"), ("images/2.jpg", "masks/2.png"),
    ]  # fmt: skip
    assert not found.ambiguous + found.unused + found.without


def test_other_pictures_beside_masks_are_not_counted_as_masks(tmp_path: Path) -> None:
    images = write(tmp_path / "images", "a_leftImg8bit.png")
    masks = write(tmp_path / "gt", "a_gtFine_labelIds.png", "a_gtFine_color.png", "b_gtFine_labelIds.png")
    assert find_pairs(images, masks).unused == ["b_gtFine_labelIds.png"]


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("a.jpg", "a.jpg.png"), ("a.jpg", "a.jpg_mask.png"), ("a.jpg", "mask_a.png"), ("image_7.jpg", "mask_7.png"),
        ("img001.jpg", "mask001.png"), ("x/a.jpg", "x/a_masks.tif"), ("IMG_1.JPG", "img_1.png"),
        ("A B.jpg", "a_b_MASK.png"), ("cafe\u0301.jpg", "caf\u00e9.png"), ("a-1.jpg", "a_1_seg.png"),
    ],
)  # fmt: skip
def test_names_that_people_give(image: str, mask: str, tmp_path: Path) -> None:
    images, masks = write(tmp_path / "images", image, "other.png"), write(tmp_path / "masks", mask)
    found = find_pairs(images, masks)
    assert [pair.mask.path.count("/") for pair in found.pairs] == [mask.count("/")]
    assert found.without == ["other.png"]
    is_exact = image.casefold() == image and "-" not in image
    assert bool(found.remarks) is not is_exact


def test_several_ways_to_name_masks_may_stand_in_one_folder(tmp_path: Path) -> None:
    images = write(tmp_path / "images", "a.jpg", "b.jpg", "c.jpg", "D.jpg")
    masks = write(tmp_path / "masks", "a_mask.png", "b_mask.png", "c.png", "d_mask.png", "e.png")
    found = find_pairs(images, masks)
    assert [pair.mask.path for pair in found.pairs] == ["d_mask.png", "a_mask.png", "b_mask.png", "c.png"]
    assert found.remarks[0].startswith("1 masks have names that differ from their images' in capitals")


def test_one_mask_of_two_images_and_two_masks_of_one_image_are_remarked(tmp_path: Path) -> None:
    images = write(tmp_path / "images", "a.jpg", "a.png", "b.jpg")
    masks = write(tmp_path / "masks", "a.png", "b.png", "b.tif")
    found = find_pairs(images, masks)
    assert [pair.mask.path for pair in found.pairs] == ["a.png", "a.png", "b.png"]
    assert "1 images have several masks of their name" in found.remarks[0]
    assert "a.png for a.jpg and a.png" in found.remarks[1]
    masks = write(tmp_path / "exact", "a.jpg.png", "a.png.png", "b.jpg.png")
    assert not find_pairs(images, masks).remarks


def test_tolerance_never_guesses(tmp_path: Path) -> None:
    images = write(tmp_path / "more", "b 1.jpg", "x.jpg")
    masks = write(tmp_path / "masks", "B_1.png", "b-1.png", "x.png")
    assert find_pairs(images, masks).ambiguous == ["b 1.jpg"]


def test_what_a_scan_leaves_alone_is_remarked(tmp_path: Path) -> None:
    images, masks = write(tmp_path / "images", "a.jpg", ".a.jpg"), write(tmp_path / "masks", "a.png")
    (remark,) = find_pairs(images, masks).remarks
    assert remark.startswith("left alone: 1")
    assert ".a.jpg" in remark
