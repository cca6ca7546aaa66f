"""Parts of a collection: train, validation, test."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from unpool.images.labels.headings import normalise_name

TRAIN, VALIDATION, TEST = "train", "validation", "test"
SPLITS = (TRAIN, VALIDATION, TEST)  # in the order in which a network meets them
TRAIN_WORDS = frozenset({"train", "training", "trainset", "train_set", "trainval"})
VALIDATION_WORDS = frozenset({"val", "valid", "validation", "valset", "val_set", "dev"})
TEST_WORDS = VALIDATION_WORDS | {
    "test", "tests", "testing", "testset", "test_set", "eval", "evaluation", "holdout", "hold_out", "heldout",
}  # fmt: skip


def name_split(word: str) -> str | None:
    """Return the part that a word names.

    None for other words.

    >>> name_split("Training"), name_split("val"), name_split("cats")
    ('train', 'validation', None)
    """
    name = normalise_name(word)
    if name in TRAIN_WORDS:
        return TRAIN
    return VALIDATION if name in VALIDATION_WORDS else TEST if name in TEST_WORDS else None


def find_split_level(folders: Sequence[Sequence[str]]) -> int | None:
    """Find the level whose folders divide images into parts.

    Args:
        folders: The folders above each image, the outermost first.

    Returns:
        The level from the top, 1 for the outermost; None where no level has both train and test.
    """
    for level in range(1, max(map(len, folders), default=0) + 1):
        names = {normalise_name(parts[level - 1]) for parts in folders if len(parts) >= level}
        known = names & (TRAIN_WORDS | TEST_WORDS)
        if names & TRAIN_WORDS and names & TEST_WORDS and len(known) * 2 >= len(names):
            return level
    return None


def read_splits(paths: Sequence[str]) -> list[str | None]:
    """Read the part of each image from its folders.

    Args:
        paths: The images' paths, `/` between folders.

    Returns:
        train, validation, test, or None for an image outside of them.

    >>> read_splits(["train/a/1.png", "val/a/2.png", "3.png"])
    ['train', 'validation', None]
    """
    folders = [PurePosixPath(path).parts[:-1] for path in paths]
    level = find_split_level(folders)
    if level is None:
        return [None] * len(paths)
    return [name_split(parts[level - 1]) if len(parts) >= level else None for parts in folders]
