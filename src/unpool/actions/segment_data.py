"""Folders of images and masks → classes, and stores of decoded pairs: what training and evaluation share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from unpool.cores import usable_cores
from unpool.errors import UnpoolError
from unpool.images.class_file import read_classes
from unpool.images.classes_of_pixels import IGNORE, PixelClasses
from unpool.images.folder import Problem
from unpool.images.mask_values import classes_found, count_values
from unpool.images.pair_store import PairStore, load_pairs
from unpool.images.pairs import Pair, Pairs, find_pairs, voc_split
from unpool.progress import Progress

TOLD = 5  # problems that are told one by one


def find_labelled(
    images: Path, masks: Path, *, split: str, progress: Progress, leave_out: Path | None = None
) -> Pairs:
    """The pairs of two folders; of Pascal VOC's those of its list `split`. Images without a mask are told."""
    found = find_pairs(images, masks, leave_out=leave_out)
    if found.without:
        total = len(found.without) + len(found.pairs)
        told = f"{len(found.without)} of {total} images have no mask and are left out"
        progress.message(f"{told} (the first is {found.without[0]})")
    tell_problems(found.problems, progress)
    listed = voc_split(images, split)
    if listed is None:
        return found
    kept = [pair for pair in found.pairs if Path(pair.path).stem in listed]
    if not kept:
        raise UnpoolError(
            f"no image of {images} with a mask stands in its list {split}; check ImageSets/Segmentation"
        )
    return Pairs(kept, found.without, found.problems, found.suffix)


def learn_classes(
    found: Pairs, classes: Path | None, ignore: int | None, progress: Progress
) -> tuple[PixelClasses, list[Pair], list[Problem]]:
    """The classes of a file, or those that the masks hold; then the pairs whose masks could be read."""
    if classes is not None:
        return read_classes(classes, IGNORE if ignore is None else ignore), found.pairs, []
    with progress.stage("masks", len(found.pairs), "masks") as stage:
        values, problems = count_values(found.pairs, usable_cores(), stage.advance)
    broken = {problem.path for problem in problems}
    pairs = [pair for pair in found.pairs if pair.path not in broken]
    tell_problems(problems, progress)
    if not pairs:
        raise UnpoolError(f"no mask can be read; the first: {problems[0].detail}")
    made, told = classes_found(values, ignore=ignore, suffix=found.suffix)
    progress.message(f"masks are understood as {told}")
    return made, pairs, problems


def load_labelled(
    pairs: Sequence[Pair], classes: PixelClasses, *, unknown: str, file: Path | None, progress: Progress
) -> PairStore:
    """Every pair decoded once; those that cannot be used are told. UnpoolError where none is left."""
    with progress.stage("decoding", len(pairs), "pairs") as stage:
        store = load_pairs(
            pairs, classes, workers=usable_cores(), file=file, unknown=unknown, progress=stage.advance
        )
    tell_problems(store.problems, progress)
    if not len(store):
        first = store.problems[0]
        raise UnpoolError(f"no pair of image and mask can be used; the first, {first.path}: {first.detail}")
    return store


def tell_problems(problems: Sequence[Problem], progress: Progress) -> None:
    """The first problems in a line each, and how many more there are."""
    for problem in problems[:TOLD]:
        progress.message(f"skipped {problem.path}: {problem.problem}, {problem.detail}")
    if len(problems) > TOLD:
        progress.message(f"and {len(problems) - TOLD} more were skipped")
