"""What decoded masks lack is said, and masks of one class are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from support.segmentation import build_task, load_scenes
from unpool.actions.segmentation.label_checks import check_labels, compare_parts, describe_lost_colour
from unpool.errors import UnpoolError
from unpool.images.masks.pair_store import PairStore


def store(*count_NK: list[int], ignored: int = 0) -> PairStore:
    sizes = [(1, sum(count_K) + ignored) for count_K in count_NK]
    return PairStore(sizes=sizes, count_NK=np.array(count_NK))


def test_masks_of_one_class_are_refused() -> None:
    with pytest.raises(UnpoolError, match=r"one class only, 'a' \(1 of 6 pixels are ignored\)"):
        check_labels(store([5, 0], ignored=1), None, ["a", "b"])
    with pytest.raises(UnpoolError, match="no class at all"):
        check_labels(store([0, 0], ignored=4), None, ["a", "b"])
    with pytest.raises(UnpoolError, match="no pixel of the validation masks is a class"):
        check_labels(store([1, 1]), store([0, 0], ignored=4), ["a", "b"])


def test_ignored_pixels_and_absent_classes_are_said() -> None:
    assert check_labels(store([2, 2]), None, ["a", "b"]) == []
    remarks = check_labels(store([2, 2, 0], ignored=4), None, ["a", "b", "c"])
    assert remarks == ["4 of 8 pixels (50 %) are ignored: they are no class", "no mask holds the class 'c'"]
    assert check_labels(store([2, 2, 0]), store([1, 0, 1]), ["a", "b", "c"]) == []


def test_classes_of_one_part_are_named() -> None:
    both = compare_parts(np.array([1, 1, 0, 0]), np.array([1, 0, 1, 1]), list("abcd"))
    assert both == [
        "only validation masks hold the classes 'c', 'd': training never shows it, so it cannot be found",
        "only training masks hold the class 'b': it is not validated",
    ]
    assert compare_parts(np.array([1, 1]), np.array([0, 0]), ["a", "b"]) == [], "nothing is validated"


def test_a_task_records_what_was_ignored(tmp_path: Path) -> None:
    labelled = load_scenes(tmp_path)
    labelled.store.count_NK[0, 0] -= 5
    task = build_task(labelled)
    assert labelled.store.num_ignored == 5
    assert task.remarks == []
    assert describe_lost_colour(0, 4) == []
    assert "4 of 4 images" in describe_lost_colour(4, 4)[0]
