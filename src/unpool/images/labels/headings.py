"""The columns of a table that hold paths and labels."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from unpool.errors import UnpoolError

# The words that people head these columns with, the most telling first; in small letters, blanks as underscores.
PATH_NAMES = (
    "path", "filepath", "file_path", "relative_path", "image_path", "img_path", "filename", "file_name", "file",
    "image", "image_name", "imagename", "image_file", "image_filename", "img", "img_name", "picture", "photo", "fname",
    "frame", "url", "image_url", "uri", "src", "source", "key", "name", "image_id", "img_id", "id",
)  # fmt: skip
LABEL_NAMES = (
    "label", "labels", "true_label", "label_name", "class", "classes", "class_name", "classname", "class_label",
    "category", "categories", "category_name", "species", "target", "ground_truth", "truth", "gt", "tag", "tags",
    "choice", "choices", "annotation", "kind", "type", "breed", "y", "name", "label_id", "class_id", "category_id",
)  # fmt: skip
EXPECTED = "give it the heading path,label"
NUM_SAMPLED = 200  # rows that show which column holds paths

Knows = Callable[[str], bool]


@dataclass(frozen=True)
class Layout:
    """Where paths and labels stand in each row.

    Args:
        path, label: numbers of the columns, from 0; `label` is None where no column is known to hold labels.
        names: the heading; empty where there is none.
        num_recognised: how many of the two columns were known by their heading.
        num_known: how many of the first rows name an image of the collection.
    """

    path: int
    label: int | None
    names: tuple[str, ...]
    num_recognised: int
    num_known: int

    def describe(self) -> str:
        """Say which columns were taken.

        Empty where the heading is path and label."""
        if self.label is None:
            return ""
        if not self.names:
            return (
                f"no heading: column {self.path + 1} was taken for paths, column {self.label + 1} for labels"
            )
        path, label = self.names[self.path].strip(), self.names[self.label].strip()
        is_plain = (path.lower(), label.lower()) == ("path", "label")
        return "" if is_plain else f"{path!r} was taken for the column of paths, {label!r} for that of labels"

    def describe_path(self) -> str:
        """Say which column was taken for paths.

        Empty where its heading is path."""
        if not self.names:
            return f"no heading: column {self.path + 1} was taken for paths"
        path = self.names[self.path].strip()
        return "" if path.lower() == "path" else f"{path!r} was taken for the column of paths"


def find_layout(rows: Sequence[Sequence[str]], knows: Knows) -> Layout | None:
    """Find the columns of paths and labels.

    Args:
        rows: Rows of text, the heading first where there is one.
        knows: Whether a text names an image of the collection.

    Returns:
        The layout; None where the rows have fewer than two columns.

    Raises:
        UnpoolError: There are two columns or more, and nothing says which holds the paths.
    """
    first = rows[0]
    if len(first) < 2:
        return None
    if any(knows(cell) for cell in first):
        return _without_heading(rows, knows)
    if len(set(map(normalise_name, first))) < len(first):
        twice = next(
            name for name in first if list(map(normalise_name, first)).count(normalise_name(name)) > 1
        )
        if _rank(twice, PATH_NAMES) is not None or _rank(twice, LABEL_NAMES) is not None:
            raise UnpoolError(f"two columns are headed {twice.strip()!r}; remove or rename one")
    path, label = _best(first, PATH_NAMES), _best(first, LABEL_NAMES)
    if path == label and path is not None:  # `name` may be either
        path, label = (path, None) if _rank(first[path], PATH_NAMES[:-4]) is not None else (None, label)
    recognised = (path is not None) + (label is not None)
    path = _most_known(rows[1:], knows, len(first), without=label) if path is None else path
    if label is None and path is not None and len(first) == 2:
        label = 1 - path
    if path is None:
        raise UnpoolError(describe_missing(first, "paths"))
    return Layout(path, label, tuple(first), recognised, _count_known(rows[1:], path, knows))


def describe_missing(names: Sequence[str], what: str) -> str:
    """Say that no column holds paths, or labels."""
    listed = ", ".join(name.strip() for name in names)
    return f"none of the columns {listed} is known to hold {what}; {EXPECTED}"


def normalise_name(text: str) -> str:
    """Write a column's name in small letters, with underscores.

    >>> normalise_name(" Image-Path ")
    'image_path'
    """
    return re.sub(r"[\s_\-]+", "_", text.strip().lower()).strip("_")


def _without_heading(rows: Sequence[Sequence[str]], knows: Knows) -> Layout:
    width = len([cell for cell in rows[0] if cell.strip()])
    path = _most_known(rows, knows, len(rows[0]), without=None)
    if path is None or width != 2 or path > 1:
        raise UnpoolError(f"its first line has {width} columns and no heading; {EXPECTED}")
    return Layout(path, 1 - path, (), 0, _count_known(rows, path, knows))


def _best(names: Sequence[str], known: Sequence[str]) -> int | None:
    """The column whose name comes first among the known ones."""
    ranked = [(rank, place) for place, name in enumerate(names) if (rank := _rank(name, known)) is not None]
    return min(ranked)[1] if ranked else None


def _rank(name: str, known: Sequence[str]) -> int | None:
    normal = normalise_name(name)
    return known.index(normal) if normal in known else None


def _most_known(rows: Sequence[Sequence[str]], knows: Knows, width: int, without: int | None) -> int | None:
    """The column in which most cells name images; the other one of two where none does."""
    counts = {place: _count_known(rows, place, knows) for place in range(width) if place != without}
    best = max(counts, key=lambda place: (counts[place], -place))
    if counts[best]:
        return best
    return best if without is not None and len(counts) == 1 else None


def _count_known(rows: Sequence[Sequence[str]], place: int, knows: Knows) -> int:
    return sum(place < len(row) and knows(row[place]) for row in rows[:NUM_SAMPLED])
