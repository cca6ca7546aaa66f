"""The labelled images that a classifier is taught by.

Shapes: N images, D numbers a vector.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unpool.analysis.classification.copies import first_of_copies
from unpool.analysis.neighbours import Floats, Indices
from unpool.errors import UnpoolError, UsageError
from unpool.store.fields.names import LABEL
from unpool.store.fields.values import known_field, read_field
from unpool.store.table import ImageTable

NAME_KINDS = ("choice", "text")  # of fields that have one name an image


@dataclass(frozen=True)
class TaughtImages:
    """Images that have a name and a vector.

    Attributes:
        paths: of the N images, sorted.
        vector_ND: their vectors.
        class_N: positions in `names`.
        names: the different names, sorted.
        without_vector: how many images have a name but no vector, and are left out.
        wrong: how many are marked as wrong, and left out.
        repeated: how many have content and name of another, and are left out: held out, they would be known already.
    """

    paths: list[str]
    vector_ND: Floats
    class_N: Indices
    names: list[str]
    without_vector: int
    wrong: int
    repeated: int


def read_taught_images(work: Path, field: str = LABEL) -> TaughtImages:
    """Read the images that people gave a name.

    Args:
        work: The workspace.
        field: The label, or another field of one name an image.

    Returns:
        The images with their vectors, and how many were left out.

    Raises:
        UnpoolError: There are fewer than two different names, or nothing is embedded.
        UsageError: There is no such field, or it holds no names.
    """
    table = ImageTable(work)
    kind = known_field(table, field).kind
    if kind not in NAME_KINDS:
        raise UsageError(
            f"--field {field} holds values of the kind {kind}; a classifier needs one name an image: choice or text"
        )
    name_of = {path: str(value) for path, value in sorted(read_field(table, field).items())}
    rows = table.some(list(name_of), ["wrong", "id"])
    marks, there, contents = (rows[name].to_pylist() for name in ("wrong", "path", "id"))
    unmarked = [row for row, mark in enumerate(marks) if not mark]
    first = first_of_copies((contents[row] for row in unmarked), (name_of[there[row]] for row in unmarked))
    meant = [there[unmarked[place]] for place in first]
    paths, vector_ND = table.vectors_of(meant)
    names = sorted({name_of[path] for path in paths})
    _check_names(work, field, names, len(meant))
    number_of = {name: number for number, name in enumerate(names)}
    class_N = np.array([number_of[name_of[path]] for path in paths], np.int64)
    return TaughtImages(
        paths, vector_ND, class_N, names, len(meant) - len(paths),
        len(marks) - len(unmarked), len(unmarked) - len(meant),
    )  # fmt: skip


def _check_names(work: Path, field: str, names: list[str], num_meant: int) -> None:
    what = f"no image of {work} has a {field} yet" if not num_meant else ""
    if num_meant and not names:
        raise UnpoolError(
            f"no labelled image of {work} has a vector; run `unpool embed FOLDER --work {work}` first"
        )
    if not names:
        raise UnpoolError(
            f"{what}; give some first, on the page or by `unpool label PATH… --as NAME --work {work}`"
        )
    if len(names) == 1:
        raise UnpoolError(
            f"every {field} of {work} is ‘{names[0]}’; label images of another kind too, so that there is a choice"
        )
