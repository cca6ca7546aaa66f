"""True classes from folders and from a CSV, and what is said where they fit nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from unpool.actions.grouping.true_labels import read_true_labels
from unpool.errors import UnpoolError

PATHS = ["a/b/1.png", "c/2.png", "3.png"]


def test_folders_are_the_immediate_parents() -> None:
    assert read_true_labels(PATHS, "folders") == ["b", "c", None]


def test_folders_that_are_not_there_are_an_error() -> None:
    with pytest.raises(UnpoolError, match=r"no image lies in a folder of its own class; give a CSV"):
        read_true_labels(["1.png"], "folders")


def test_a_csv_in_any_order_with_more_columns_and_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text("\ufefflabel,note,path\nred,x,c/2.png\n,x,3.png\n", encoding="utf-8")
    assert read_true_labels(PATHS, str(file)) == [None, "red", None]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,class\na,b\n", r"has the columns \['path', 'class'\], but must have path and label"),
        (
            "path,label\nother.png,b\n",
            r"names no image of this workspace \(it has 'other.png', not 'a/b/1.png'\)",
        ),
        ("path,label\n", r"it has 'nothing'"),
    ],
)
def test_a_csv_that_fits_nothing_is_an_error(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(UnpoolError, match=message):
        read_true_labels(PATHS, str(tmp_path / "labels.csv"))


def test_a_missing_or_unreadable_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnpoolError, match=r"there is no file .*; give `folders` or a CSV"):
        read_true_labels(PATHS, str(tmp_path / "none.csv"))
    (tmp_path / "bytes.csv").write_bytes(b"path,label\n\xff\xfe\n")
    with pytest.raises(UnpoolError, match=r"cannot be read as a CSV"):
        read_true_labels(PATHS, str(tmp_path / "bytes.csv"))
