"""TEMI: groups by small heads trained on frozen vectors.

Shapes: N images, D numbers a vector, k neighbours of each, B batch, H heads, K groups.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from unpool.analysis.neighbours import Floats, self_neighbours

if TYPE_CHECKING:
    import torch
    from torch import Tensor

NUM_NEIGHBOURS, NUM_HEADS, BATCH_SIZE = 25, 8, 512
NUM_EPOCHS, MIN_STEPS, MAX_STEPS = 200, 1500, 3000
BETA = 0.6  # below 1 the groups may be uneven
TEMPERATURE = 0.1
TEACHER_MOMENTUM, MEAN_MOMENTUM = 0.95, 0.9  # of the teacher, and of its mean answer
LEARNING_RATE = 1e-3


def temi(
    unit_ND: Floats, num_groups: int, *, seed: int = 0
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Group vectors of unit length by teacher and student heads.

    Several linear heads learn side by side that an image and one of its 25 nearest neighbours belong together; a
    pair counts as much as the teachers find it likely, and groups that the teacher gives to many count for less.
    The head with the least loss answers. Fewer groups come back where a head uses fewer. The same vectors and seed
    give the same groups, and the user's own random numbers go on as if nothing had been drawn.

    Source: Adaloglou, Michels, Kalisch and Kollmann, BMVC 2023, arXiv 2303.17896, section 3.

    Returns the likeliest group of each vector (N,) and its probability (N,).

    >>> angles = np.repeat([0.0, 2.0], 20) + np.linspace(0, 0.2, 40)
    >>> labels, share = temi(np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32), 2)
    >>> len(set(labels[:20])), len(set(labels[20:])), len(set(labels))
    (1, 1, 2)
    """
    import torch

    # Without what all have in common a linear head sees the differences.
    centred_ND = unit_ND - unit_ND.mean(axis=0)
    spread = max(float(centred_ND.std()), 1e-12)
    x_ND = torch.from_numpy((centred_ND / spread).astype(np.float32))
    k = max(1, min(NUM_NEIGHBOURS, len(unit_ND) // (2 * num_groups), len(unit_ND) - 1))
    near_Nk = torch.from_numpy(self_neighbours(unit_ND, k, seed=seed)[1])
    rng = torch.Generator().manual_seed(seed)
    student = _Heads(x_ND.shape[1], num_groups, rng)
    teacher = student.copy()
    optimiser = torch.optim.AdamW([student.weight_HDK, student.bias_H1K], LEARNING_RATE, weight_decay=1e-4)
    mean_HK = torch.full((NUM_HEADS, num_groups), 1 / num_groups)
    loss_H = torch.zeros(NUM_HEADS)
    batch = min(BATCH_SIZE, len(x_ND))
    for _ in range(min(MAX_STEPS, max(MIN_STEPS, NUM_EPOCHS * len(x_ND) // batch))):
        row_B = torch.randint(len(x_ND), (batch,), generator=rng)
        which_B = torch.randint(k, (batch,), generator=rng)
        pair = torch.cat([x_ND[row_B], x_ND[near_Nk[row_B, which_B]]])
        with torch.no_grad():
            taught_HBK = teacher(pair).log_softmax(dim=2)
            mean_HK = MEAN_MOMENTUM * mean_HK + (1 - MEAN_MOMENTUM) * taught_HBK.exp().mean(dim=1)
        now_H = _loss(student(pair).log_softmax(dim=2), taught_HBK, mean_HK)
        optimiser.zero_grad(set_to_none=True)
        now_H.sum().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        teacher.follow(student)
        loss_H = 0.95 * loss_H + 0.05 * now_H.detach()
    with torch.inference_mode():
        answer_NK = teacher(x_ND, int(loss_H.argmin())).softmax(dim=-1).numpy()
    return answer_NK.argmax(axis=1), answer_NK.max(axis=1)


def _loss(student_HBK: Tensor, teacher_HBK: Tensor, mean_HK: Tensor) -> Tensor:
    """One number a head: minus the weighted pointwise mutual information of images and neighbours, both ways.

    The answers are logarithms, of the images first and then of their neighbours.
    """
    swapped_HBK = teacher_HBK.roll(teacher_HBK.shape[1] // 2, dims=1)
    weight_B = (teacher_HBK + swapped_HBK).exp().sum(dim=2).mean(dim=0)
    rarity_H1K = -mean_HK.clamp_min(1e-8).log()[:, None]
    shared_HB = (BETA * (student_HBK + swapped_HBK) + rarity_H1K).logsumexp(dim=2)
    loss_H: Tensor = -(weight_B * shared_HB).mean(dim=1)
    return loss_H


class _Heads:
    """H linear heads as one product."""

    def __init__(self, dimension: int, num_groups: int, rng: torch.Generator) -> None:
        import torch

        self.weight_HDK = (
            torch.randn(NUM_HEADS, dimension, num_groups, generator=rng).mul_(0.005).requires_grad_()
        )
        self.bias_H1K = torch.zeros(NUM_HEADS, 1, num_groups, requires_grad=True)

    def __call__(self, x_BD: Tensor, head: int | None = None) -> Tensor:
        heads = slice(None) if head is None else head
        scores: Tensor = (x_BD @ self.weight_HDK[heads] + self.bias_H1K[heads]) / TEMPERATURE
        return scores

    def copy(self) -> _Heads:
        """Heads of the same values that are not trained."""
        twin = object.__new__(_Heads)
        twin.weight_HDK, twin.bias_H1K = self.weight_HDK.detach().clone(), self.bias_H1K.detach().clone()
        return twin

    def follow(self, student: _Heads) -> None:
        """Move a little towards the student."""
        self.weight_HDK.lerp_(student.weight_HDK.detach(), 1 - TEACHER_MOMENTUM)
        self.bias_H1K.lerp_(student.bias_H1K.detach(), 1 - TEACHER_MOMENTUM)
