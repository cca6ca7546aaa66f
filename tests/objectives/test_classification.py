"""Classification against NumPy and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import log_softmax
from sklearn.metrics import confusion_matrix, recall_score
from torch import nn

from unpool.errors import UnpoolError, UsageError
from unpool.objectives.classification import Classification, class_accuracy, confusion

LABELS = np.array([2, 0, 1, 1, 2, 0, 2])
INDEX = np.array([6, 1, 3, 0])
SCORES = np.random.default_rng(0).normal(0, 2, (4, 3))


def test_loss_and_number_right_follow_the_index() -> None:
    objective = Classification(LABELS, 3)
    loss, correct = objective(nn.Identity(), torch.from_numpy(SCORES), INDEX, 0)
    labels_B = LABELS[INDEX]
    assert loss.item() == pytest.approx(-log_softmax(SCORES, axis=1)[np.arange(4), labels_B].mean())
    assert correct.shape == ()
    assert correct.item() == (SCORES.argmax(1) == labels_B).sum()


def test_all_and_none_right() -> None:
    objective = Classification(torch.from_numpy(LABELS), 3)
    right = torch.eye(3)[torch.from_numpy(LABELS[INDEX])] * 9
    assert objective(nn.Identity(), right, INDEX, 0)[1].item() == 4
    assert objective(nn.Identity(), -right, INDEX, 0)[1].item() == 0


def test_views_are_averaged_as_scores() -> None:
    x_BVCHW = torch.randn(4, 5, 2, 3, 3, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(18, 3))
    scores = np.stack([network(x_BVCHW[:, view]).detach().numpy() for view in range(5)]).mean(0)
    loss, correct = Classification(LABELS, 3)(network, x_BVCHW, INDEX, 0)
    assert loss.item() == pytest.approx(
        -log_softmax(scores, axis=1)[np.arange(4), LABELS[INDEX]].mean(), rel=1e-5
    )
    assert correct.item() == (scores.argmax(1) == LABELS[INDEX]).sum()


def test_it_learns_what_can_be_learnt() -> None:
    torch.manual_seed(0)
    x_BCHW = torch.eye(7).reshape(7, 7, 1, 1)
    network = nn.Sequential(nn.Flatten(), nn.Linear(7, 3))
    objective, index = Classification(LABELS, 3), np.arange(7)
    optimiser = torch.optim.SGD(network.parameters(), lr=1.0)
    before, _ = objective(network, x_BCHW, index, 0)
    for epoch in range(60):
        optimiser.zero_grad()
        loss, _ = objective(network, x_BCHW, index, epoch)
        loss.backward()
        optimiser.step()
    after, correct = objective(network, x_BCHW, index, 0)
    assert correct.item() == 7
    assert after < before / 2


def test_labels_are_not_saved_and_not_shared() -> None:
    labels = LABELS.copy()
    objective = Classification(labels, 3)
    labels[:] = 0
    assert objective.state_dict() == {}
    assert objective.labels_N.tolist() == LABELS.tolist()


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(UnpoolError, match="image 0 has label 2, but with 2 classes labels go from 0 to 1"):
        Classification(LABELS, 2)
    with pytest.raises(UnpoolError, match="image 1 has label -1"):
        Classification(np.array([0, -1]), 2)
    with pytest.raises(UnpoolError, match="type float64"):
        Classification(np.array([0.5, 1]), 2)
    with pytest.raises(UnpoolError, match=r"gives \(4, 3\) for 4 images.*each of the 5 classes"):
        Classification(LABELS, 5)(nn.Identity(), torch.zeros(4, 3), INDEX, 0)
    with pytest.raises(UsageError, match="did you mean 'cross-entropy'"):
        Classification(LABELS, 3, "cross-entropie")


@pytest.mark.parametrize("num_classes", [1, 2, 7])
def test_confusion_and_accuracy_agree_with_scikit_learn(num_classes: int) -> None:
    generator = np.random.default_rng(num_classes)
    true, predicted = generator.integers(0, num_classes, (2, 200))
    got = confusion(true, predicted, num_classes)
    assert got.dtype == np.int64
    np.testing.assert_array_equal(got, confusion_matrix(true, predicted, labels=range(num_classes)))
    np.testing.assert_allclose(class_accuracy(got), recall_score(true, predicted, average=None))


def test_confusion_of_classes_without_images() -> None:
    counts = confusion(np.array([0, 2]), np.array([1, 2]), 4)
    assert counts.sum() == 2
    np.testing.assert_array_equal(class_accuracy(counts), [0, np.nan, 1, np.nan])
    assert confusion(np.zeros(0, int), np.zeros(0, int), 2).tolist() == [[0, 0], [0, 0]]
    with pytest.raises(UnpoolError, match="image 0 has label 3"):
        confusion(np.array([0]), np.array([3]), 3)
    with pytest.raises(UnpoolError, match="2 true classes, but 1 predicted"):
        confusion(np.array([0, 1]), np.array([0]), 3)
