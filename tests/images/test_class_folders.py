"""Labels from folders, and folders that hold nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from unpool.errors import UnpoolError
from unpool.images.class_folders import check_classes_not_empty, class_labels


def test_the_folder_an_image_lies_in_is_its_class() -> None:
    classes, labels = class_labels(["x/b/1.png", "y/a/2.png", "y/a/3.png"], "photos")
    assert classes == ["a", "b"]
    assert labels.tolist() == [1, 0, 0]


def test_known_classes_keep_their_places() -> None:
    assert class_labels(["a/1.png"], "photos", ["b", "a"])[1].tolist() == [1]


@pytest.mark.parametrize(
    ("paths", "classes", "message"),
    [
        (["1.png", "a/2.png"], None, "1.png of photos lies in no class folder"),
        (["a/1.png", "a/2.png"], None, "all images of photos lie in the one folder 'a'"),
        (["c/1.png"], ["a", "b"], "photos has the class 'c', which is none of a, b"),
    ],
)
def test_missing_labels_are_named(paths: list[str], classes: list[str] | None, message: str) -> None:
    with pytest.raises(UnpoolError, match=message):
        class_labels(paths, "photos", classes)


def test_an_empty_class_is_an_error_and_what_a_scan_leaves_alone_is_not(tmp_path: Path) -> None:
    for name in ("a", "deep/b", ".hidden", "w.unpool/images.lance", "out/model"):
        (tmp_path / name).mkdir(parents=True)
    paths = ["a/1.png", "deep/b/2.png"]
    check_classes_not_empty(tmp_path, paths, leave_out=tmp_path / "out")
    with pytest.raises(UnpoolError, match=r"class folder .*b has no usable image"):
        check_classes_not_empty(tmp_path, ["a/1.png"], leave_out=tmp_path / "out")
    with pytest.raises(UnpoolError, match=r"class folder .*model has no usable image"):
        check_classes_not_empty(tmp_path, paths)
