"""Losses of label maps against versions written from their formulas in NumPy, and the figures of a segmentation."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from unpool.errors import UsageError
from unpool.networks.segmentation.pixel_scores import count_pixels, scores_of
from unpool.objectives.losses.class_weights import class_weights
from unpool.objectives.losses.segmentation import pixel_loss

RNG = np.random.default_rng(0)
SCORES = RNG.normal(size=(2, 4, 5, 6))
LABELS = RNG.integers(0, 4, (2, 5, 6))
LABELS[0, :2] = 255
WEIGHTS = np.array([0.5, 1.0, 2.0, 4.0])


def probabilities() -> tuple[np.ndarray, np.ndarray]:
    chosen = LABELS != 255
    flat = SCORES.transpose(0, 2, 3, 1)[chosen]
    e = np.exp(flat - flat.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True), LABELS[chosen]


def cross_entropy() -> float:
    p, label = probabilities()
    each = -np.log(p[np.arange(len(label)), label])
    return float((WEIGHTS[label] * each).sum() / WEIGHTS[label].sum())


def focal() -> float:
    p, label = probabilities()
    true = p[np.arange(len(label)), label]
    return float((WEIGHTS[label] * (1 - true) ** 3 * -np.log(true)).sum() / WEIGHTS[label].sum())


def dice() -> float:
    p, label = probabilities()
    found = []
    for k in np.unique(label):
        true = label == k
        found.append((2 * p[true, k].sum() + 1) / (p[:, k].sum() + true.sum() + 1))
    return float(1 - np.mean(found))


def jaccard_extension(errors: np.ndarray, true: np.ndarray) -> float:
    """The Lovász extension by its definition: the integral of the set function over level sets of the errors."""

    def loss(wrong: np.ndarray) -> float:
        # Of the set of mistaken pixels: 1 − |true without them| / |true with them|.
        union = (true | wrong).sum()
        return float(1 - (true & ~wrong).sum() / union) if union else 0.0

    levels = np.sort(np.unique(errors))
    total, before = 0.0, 0.0
    for level in levels:
        total += (level - before) * loss(errors >= level)
        before = level
    return total


def lovasz() -> float:
    p, label = probabilities()
    return float(
        np.mean([jaccard_extension(np.abs((label == k) - p[:, k]), label == k) for k in np.unique(label)])
    )


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("cross-entropy", cross_entropy), ("focal:gamma=3", focal), ("dice", dice), ("lovasz", lovasz)],
)
def test_a_loss_agrees_with_its_formula(name: str, wanted) -> None:
    loss = pixel_loss(name, torch.from_numpy(WEIGHTS))
    found = loss(torch.from_numpy(SCORES), torch.from_numpy(LABELS))
    assert found.item() == pytest.approx(wanted(), rel=1e-9)


@pytest.mark.parametrize("name", ["cross-entropy", "focal", "dice", "lovasz", "cross-entropy+lovasz:every=2"])
def test_gradients_are_right_and_ignored_pixels_have_none(name: str) -> None:
    scores = torch.from_numpy(SCORES).requires_grad_()
    labels = torch.from_numpy(LABELS)
    assert torch.autograd.gradcheck(lambda s: pixel_loss(name)(s, labels), scores)
    pixel_loss(name)(scores, labels).backward()
    assert scores.grad is not None
    assert not scores.grad[0, :, :2].any()
    assert scores.grad[1].any()


@pytest.mark.parametrize("name", ["cross-entropy", "focal", "dice", "lovasz"])
def test_with_nothing_labelled_the_loss_is_nothing(name: str) -> None:
    scores = torch.from_numpy(SCORES).requires_grad_()
    value = pixel_loss(name)(scores, torch.full_like(torch.from_numpy(LABELS), 255))
    value.backward()
    assert value.item() == 0
    assert not torch.isnan(scores.grad).any()


def test_joined_losses_are_added() -> None:
    scores, labels = torch.from_numpy(SCORES), torch.from_numpy(LABELS)
    both = pixel_loss("dice+lovasz")(scores, labels).item()
    assert both == pytest.approx(pixel_loss("dice")(scores, labels).item() + lovasz())


def test_wrong_names_and_values_are_reported() -> None:
    for text, words in (
        ("lovas", "did you mean 'lovasz'"),
        ("focal:gama=2", "did you mean 'gamma'"),
        ("lovasz:every=0", "every is 0"),
        ("dice+mse", "unknown --loss 'mse'"),
        ("cross-entropy:label_smoothing=2", "label_smoothing is 2"),
    ):
        with pytest.raises(UsageError, match=words):
            pixel_loss(text)


def test_figures_of_a_table_worked_out_by_hand() -> None:
    true = torch.tensor([[[0, 0, 0, 1, 1, 255]]])
    taken = torch.tensor([[[0, 0, 1, 1, 1, 2]]])
    table = count_pixels(true, taken, 4).numpy()
    result = scores_of(table)
    assert result["iou"] == [
        pytest.approx(2 / 3),
        pytest.approx(2 / 3),
        None,
        None,
    ]  # absent classes are no 0
    assert result["mean_iou"] == pytest.approx(2 / 3)
    assert result["pixel_accuracy"] == pytest.approx(4 / 5)
    assert result["mean_accuracy"] == pytest.approx((2 / 3 + 1) / 2)
    predicted_only = scores_of(np.array([[3, 1], [0, 0]]))
    assert predicted_only["iou"] == [0.75, None]  # what was wrongly taken for it counts against the first
    assert predicted_only["mean_iou"] == 0.75
    assert scores_of(np.zeros((2, 2), np.int64))["mean_iou"] is None


def test_median_frequencies_count_only_images_with_the_class() -> None:
    count = np.array([[90, 10, 0], [50, 0, 50], [100, 0, 0]])
    frequency = np.array([240 / 300, 10 / 100, 50 / 100])
    median = class_weights(count, "abc", "median")
    assert median == pytest.approx(0.5 / frequency)
    assert class_weights(count, "abc", "sqrt") == pytest.approx(np.sqrt(0.5 / frequency))
    assert class_weights(count, "abc", "none") is None
    assert class_weights(np.array([[5, 0]]), "ab", "median")[1] == 1
    with pytest.raises(UsageError, match="--class-weights 'mean'"):
        class_weights(count, "abc", "mean")
