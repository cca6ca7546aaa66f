"""Which columns are paths and labels."""

from __future__ import annotations

import pytest

from unpool.errors import UnpoolError
from unpool.images.labels.headings import describe_missing, find_layout, normalise_name


def knows(text: str) -> bool:
    return text.endswith(".png")


@pytest.mark.parametrize(
    ("rows", "path", "label"),
    [
        ([["path", "label"]], 0, 1),
        ([["Label", "n", "PATH"]], 2, 0),
        ([[" File Name ", "Class-Name"]], 0, 1),
        ([["image", "name"], ["1.png", "cat"]], 0, 1),
        ([["name", "class"], ["1.png", "cat"]], 0, 1),
        ([["path", "colour"], ["1.png", "red"]], 0, 1),  # of two columns the other one
        ([["weight", "label"], ["1.png", "red"]], 0, 1),
        ([["a", "b"], ["red", "1.png"]], 1, 0),
        ([["1.png", "cat"]], 0, 1),
        ([["cat", "1.png"]], 1, 0),
        ([["n", "species", "where"], ["3", "cat", "1.png"]], 2, 1),
        ([["class_id", "class_name", "path"]], 2, 1),
        ([["path", "label", "id", "class"]], 0, 1),
    ],
)
def test_columns_are_known_by_their_heading_or_by_what_they_hold(
    rows: list[list[str]], path: int, label: int
) -> None:
    layout = find_layout(rows, knows)
    assert layout is not None
    assert (layout.path, layout.label) == (path, label)


def test_what_was_assumed_is_described_where_it_is_not_plain() -> None:
    for rows, said in (
        ([["Path", "label", "n"]], ""),
        ([["1.png", "cat"]], "no heading: column 1 was taken for paths, column 2 for labels"),
        ([["file", "label"]], "'file' was taken for the column of paths, 'label' for that of labels"),
        ([["path", "label", "class", "y"]], ""),
    ):
        layout = find_layout(rows, knows)
        assert layout is not None
        assert layout.describe() == said


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([["a", "b", "label"]], "none of the columns a, b, label is known to hold paths"),
        ([["path", "Label", "label"]], "two columns are headed"),
        ([["1.png", "cat", "0.5"]], "its first line has 3 columns and no heading"),
    ],
)
def test_columns_that_nobody_knows_are_an_error(rows: list[list[str]], message: str) -> None:
    with pytest.raises(UnpoolError, match=message):
        find_layout(rows, knows)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([["Path", "n"]], ""),
        ([["file", "n"]], "'file' was taken for the column of paths"),
        ([["cat", "1.png"]], "no heading: column 2 was taken for paths"),
    ],
)
def test_the_column_of_paths_is_described_alone(rows: list[list[str]], said: str) -> None:
    layout = find_layout(rows, knows)
    assert layout is not None
    assert layout.describe_path() == said


def test_a_table_may_have_no_column_of_labels() -> None:
    layout = find_layout([["path", "x", "y1"]], knows)
    assert layout is not None
    assert (layout.path, layout.label, layout.num_recognised, layout.describe()) == (0, None, 1, "")
    assert describe_missing(["path", " x"], "labels") == (
        "none of the columns path, x is known to hold labels; give it the heading path,label"
    )


def test_one_column_has_no_layout() -> None:
    assert find_layout([["path"]], knows) is None
    assert normalise_name("__File -Name ") == "file_name"
