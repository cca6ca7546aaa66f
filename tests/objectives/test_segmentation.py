"""Pixels are counted by class, and figures follow from the counts."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from unpool.images.masks.pixel_classes import IGNORE
from unpool.networks.segmentation.pixel_scores import count_pixels, scores_of
from unpool.objectives.segmentation import Segmentation

K = 3


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.sampled_from([0, 1, 2, IGNORE]), st.integers(0, K - 1)), min_size=1, max_size=60)
)
def test_counting_one_by_one_gives_the_same(pairs: list[tuple[int, int]]) -> None:
    expected = np.zeros((K, K), np.int64)
    for true, predicted in pairs:
        if true != IGNORE:
            expected[true, predicted] += 1
    label, predicted = (torch.tensor([[column]]) for column in zip(*pairs, strict=True))
    assert (count_pixels(label, predicted, K).numpy() == expected).all()


def test_scores_by_their_definition() -> None:
    table = np.array([[6, 2, 0], [1, 3, 0], [0, 0, 0]])
    scores = scores_of(table)
    assert scores["pixel_accuracy"] == pytest.approx(9 / 12)
    assert scores["mean_accuracy"] == pytest.approx((6 / 8 + 3 / 4) / 2)
    assert scores["iou"] == [pytest.approx(6 / 9), pytest.approx(3 / 6), None]
    assert scores["mean_iou"] == pytest.approx((6 / 9 + 3 / 6) / 2)


def test_pixels_predicted_as_a_class_that_does_not_occur_count_against_their_own() -> None:
    assert scores_of(np.array([[3, 1], [0, 0]]))["iou"] == [pytest.approx(0.75), None]


def test_nothing_counted_has_no_scores() -> None:
    assert scores_of(np.zeros((2, 2), np.int64)) == {
        "pixel_accuracy": None, "mean_accuracy": None, "mean_iou": None, "iou": [None, None],
    }  # fmt: skip


class Fixed(nn.Module):
    """Scores class 1 everywhere."""

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        scores = torch.zeros(len(x_BCHW), 2, *x_BCHW.shape[2:])
        scores[:, 1] = 1
        return scores


def test_pixels_are_counted_only_while_validating() -> None:
    class Alone:
        num_processes = 1

    objective, network = Segmentation(2), Fixed()
    pair = (torch.zeros(1, 3, 2, 2), torch.tensor([[[0, 1], [1, IGNORE]]], dtype=torch.uint8))
    objective(network.train(), pair, np.array([0]), 0)
    assert int(objective.table_KK.sum()) == 0
    objective(network.eval(), pair, np.array([0]), 0)
    assert objective.table_KK.tolist() == [[0, 1], [0, 2]]
    figures = objective.after_validation(Alone())  # type: ignore[arg-type]
    assert figures["val_accuracy"] == pytest.approx(2 / 3)
    assert figures["val_miou"] == pytest.approx((0 + 2 / 3) / 2)
    objective.before_validation()
    assert int(objective.table_KK.sum()) == 0
