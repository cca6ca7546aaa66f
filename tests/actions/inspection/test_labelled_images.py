"""Folders in MVTec's layout and tables give the same images, kinds and masks."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.inspector import write_parts
from unpool.actions.inspection.labelled_images import LabelledImages, find_labelled_images
from unpool.errors import UnpoolError


def kinds_of(found: LabelledImages) -> dict[str, tuple[str, str | None]]:
    return {
        image.file.path: (image.kind, None if image.mask is None else image.mask.path)
        for image in found.images
    }


EXPECTED = {
    "bar/000.png": ("bar", "bar/000_mask.png"),
    "good/000.png": ("good", None),
    "good/001.png": ("good", None),
    "spot/000.png": ("spot", "spot/000_mask.png"),
}


@pytest.mark.parametrize("inside", ["", "test"])
def test_a_folder_and_its_test_folder_are_the_same(inside: str, tmp_path: Path) -> None:
    write_parts(tmp_path, good=2, bad=1)
    found = find_labelled_images(tmp_path / inside, None)
    assert kinds_of(found) == EXPECTED
    assert [image.is_bad for image in found.images] == [True, False, False, True]
    assert (found.problems, found.extra_masks, found.remarks) == ([], [], [])


def test_masks_may_lie_elsewhere_and_may_have_the_names_of_the_images(tmp_path: Path) -> None:
    write_parts(tmp_path, good=2, bad=1)
    (tmp_path / "ground_truth").rename(tmp_path / "masks")
    (tmp_path / "masks/spot/000_mask.png").rename(tmp_path / "masks/spot/000.png")
    assert {mask for _, mask in kinds_of(find_labelled_images(tmp_path, None)).values()} == {None}
    found = find_labelled_images(tmp_path, tmp_path / "masks")
    assert kinds_of(found) == EXPECTED | {"spot/000.png": ("spot", "spot/000.png")}


def test_what_has_no_counterpart_is_listed(tmp_path: Path) -> None:
    write_parts(tmp_path, good=1, bad=2)
    (tmp_path / "test/spot/001.png").rename(tmp_path / "test/spot/other.png")
    (tmp_path / "test/loose.png").write_bytes((tmp_path / "test/good/000.png").read_bytes())
    (tmp_path / "test/good/empty.png").touch()
    (tmp_path / "ground_truth/bar/empty.png").touch()
    found = find_labelled_images(tmp_path, None)
    assert kinds_of(found)["spot/other.png"] == ("spot", None)
    assert found.extra_masks == ["spot/001_mask.png"]
    assert [each.path for each in found.problems] == ["good/empty.png"]
    assert [each.path for each in found.mask_problems] == ["bar/empty.png"]
    assert found.remarks == [
        f"1 images lie in {tmp_path / 'test'} itself and not in a folder of their kind; they are left out (the first "
        "is loose.png)"
    ]


def test_a_missing_folder_or_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnpoolError, match=r"^there is no folder or table '.*kinds\.csv'; check the path$"):
        find_labelled_images(tmp_path / "kinds.csv", None)


def test_masks_that_fit_no_image_are_an_error(tmp_path: Path) -> None:
    write_parts(tmp_path, good=1, bad=1)
    (tmp_path / "masks").mkdir()
    with pytest.raises(
        UnpoolError, match=r"has no mask of any image: it holds no images, expected names such as bar/000_m"
    ):
        find_labelled_images(tmp_path, tmp_path / "masks")
    (tmp_path / "ground_truth/bar").rename(tmp_path / "masks/rod")
    with pytest.raises(UnpoolError, match=r"its first is rod/000_mask\.png, expected .* for bar/000\.png"):
        find_labelled_images(tmp_path, tmp_path / "masks")


def test_a_folder_without_kinds_is_an_error(tmp_path: Path) -> None:
    write_parts(tmp_path, good=1, bad=0)
    with pytest.raises(
        UnpoolError, match="holds no images in folders of their kinds; expected test/good and test/KIND"
    ):
        find_labelled_images(tmp_path / "test/good", None)


def write_table(folder: Path, *rows: str) -> Path:
    table = folder / "parts.csv"
    table.write_text("\n".join(rows) + "\n", "utf-8")
    return table


def test_a_table_names_images_labels_and_masks(tmp_path: Path) -> None:
    write_parts(tmp_path, good=2, bad=1)
    table = write_table(
        tmp_path,
        "path,label,mask",
        "test/spot/000.png,spot,ground_truth/spot/000_mask.png",
        "test/good/000.png,GOOD,",
        f"{tmp_path / 'test/good/001.png'},good,",
    )
    found = find_labelled_images(table, None)
    assert [(image.kind, image.mask and image.mask.path) for image in found.images] == [
        ("good", None), ("good", None), ("spot", "ground_truth/spot/000_mask.png"),
    ]  # fmt: skip
    assert all(image.file.file.is_file() for image in found.images)
    assert found.images[2].mask is not None
    assert found.images[2].mask.file.is_file()
    assert found.remarks == []


def test_masks_of_a_table_may_be_relative_to_another_folder(tmp_path: Path) -> None:
    write_parts(tmp_path, good=1, bad=1)
    table = write_table(tmp_path, "path,label,mask", "test/spot/000.png,bad,spot/000_mask.png")
    (image,) = find_labelled_images(table, tmp_path / "ground_truth").images
    assert image.mask is not None
    assert image.mask.file == tmp_path / "ground_truth/spot/000_mask.png"


def test_rows_without_a_label_and_repeated_ones_are_reported(tmp_path: Path) -> None:
    write_parts(tmp_path, good=2, bad=1)
    table = write_table(
        tmp_path, "path,label", "test/good/000.png,good", "test/good/001.png,", "test/good/000.png,bad"
    )
    found = find_labelled_images(table, None)
    assert kinds_of(found) == {"test/good/000.png": ("good", None)}
    assert len(found.remarks) == 2
    assert "have no label and are left out" in found.remarks[0]
    assert "repeat an image; the first row of each counts" in found.remarks[1]


def test_tables_without_labels_are_an_error(tmp_path: Path) -> None:
    write_parts(tmp_path, good=1, bad=1)
    with pytest.raises(UnpoolError, match="has no image with a label"):
        find_labelled_images(write_table(tmp_path, "path,label", "test/good/000.png,"), None)
    with pytest.raises(UnpoolError, match="cannot be used for labels"):
        find_labelled_images(write_table(tmp_path, "path,width,height", "test/good/000.png,3,4"), None)
    with pytest.raises(UnpoolError, match="nowhere"):
        find_labelled_images(tmp_path / "nowhere", None)
