"""Check that decoded masks can be learnt from.

N images, M of them, K classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from unpool.actions.segmentation.data import describe_ignored
from unpool.errors import UnpoolError
from unpool.images.masks.pair_store import PairStore

if TYPE_CHECKING:
    from unpool.inference.segmenter_model import LoadedSegmenter

NUM_NAMED = 5  # classes that a sentence names


def check_labels(store: PairStore, held: PairStore | None, names: Sequence[str]) -> list[str]:
    """Check that there are two classes at least.

    Args:
        store: the pairs to train on, and perhaps to validate on.
        held: others to validate on.
        names: of the classes.

    Returns:
        Sentences on ignored pixels and on classes that occur nowhere.

    Raises:
        UnpoolError: where the masks to train on hold fewer than two classes.
    """
    count_K = store.count_NK.sum(axis=0)
    occurring = [name for name, count in zip(names, count_K, strict=True) if count]
    if len(occurring) < 2:
        what = f"one class only, {occurring[0]!r}" if occurring else "no class at all"
        raise UnpoolError(
            f"the masks to train on hold {what} ({store.num_ignored:,} of {store.num_pixels:,} pixels are ignored): "
            "there must be two at least; check the masks and the classes"
        )
    remarks = describe_ignored(store.num_ignored, store.num_pixels)
    held_K = np.zeros_like(count_K) if held is None else held.count_NK.sum(axis=0)
    nowhere = [name for name, here, there in zip(names, count_K, held_K, strict=True) if not here + there]
    if nowhere:
        remarks.append(f"no mask holds the {_classes(nowhere)}")
    if held is not None and not held_K.any():
        raise UnpoolError(
            f"no pixel of the validation masks is a class: all {held.num_pixels:,} are ignored; check the masks"
        )
    return remarks


def compare_parts(trained_K: np.ndarray, held_K: np.ndarray, names: Sequence[str]) -> list[str]:
    """Name the classes that only training or only validation has.

    Args:
        trained_K: pixels of each class to train on.
        held_K: pixels of each class to validate on; all 0 where nothing is validated.
        names: of the classes.

    Returns:
        Sentences.

    >>> compare_parts(np.array([5, 5, 0]), np.array([5, 0, 5]), ["sky", "road", "car"])[0]
    "only validation masks hold the class 'car': training never shows it, so it cannot be found"
    """
    if not held_K.any():
        return []
    only_held = [
        name for name, here, there in zip(names, trained_K, held_K, strict=True) if there and not here
    ]
    only_trained = [
        name for name, here, there in zip(names, trained_K, held_K, strict=True) if here and not there
    ]
    remarks = []
    if only_held:
        remarks.append(
            f"only validation masks hold the {_classes(only_held)}: training never shows it, so it cannot be found"
        )
    if only_trained:
        remarks.append(f"only training masks hold the {_classes(only_trained)}: it is not validated")
    return remarks


def compare_colour(segmenter: LoadedSegmenter, num_grey: int, num_images: int) -> list[str]:
    """Compare the colour of images with a model's.

    It was trained on images with or without.

    Args:
        segmenter: the model.
        num_grey: images without colour.
        num_images: all images.

    Returns:
        Sentences.
    """
    num_coloured = num_images - num_grey
    if segmenter.channels == 1:
        return describe_lost_colour(num_coloured, num_images)
    if segmenter.grey_share == 1 and num_coloured:
        return [f"the model was trained on grey images alone, but {num_coloured} of {num_images} have colour"]
    is_new = segmenter.grey_share == 0 or (segmenter.grey_share is None and num_grey == num_images)
    if is_new and num_grey:
        return [f"the model takes images in colour, but {num_grey} of {num_images} are grey"]
    return []


def describe_lost_colour(num_coloured: int, num_images: int) -> list[str]:
    """Say how many images lose their colour."""
    if not num_coloured:
        return []
    return [
        f"the network takes one channel, so it sees the brightness alone of {num_coloured} of {num_images} images, "
        "which have colour"
    ]


def _classes(names: Sequence[str]) -> str:
    more = f" and {len(names) - NUM_NAMED} others" if len(names) > NUM_NAMED else ""
    return f"class{'es' if len(names) > 1 else ''} {', '.join(map(repr, names[:NUM_NAMED]))}{more}"
