"""Labels that look wrong, and images in train and test.

Shapes: N usable images, M of them embedded, L of these labelled, D numbers a vector.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from unpool.actions.grouping.labels import read_labels_of
from unpool.analysis.neighbours import Floats, Indices
from unpool.core.progress import Progress
from unpool.images.labels.class_folders import FOLDERS, read_folder_classes
from unpool.images.labels.splits import SPLITS, name_split, read_splits
from unpool.store.fields.values import find_field, read_field
from unpool.store.table import ImageTable

LABEL, NONE = "label", "none"
SPLIT_FIELD = "split"
MIN_IMAGES_OF_CLASS = 5  # with fewer nothing says what the class looks like
MIN_IMAGES = 20
MIN_AGREEMENT = 0.5  # Cohen's kappa of folders that nobody called classes, from which on they are compared
MAX_GIVEN_SHARE = 0.5  # of images whose labels repeat names of folders, and correct them
Names = Sequence[str | None]


@dataclass(frozen=True)
class LabelsInUse:
    """The class that each image is said to be.

    Attributes:
        names: of each image, None for one that has no class.
        source: `label`, `folders`, `folders:LEVEL` or a file.
        is_guessed: folders were taken that nobody called classes.
    """

    names: Names
    source: str
    is_guessed: bool = False


@dataclass(frozen=True)
class Doubt:
    """An image whose label looks wrong.

    Attributes:
        row: of the image.
        label: what it is said to be.
        predicted: what it looks like.
        probability: of what it looks like.
        error: the probability that its label is wrong.
    """

    row: int
    label: str
    predicted: str
    probability: float
    error: float

    @property
    def detail(self) -> str:
        """The same for people."""
        return (
            f"labelled ‘{self.label}’, looks like ‘{self.predicted}’ ({self.probability:.0%}); "
            f"wrong with a probability of {self.error:g}"
        )


@dataclass(frozen=True)
class ComparedLabels:
    """What became of comparing labels with images.

    Attributes:
        doubts: images whose label looks wrong, the likeliest first.
        limits: the probability from which on one is listed, and the estimated share of wrong labels.
        labelled: how many images were compared.
        source: where their labels came from; None where none were compared.
    """

    doubts: list[Doubt] = field(default_factory=list)
    limits: dict[str, float | None] = field(default_factory=dict)
    labelled: int = 0
    source: str | None = None


@dataclass(frozen=True)
class Leak:
    """An image that is in two splits.

    Attributes:
        row: of the image.
        of: the row of the same image in the earlier split.
        relation: how they are the same, in a few words.
        splits: the later split and the earlier one.
    """

    row: int
    of: int
    relation: str
    splits: tuple[str, str]


def choose_labels(
    work: Path, paths: Sequence[str], given: Names, labels: str | None, progress: Progress
) -> LabelsInUse:
    """Find the label of each image.

    By default labels that were given; the classes of folders where there are none, or where those given only correct
    some of them. A label that an image was given always comes before its folder or line of a file.

    Args:
        work: the workspace.
        paths: the images.
        given: the label that each image was given.
        labels: `label`, `none`, or what `read_true_labels` takes; None for the default.
        progress: where messages go.

    Returns:
        The labels, and where they came from.

    Raises:
        UnpoolError: labels of a file or level fit no image.
    """
    if labels == NONE:
        return LabelsInUse([None] * len(paths), NONE)
    if labels == LABEL:
        return LabelsInUse(given, LABEL)
    if labels is not None:
        return LabelsInUse(_replace(read_labels_of(work, paths, labels, progress).classes, given), labels)
    folders = read_folder_classes(paths).names
    if _only_correct(given, folders):
        return LabelsInUse(_replace(folders, given), FOLDERS, is_guessed=True)
    return LabelsInUse(given, LABEL)


def compare_labels(
    labels: LabelsInUse, row_M: Indices, vectors_MD: Floats, *, seed: int, progress: Progress
) -> ComparedLabels:
    """Find images that look unlike their label.

    Args:
        labels: of each image.
        row_M: the images that have a vector.
        vectors_MD: of these.
        seed: of the images that decide, where there are many.
        progress: where messages go.

    Returns:
        Those that look wrong, and how many were compared.
    """
    from unpool.analysis.classification.label_errors import MIN_ERROR, find_label_errors

    place_L, names = _find_comparable(labels, row_M, progress)
    if not len(place_L):
        return ComparedLabels()
    distinct, class_L = np.unique(np.asarray(names, object), return_inverse=True)
    vectors_LD = vectors_MD if len(place_L) == len(vectors_MD) else vectors_MD[place_L]
    found = find_label_errors(vectors_LD, class_L, seed=seed)
    if labels.is_guessed and found.agreement < MIN_AGREEMENT:
        progress.message(
            f"labels: folders were not compared, for images of one differ too much (kappa "
            f"{found.agreement:.2f}); --labels {FOLDERS} compares them"
        )
        return ComparedLabels()
    source = "their folders" if labels.source == FOLDERS else f"‘{labels.source}’"
    progress.message(f"labels: {len(place_L)} images of {len(distinct)} classes were compared, by {source}")
    doubts = [
        Doubt(
            int(row_M[place_L[each]]), names[each], str(distinct[found.other_N[each]]),
            round(float(found.probability_N[each]), 4), round(float(found.error_N[each]), 3),
        )
        for each in found.rows
    ]  # fmt: skip
    limits: dict[str, float | None] = {"error": MIN_ERROR, "share": round(found.share, 4)}
    return ComparedLabels(doubts, limits, len(place_L), labels.source)


def find_leaks(splits: Names, pairs: Sequence[tuple[int, int, str]]) -> list[Leak]:
    """Find images that are in two splits.

    Args:
        splits: of each image: train, validation, test, or None.
        pairs: rows of images that are the same, and how. What is the same as a third is the same.

    Returns:
        Those that leak, by row; `of` is a direct pair where there is one.
    """
    parent: dict[int, int] = {}
    for first, second, _ in pairs:
        parent[_find_root(parent, second)] = _find_root(parent, first)
    relation_of = {frozenset((first, second)): word for first, second, word in pairs}
    members: dict[int, list[int]] = {}
    for row in sorted({row for pair in relation_of for row in pair}):
        if splits[row] is not None:
            members.setdefault(_find_root(parent, row), []).append(row)
    leaks = []
    for rows in members.values():
        earliest = min((str(splits[row]) for row in rows), key=SPLITS.index)
        there = [row for row in rows if splits[row] == earliest]
        for row in rows:
            if splits[row] != earliest:
                of = next((other for other in there if frozenset((row, other)) in relation_of), there[0])
                word = relation_of.get(frozenset((row, of)), "nearly the same")
                leaks.append(Leak(row, of, word, (str(splits[row]), earliest)))
    return sorted(leaks, key=lambda leak: leak.row)


def find_splits(table: ImageTable, paths: Sequence[str]) -> Names:
    """Find the split of each image.

    By its value of the field `split` where there is one, else by its folders.
    """
    by_folder = read_splits(paths)
    if find_field(table, SPLIT_FIELD) is None:
        return by_folder
    value_of = read_field(table, SPLIT_FIELD)
    given = [name_split(value) if isinstance(value := value_of.get(path), str) else None for path in paths]
    return _replace(by_folder, given)


def _find_root(parent: dict[int, int], row: int) -> int:
    while (above := parent.get(row, row)) != row:
        parent[row] = row = parent.get(above, above)
    return row


def _only_correct(given: Names, folders: Names) -> bool:
    """Whether labels are fewer than the images in class folders, and of the same names."""
    known = [name for name in given if name is not None]
    classes = {name for name in folders if name is not None}
    return len(classes) > 1 and set(known) <= classes and len(known) < MAX_GIVEN_SHARE * len(given)


def _replace(names: Names, by: Names) -> list[str | None]:
    return [name if other is None else other for name, other in zip(names, by, strict=True)]


def _find_comparable(labels: LabelsInUse, row_M: Indices, progress: Progress) -> tuple[Indices, list[str]]:
    """Places of images that can be compared among the vectors, and their labels; those left out are reported."""
    name_M = [labels.names[row] for row in row_M.tolist()]
    counts = Counter(name for name in name_M if name is not None)
    large = {name for name, count in counts.items() if count >= MIN_IMAGES_OF_CLASS}
    places = [place for place, name in enumerate(name_M) if name in large]
    if len(large) < 2 or len(places) < MIN_IMAGES:
        if counts and not labels.is_guessed:
            progress.message(
                f"labels: not compared; that takes {MIN_IMAGES} images and two labels of {MIN_IMAGES_OF_CLASS} "
                f"images or more, and {counts.total()} images have one of {len(counts)} labels"
            )
        return np.empty(0, np.int64), []
    if left := counts.total() - len(places):
        progress.message(
            f"labels: {left} images were left out, whose {len(counts) - len(large)} labels have fewer than "
            f"{MIN_IMAGES_OF_CLASS} images each"
        )
    return np.asarray(places, np.int64), [str(name_M[place]) for place in places]
