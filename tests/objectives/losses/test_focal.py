"""Focal loss of pixels that are certain or not labelled: there its power is at its steepest."""

from __future__ import annotations

import pytest
import torch

from unpool.objectives.losses.segmentation import pixel_loss


@pytest.mark.parametrize("gamma", [0, 0.1, 0.5, 1, 2])
def test_certain_and_ignored_pixels_have_finite_gradients(gamma: float) -> None:
    scores = torch.zeros(1, 2, 1, 3)
    scores[0, 0, 0, 0] = 200.0  # so certain that 1 − p is 0
    scores.requires_grad_()
    loss = pixel_loss(f"focal:gamma={gamma}")(scores, torch.tensor([[[0, 1, 255]]]))
    loss.backward()
    assert torch.isfinite(loss)
    assert scores.grad is not None
    assert torch.isfinite(scores.grad).all()
    assert not scores.grad[0, :, 0, 2].any()
    assert scores.grad[0, 0, 0, 1] > 0 > scores.grad[0, 1, 0, 1]


def test_below_one_it_still_is_its_formula() -> None:
    scores = torch.tensor([[[[1.0, -2.0]], [[0.5, 0.0]]]], dtype=torch.float64)
    p = scores.softmax(dim=1)[0, 0, 0]
    wanted = ((1 - p).sqrt() * -p.log()).mean()
    assert pixel_loss("focal:gamma=0.5")(
        scores, torch.zeros(1, 1, 2, dtype=torch.int64)
    ).item() == pytest.approx(wanted.item(), rel=1e-12)
