"""Groups by a small head on frozen vectors that tells an image and its neighbours the same: TEMI.

Shapes: N images, D numbers a vector, k neighbours of each, B batch, H heads, K groups.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from unpool.analysis.neighbours import Floats, self_neighbours

if TYPE_CHECKING:
    from torch import Tensor

NEIGHBOURS, HEADS, BATCH = 25, 8, 512
PASSES, LEAST_STEPS, MOST_STEPS = 200, 1500, 3000
BETA = 0.6  # below 1 the groups may be uneven
TEMPERATURE = 0.1
TEACHER, MEAN = 0.95, 0.9  # how much of the teacher and of its mean answer stays at each step
LEARNING_RATE = 1e-3


def temi(unit_ND: Floats, num_groups: int, *, seed: int = 0) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """The likeliest group of each vector of unit length (N,) and its probability (N,), by a teacher and a student.

    Several linear heads learn side by side that an image and one of its 25 nearest neighbours belong together; a
    pair counts as much as the teachers find it likely, and groups that the teacher gives to many count for less.
    The head with the least loss answers. Fewer groups come back where a head uses fewer. The same vectors and seed
    give the same groups, and the user's own random numbers go on as if nothing had been drawn.

    Source: Adaloglou, Michels, Kalisch and Kollmann, BMVC 2023, arXiv 2303.17896, section 3.

    >>> turns = np.repeat([0.0, 2.0], 20) + np.linspace(0, 0.2, 40)
    >>> labels, share = temi(np.stack([np.cos(turns), np.sin(turns)], 1).astype(np.float32), 2)
    >>> len(set(labels[:20])), len(set(labels[20:])), len(set(labels))
    (1, 1, 2)
    """
    import torch

    # Without what all have in common a linear head sees the differences.
    centred_ND = unit_ND - unit_ND.mean(axis=0)
    spread = max(float(centred_ND.std()), 1e-12)
    x_ND = torch.from_numpy((centred_ND / spread).astype(np.float32))
    k = max(1, min(NEIGHBOURS, len(unit_ND) // (2 * num_groups), len(unit_ND) - 1))
    near_Nk = torch.from_numpy(self_neighbours(unit_ND, k, seed=seed)[1])
    chance = torch.Generator().manual_seed(seed)
    student = _Heads(x_ND.shape[1], num_groups, chance)
    teacher = student.copy()
    optimiser = torch.optim.AdamW([student.weight_HDK, student.bias_H1K], LEARNING_RATE, weight_decay=1e-4)
    mean_HK = torch.full((HEADS, num_groups), 1 / num_groups)
    loss_H = torch.zeros(HEADS)
    batch = min(BATCH, len(x_ND))
    for _ in range(min(MOST_STEPS, max(LEAST_STEPS, PASSES * len(x_ND) // batch))):
        row_B = torch.randint(len(x_ND), (batch,), generator=chance)
        which_B = torch.randint(k, (batch,), generator=chance)
        pair = torch.cat([x_ND[row_B], x_ND[near_Nk[row_B, which_B]]])
        with torch.no_grad():
            taught_HBK = teacher(pair).log_softmax(dim=2)
            mean_HK = MEAN * mean_HK + (1 - MEAN) * taught_HBK.exp().mean(dim=1)
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

    def __init__(self, dimension: int, num_groups: int, chance: Any) -> None:
        import torch

        self.weight_HDK = (
            torch.randn(HEADS, dimension, num_groups, generator=chance).mul_(0.005).requires_grad_()
        )
        self.bias_H1K = torch.zeros(HEADS, 1, num_groups, requires_grad=True)

    def __call__(self, x_BD: Tensor, head: int | None = None) -> Tensor:
        chosen = slice(None) if head is None else head
        scores: Tensor = (x_BD @ self.weight_HDK[chosen] + self.bias_H1K[chosen]) / TEMPERATURE
        return scores

    def copy(self) -> _Heads:
        """Heads of the same values that are not trained."""
        twin = object.__new__(_Heads)
        twin.weight_HDK, twin.bias_H1K = self.weight_HDK.detach().clone(), self.bias_H1K.detach().clone()
        return twin

    def follow(self, student: _Heads) -> None:
        """Move a little towards the student."""
        self.weight_HDK.lerp_(student.weight_HDK.detach(), 1 - TEACHER)
        self.bias_H1K.lerp_(student.bias_H1K.detach(), 1 - TEACHER)
