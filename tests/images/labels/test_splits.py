"""Folders such as train and test are known by their names, at any level."""

from __future__ import annotations

import pytest

from unpool.images.labels.splits import SPLITS, find_split_level, name_split, read_splits


@pytest.mark.parametrize(
    ("word", "split"),
    [
        ("Training", "train"),
        ("val", "validation"),
        ("dev", "validation"),
        ("test-set", "test"),
        ("trainers", None),
    ],
)
def test_words_name_parts(word: str, split: str | None) -> None:
    assert name_split(word) == split
    assert split is None or split in SPLITS


@pytest.mark.parametrize(
    ("paths", "splits"),
    [
        (["train/cat/1.png", "test/cat/2.png", "valid/3.png"], ["train", "test", "validation"]),
        (["cat/train/1.png", "cat/test/2.png", "cat/3.png"], ["train", "test", None]),  # parts below classes
        (["a/x/train/1.png", "a/x/val/1.png"], ["train", "validation"]),
        (["train/1.png", "trucks/2.png"], [None, None]),  # a class of trains
        (["train/1.png", "test/2.png", "ship/3.png", "car/4.png", "bus/5.png"], [None] * 5),
        (["val/1.png", "test/1.png"], [None, None]),  # nothing was taught
        ([], []),
    ],
)
def test_images_have_the_part_that_their_folder_names(paths: list[str], splits: list[str | None]) -> None:
    assert read_splits(paths) == splits


def test_the_level_is_counted_from_the_top() -> None:
    assert find_split_level([("data", "train", "cat"), ("data", "test", "cat")]) == 2
    assert find_split_level([(), ("holiday",)]) is None
