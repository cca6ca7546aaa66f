"""Classes from folders: which level, what is assumed, and folders that hold nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from unpool.errors import UnpoolError, UsageError
from unpool.images.labels.class_folders import (
    check_classes_not_empty,
    is_folders,
    number_classes,
    read_folder_classes,
    read_level,
)


def tree(*folders: str) -> list[str]:
    return [f"{folder}/{number}.png" for number, folder in enumerate(folders)]


@pytest.mark.parametrize(
    ("folders", "classes"),
    [
        (["x/b", "y/a", "y/a"], ["b", "a", "a"]),
        (["cat/2019", "cat/2020", "dog/2019"], ["cat", "cat", "dog"]),  # years below classes
        (["cat/2019-05-01", "dog/20200601"], ["cat", "dog"]),
        (["cat/2019/05", "dog/2020/11"], ["cat", "dog"]),  # months below years below classes
        (["2019/cat", "2020/dog"], ["cat", "dog"]),  # years above classes
        (["2019/a", "2020/a", "2019/b"], ["a", "a", "b"]),
        (["cat/train", "cat/test", "dog/train"], ["cat", "cat", "dog"]),  # parts below classes
        (["train/cat", "test/cat", "train/dog"], ["cat", "cat", "dog"]),  # parts above classes
        (["train/2019", "test/2020"], ["2019", "2020"]),  # years that are the classes themselves
        (["2019", "2020"], ["2019", "2020"]),
        (["train/0", "train/1", "test/1"], ["0", "1", "1"]),  # digits are no dates
        (["cat/images", "dog/images"], ["cat", "dog"]),  # one name for all is no class
        (["train", "test"], ["train", "test"]),
        (["cat", "cat/kittens", "dog"], ["cat", "kittens", "dog"]),
    ],
)
def test_the_innermost_folder_whose_name_can_be_a_class_is_the_class(
    folders: list[str], classes: list[str]
) -> None:
    assert read_folder_classes(tree(*folders)).names == classes


def test_an_image_in_no_folder_makes_no_classes_of_dates() -> None:
    found = read_folder_classes(["cat/2019/1.png", "dog/2020/2.png", "dog/2019/3.png", "cover.png"])
    assert found.names == ["cat", "dog", "dog", None]


@pytest.mark.parametrize(
    ("level", "classes"),
    [(1, ["a", "d", "e", None]), (2, ["b", "c", None, None]), (-1, ["b", "c", "e", None]), (-2, ["a", "d", None, None]),
     (3, [None] * 4)],
)  # fmt: skip
def test_a_level_is_counted_from_the_top_or_from_the_image(level: int, classes: list[str | None]) -> None:
    paths = ["a/b/1.png", "d/c/2.png", "e/3.png", "4.png"]
    found = read_folder_classes(paths, level)
    assert (found.names, found.remarks) == (classes, [])


@pytest.mark.parametrize(
    ("folders", "remark"),
    [
        (
            ["cat/2019", "dog/2019"],
            r"the folders that images lie in \(2019\) are no classes: those above them are \(cat",
        ),
        (
            ["train/cat", "test/cat", "test/dog"],
            r"1 of 2 classes lie in several folders.*: cat in test/cat, train/cat",
        ),
        (["cat", "cat/kittens", "dog"], r"class folders lie in class folders, cat/kittens for one"),
    ],
)
def test_what_is_assumed_is_said(folders: list[str], remark: str) -> None:
    (found,) = read_folder_classes(tree(*folders)).remarks
    assert re.search(remark, found)


def test_plain_class_folders_need_no_remark_and_strays_are_counted() -> None:
    assert read_folder_classes(tree("cat", "dog")).remarks == []
    assert read_folder_classes(["1.png", "a/2.png"]).remarks == [
        "1 images lie in no class folder and have no class"
    ]


@pytest.mark.parametrize(
    ("folders", "parts", "above"),
    [
        (["train/cat", "Test/cat", "train/dog"], {"train": 2, "Test": 1}, ""),
        (["x/y/training/a", "x/y/val/b", "x/y/test set/b"], {"training": 1, "val": 1, "test set": 1}, "x/y"),
        (["cat/train", "dog/test"], {"train": 1, "test": 1}, "cat"),
        (["train/cat", "train/dog"], {}, ""),
        (["train", "bus", "car", "tram", "test"], {}, ""),  # trains among vehicles
    ],
)  # fmt: skip
def test_folders_of_train_and_test_are_noticed(folders: list[str], parts: dict[str, int], above: str) -> None:
    found = read_folder_classes(tree(*folders))
    assert (found.parts, found.parts_path if parts else "") == (parts, above)


def test_levels_as_they_are_typed() -> None:
    assert [read_level(text) for text in ("folders", "folders:2", "folders:-1")] == [None, 2, -1]
    assert [is_folders(text) for text in ("folders", "folders:x", "folders.csv")] == [True, True, False]
    for text in ("folders:", "folders:0", "folders:top", "folders:1.5"):
        with pytest.raises(
            UsageError, match=f"--labels {text}: the level is .* but must be 1 for the top folder"
        ):
            read_level(text)


def test_classes_are_numbered_by_name_and_known_ones_keep_their_places() -> None:
    assert number_classes(["b", "a", "a"], ["1", "2", "3"], "photos") == (["a", "b"], [1, 0, 0])
    assert number_classes(["a"], ["1"], "photos", ["b", "a"])[1] == [1]


@pytest.mark.parametrize(
    ("names", "classes", "message"),
    [
        ([None, "a"], None, "1.png of photos lies in no class folder"),
        (["a", "a"], None, "all images of photos lie in the one folder 'a'.*--labels folders:LEVEL"),
        (["c", "c"], ["a", "b"], "photos has the class 'c', which is none of a, b"),
    ],
)
def test_missing_labels_are_named(names: list[str | None], classes: list[str] | None, message: str) -> None:
    with pytest.raises(UnpoolError, match=message):
        number_classes(names, ["1.png", "2.png"], "photos", classes)


def test_an_empty_class_is_an_error_and_what_a_scan_leaves_alone_is_not(tmp_path: Path) -> None:
    for name in ("a", "deep/b", ".hidden", "@eaDir/a.png", "w.unpool/images.lance", "out/model"):
        (tmp_path / name).mkdir(parents=True)
    paths = ["a/1.png", "deep/b/2.png"]
    check_classes_not_empty(tmp_path, paths, leave_out=tmp_path / "out")
    with pytest.raises(UnpoolError, match=r"class folder .*b has no usable image"):
        check_classes_not_empty(tmp_path, ["a/1.png"], leave_out=tmp_path / "out")
    with pytest.raises(UnpoolError, match=r"class folder .*model has no usable image"):
        check_classes_not_empty(tmp_path, paths)


def test_a_class_folder_is_known_in_either_unicode_form(tmp_path: Path) -> None:
    (tmp_path / "cafe\u0301").mkdir()
    check_classes_not_empty(tmp_path, ["caf\u00e9/1.png"])
