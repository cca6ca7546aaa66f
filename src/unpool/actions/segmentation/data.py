"""Pairs of images and masks: found, their classes inferred, decoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from unpool.core.cpu import usable_cores
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.images.masks.class_file import read_classes
from unpool.images.masks.infer_classes import Values, count_values, infer_classes
from unpool.images.masks.pair_store import PairStore, load_pairs
from unpool.images.masks.pairs import Pair, Pairs, find_pairs, voc_split
from unpool.images.masks.pixel_classes import PixelClasses
from unpool.images.reading.scan import Problem

MAX_REPORTED = 5  # problems that have a line each


def find_labelled(
    images: Path, masks: Path, *, split: str, progress: Progress, leave_out: Path | None = None
) -> Pairs:
    """Match the images and masks of two folders.

    Args:
        images: a folder.
        masks: a folder.
        split: of Pascal VOC, the list whose pairs are taken.
        progress: receives what has no counterpart or cannot be used.
        leave_out: a folder inside that is not searched.

    Returns:
        The pairs, and what was left out.

    Raises:
        UnpoolError: where no image of the list has a mask.
    """
    found = find_pairs(images, masks, leave_out=leave_out)
    _report_unmatched(found, progress)
    report_problems(found.problems, progress)
    listed = voc_split(images, split)
    if listed is None:
        return found
    kept = [pair for pair in found.pairs if Path(pair.path).stem in listed]
    if not kept:
        raise UnpoolError(
            f"no image of {images} with a mask stands in its list {split}; check ImageSets/Segmentation"
        )
    return replace(found, pairs=kept)


def _report_unmatched(found: Pairs, progress: Progress) -> None:
    total = len(found.pairs) + len(found.without) + len(found.ambiguous)
    for left_out, of, why in (
        (found.without, f"{total} images", "have no mask"),
        (
            found.ambiguous,
            f"{total} images",
            "have masks of their name in several folders, none in the image's own,",
        ),
        (found.unused, f"{len(found.unused) + len(found.pairs)} masks", "belong to no image"),
    ):
        if left_out:
            progress.message(f"{len(left_out)} of {of} {why} and are left out (the first is {left_out[0]})")


def learn_classes(
    folders: Sequence[Pairs], classes: Path | None, ignore: int | None, *, unknown: str, progress: Progress
) -> PixelClasses:
    """Read the classes, or infer them from all masks.

    Masks that cannot be read are reported by `load_labelled`.

    Args:
        folders: the pairs.
        classes: the file of classes; None: they are inferred.
        ignore: the value that is no class; None: inferred.
        unknown: what to do with values that are no class.
        progress: receives what the masks were understood as.

    Returns:
        The classes.

    Raises:
        UnpoolError: where the masks do not say what their classes are.
    """

    def is_binary() -> bool:
        found = _counted(folders, progress).is_binary
        if found:
            progress.message("masks hold 0 and 255 alone: those are the two classes")
        return found

    if classes is not None:
        return read_classes(classes, ignore, is_binary)
    layouts = {folder.layout for folder in folders}
    inferred, meaning = infer_classes(
        _counted(folders, progress), ignore=ignore, suffix=folders[0].suffix,
        layout=layouts.pop() if len(layouts) == 1 else "", unknown=unknown,
    )  # fmt: skip
    progress.message(f"masks are understood as {meaning}")
    return inferred


def _counted(folders: Sequence[Pairs], progress: Progress) -> Values:
    pairs = [pair for folder in folders for pair in folder.pairs]
    with progress.stage("masks", len(pairs), "masks") as stage:
        values, problems = count_values(pairs, usable_cores(), stage.advance)
    if not values.num_masks:
        raise UnpoolError(f"no mask can be read; the first, {problems[0].path}: {problems[0].detail}")
    return values


def load_labelled(
    pairs: Sequence[Pair], classes: PixelClasses, *, unknown: str, file: Path | None, progress: Progress
) -> PairStore:
    """Decode every pair once.

    Args:
        pairs: what to decode.
        classes: of the masks.
        unknown: what to do with values that are no class.
        file: where pairs lie that are too many for memory.
        progress: receives the stage, and what cannot be used.

    Returns:
        The images with their label maps.

    Raises:
        UnpoolError: where no pair can be used.
    """
    with progress.stage("decoding", len(pairs), "pairs") as stage:
        store = load_pairs(
            pairs, classes, workers=usable_cores(), file=file, unknown=unknown, progress=stage.advance
        )
    report_problems(store.problems, progress)
    if not len(store):
        first = store.problems[0]
        raise UnpoolError(f"no pair of image and mask can be used; the first, {first.path}: {first.detail}")
    return store


def report_problems(problems: Sequence[Problem], progress: Progress) -> None:
    """Report the first problems, and count the others."""
    for problem in problems[:MAX_REPORTED]:
        progress.message(f"skipped {problem.path}: {problem.problem}, {problem.detail}")
    if len(problems) > MAX_REPORTED:
        progress.message(f"and {len(problems) - MAX_REPORTED} more were skipped")
