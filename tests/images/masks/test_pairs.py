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
