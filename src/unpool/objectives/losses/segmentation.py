"""Losses of class scores against label maps, by name.

B batch, K classes, H height, W width, P labelled pixels.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from unpool.core.specs import number, parse_spec
from unpool.errors import UsageError
from unpool.images.masks.pixel_classes import IGNORE

OPTION = "--loss"
PixelLoss = Callable[[Tensor, Tensor], Tensor]

KEYS = {
    "cross-entropy": ("label_smoothing",),
    "focal": ("gamma",),
    "dice": ("smooth",),
    "lovasz": ("every",),
}
MIN_DOUBT = 1e-6  # the smallest 1 − p in the focal loss
DEFAULT = "cross-entropy+lovasz:every=4"


def pixel_loss(text: str = DEFAULT, weight_K: Tensor | None = None) -> PixelLoss:
    """Build a loss of class scores against label maps.

    Pixels labelled 255 do not count; where all are, the loss is 0.

    Args:
        text: `cross-entropy`, `focal:gamma=2` (Lin et al. 2017, arXiv 1708.02002), `dice` (Milletari et al. 2016,
            arXiv 1606.04797), `lovasz` (Berman et al. 2018, arXiv 1705.08790), or several joined by a plus, which
            are added; `lovasz` with `every=4` takes every fourth row and column.
        weight_K: weights of the classes in cross-entropy and focal.

    Returns:
        A function (scores (B, K, H, W) before the softmax, labels (B, H, W) int64) → scalar, the mean over the
        labelled pixels.

    Raises:
        UsageError: for an unknown name or key, or a value it cannot have.

    >>> scores = torch.tensor([[[[4.0]], [[0.0]]]])
    >>> round(pixel_loss("cross-entropy")(scores, torch.tensor([[[0]]])).item(), 4)
    0.0181
    >>> pixel_loss("dice+lovasz")(scores, torch.tensor([[[255]]])).item()
    0.0
    """
    parts = [_one(part.strip(), weight_K) for part in text.split("+")]

    def total(scores_BKHW: Tensor, label_BHW: Tensor) -> Tensor:
        return torch.stack([part(scores_BKHW, label_BHW) for part in parts]).sum()

    return total


def _one(text: str, weight_K: Tensor | None) -> PixelLoss:
    name, values = parse_spec(OPTION, text, KEYS)
    if name == "cross-entropy":
        smoothing = number(OPTION, "label_smoothing", values.get("label_smoothing", 0.0), 0, 0.999)
        return lambda scores, labels: _cross_entropy(scores, labels, weight_K, smoothing)
    if name == "focal":
        gamma = number(OPTION, "gamma", values.get("gamma", 2.0), 0, 100)
        return lambda scores, labels: _focal(scores, labels, weight_K, gamma)
    if name == "dice":
        smooth = number(OPTION, "smooth", values.get("smooth", 1.0), 0, 1e6)
        return lambda scores, labels: _dice(scores, labels, smooth)
    every = values.get("every", 1)
    if not isinstance(every, int) or not 1 <= every <= 64:
        raise UsageError(f"{OPTION}: every is {every!r}, but must be a whole number from 1 to 64")
    return lambda scores, labels: _lovasz(scores[..., ::every, ::every], labels[..., ::every, ::every])


def _cross_entropy(
    scores_BKHW: Tensor, label_BHW: Tensor, weight_K: Tensor | None, smoothing: float
) -> Tensor:
    weight = _like(weight_K, scores_BKHW)
    total = F.cross_entropy(
        scores_BKHW, label_BHW, weight, ignore_index=IGNORE, reduction="sum", label_smoothing=smoothing
    )
    return total / _num_counted(label_BHW, weight)


def _focal(scores_BKHW: Tensor, label_BHW: Tensor, weight_K: Tensor | None, gamma: float) -> Tensor:
    weight = _like(weight_K, scores_BKHW)
    log_BHW = -F.cross_entropy(scores_BKHW, label_BHW, ignore_index=IGNORE, reduction="none")
    # Below gamma 1 the power is infinitely steep at 0, where certain and ignored pixels are.
    each_BHW = -((1 - log_BHW.exp()).clamp(min=MIN_DOUBT) ** gamma) * log_BHW
    if weight is not None:
        each_BHW = each_BHW * weight[label_BHW.clamp(max=len(weight) - 1)]
    return each_BHW.sum() / _num_counted(label_BHW, weight)


def _num_counted(label_BHW: Tensor, weight_K: Tensor | None) -> Tensor:
    """The divisor of a sum over pixels: their number or weight, 1 where there is none."""
    seen_BHW = label_BHW != IGNORE
    if weight_K is None:
        return seen_BHW.sum().clamp(min=1)
    total = (weight_K[label_BHW.clamp(max=len(weight_K) - 1)] * seen_BHW).sum()
    return torch.where(total > 0, total, torch.ones_like(total))


def _like(weight_K: Tensor | None, scores_BKHW: Tensor) -> Tensor | None:
    return None if weight_K is None else weight_K.to(scores_BKHW)


def _labelled(scores_BKHW: Tensor, label_BHW: Tensor) -> tuple[Tensor, Tensor]:
    """Probabilities (P, K) and labels (P,) of the pixels that have one."""
    is_labelled_BHW = label_BHW != IGNORE
    return scores_BKHW.permute(0, 2, 3, 1)[is_labelled_BHW].softmax(dim=1), label_BHW[is_labelled_BHW]


def _dice(scores_BKHW: Tensor, label_BHW: Tensor, smooth: float) -> Tensor:
    """1 − the mean over the classes that occur of 2·overlap / (predicted + true)."""
    probability_PK, label_P = _labelled(scores_BKHW, label_BHW)
    if not len(label_P):
        return scores_BKHW.sum() * 0
    true_PK = F.one_hot(label_P, scores_BKHW.shape[1]).to(probability_PK)
    overlap_K, both_K = (probability_PK * true_PK).sum(0), probability_PK.sum(0) + true_PK.sum(0)
    dice_K = (2 * overlap_K + smooth) / (both_K + smooth).clamp(min=1e-12)
    return 1 - dice_K[true_PK.sum(0) > 0].mean()


def _lovasz(scores_BKHW: Tensor, label_BHW: Tensor) -> Tensor:
    """The mean over the classes that occur of the Lovász extension of 1 − intersection over union."""
    probability_PK, label_P = _labelled(scores_BKHW, label_BHW)
    if not len(label_P):
        return scores_BKHW.sum() * 0
    occurring = torch.unique(label_P)
    losses = []
    for position in occurring.tolist():
        true_P = (label_P == position).to(probability_PK)
        error_P, order_P = (true_P - probability_PK[:, position]).abs().sort(descending=True)
        losses.append(torch.dot(error_P, _lovasz_gradient(true_P[order_P])))
    return torch.stack(losses).mean()


def _lovasz_gradient(true_P: Tensor) -> Tensor:
    """What each error, largest first, adds to the Jaccard loss (Berman et al. 2018, algorithm 1)."""
    total = true_P.sum()
    missed_P = total - true_P.cumsum(0)
    union_P = total + (1 - true_P).cumsum(0)
    jaccard_P = 1 - missed_P / union_P
    return torch.cat([jaccard_P[:1], jaccard_P[1:] - jaccard_P[:-1]])
