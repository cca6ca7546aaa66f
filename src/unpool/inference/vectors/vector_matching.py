"""Which image each vector of a file belongs to.

D numbers in a vector.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from unpool.core.file_names import printable
from unpool.errors import UnpoolError
from unpool.images.labels.path_matching import AS_WRITTEN, PathMatcher, describe_bases
from unpool.inference.vectors.vector_file import VectorFile

# Rules that guess: a path that names no image may be of one that is gone, and its vector is no other image's.
GUESSES = ("by the end", "by adding", "with another ending", "by the name", "in another encoding")
NUM_NAMED = 3  # paths in a message


@dataclass(frozen=True)
class MatchedVectors:
    """The vectors of some images.

    Args:
        file: Where they come from; None where there is no file at hand.
        row_of: The row of each image that has a vector.
        missing: Images without one.
        unknown: Paths of the file that are no image.
        rules: How many were found by which rule, where not as written.
    """

    file: VectorFile | None = None
    row_of: dict[str, int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    rules: dict[str, int] = field(default_factory=dict)

    def vector_of(self, path: str) -> np.ndarray | None:
        """Return the vector (D,) of an image, if any."""
        row = self.row_of.get(path)
        return None if row is None or self.file is None else self.file.vectors_ND[row].astype(np.float32)

    def counts(self) -> dict[str, int]:
        """Count what was matched, for JSON."""
        return {"matched": len(self.row_of), "missing": len(self.missing), "unknown": len(self.unknown)}

    def describe(self) -> str:
        """Say what was matched, in one line."""
        assert self.file is not None
        parts = [f"{len(self.row_of)} vectors of {self.file.file} matched"]
        if self.file.paths is None:
            parts[0] += " by the order of the images, as no list of paths lies beside it"
        parts += [f"{count} {rule}" for rule, count in self.rules.items()]
        for what, paths in (
            ("images without a vector", self.missing),
            ("paths that are no image", self.unknown),
        ):
            if paths:
                parts.append(f"{len(paths)} {what} ({_name_some(paths)})")
        return ", ".join(parts)


def match_vectors(file: VectorFile, images: Sequence[str], places: Sequence[str]) -> MatchedVectors:
    """Find the vector of each image.

    Args:
        file: The vectors.
        images: The paths of all images, as the workspace has them.
        places: Where their folder is.

    Returns:
        The vectors by image, and what is left on both sides.

    Raises:
        UnpoolError: no path names an image, two name the same, or there are no paths and another number of images.
    """
    if file.paths is None:
        if len(images) != len(file.vectors_ND):
            raise UnpoolError(
                f"{file.file} has {len(file.vectors_ND)} rows for {len(images)} images, and no list of paths: put "
                f"{file.file.with_suffix('.txt').name} beside it, a path on each line"
            )
        return MatchedVectors(file, {path: row for row, path in enumerate(sorted(images))})
    matches = PathMatcher(images, places, describe_bases(file.file)).match(file.paths)
    found = {path: image for path, image in matches.image_of.items() if not _is_guess(matches.rule_of[path])}
    row_of: dict[str, int] = {}
    for row, path in enumerate(file.paths):
        if (image := found.get(path)) is None:
            continue
        if image in row_of:
            other = file.paths[row_of[image]]
            raise UnpoolError(
                f"{file.file}: {other} and {path} are the same image {image}; leave one of them"
            )
        row_of[image] = row
    if not row_of:
        raise UnpoolError(
            f"no path of {file.file} is an image here: it has {_name_some(file.paths)}, the images are "
            f"{_name_some(images)}; write paths relative to the folder"
        )
    rules = Counter(matches.rule_of[path] for path in found)
    del rules[AS_WRITTEN]
    return MatchedVectors(
        file, row_of, [path for path in images if path not in row_of],
        [path for path in file.paths if path not in found], dict(rules),
    )  # fmt: skip


def describe_missing(num_missing: int, work: Path) -> str:
    """Say that images have no vector, and what to do.

    Args:
        num_missing: How many.
        work: The workspace.
    """
    return (
        f"{num_missing} images have no vector, since those of {work} were made elsewhere: make them there too "
        "and give the file again with `unpool embed … --vectors FILE`"
    )


def _is_guess(rule: str) -> bool:
    return any(guess in rule for guess in GUESSES)


def _name_some(paths: Sequence[str]) -> str:
    shown = ", ".join(printable(path) for path in paths[:NUM_NAMED])
    return f"{shown} …" if len(paths) > NUM_NAMED else shown
