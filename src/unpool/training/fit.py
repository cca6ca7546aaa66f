"""The one training loop.

N images, B batch, C channels, H height, W width.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from unpool.errors import UnpoolError
from unpool.training.checkpoint import load_checkpoint, save_checkpoint
from unpool.training.data import PixelSet, epoch_batches, split
from unpool.training.plan import Plan

SAVE_EVERY_SECONDS = 15.0


@dataclass
class History:
    """What a training run did: one entry in `epochs` per pass over the images."""

    steps: int = 0
    seconds: float = 0.0
    epochs: list[dict[str, float | int | None]] = field(default_factory=list)


@dataclass(frozen=True)
class Progress:
    """Where training stands: `fraction` 0..1 of all steps, the last known losses, images a second."""

    fraction: float
    epoch: int
    train_loss: float | None
    val_loss: float | None
    rate: float


def train(
    network: nn.Module,
    data: PixelSet,
    objective: nn.Module,
    plan: Plan,
    *,
    key: str = "",
    folder: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> History:
    """Train `network` to make `objective` small over `data`; leaves the best weights by validation loss.

    `objective(network, x_BCHW, index_B, epoch)` gives a scalar; parameters of its own are trained with it.
    Resumes from `folder` where a checkpoint of the same plan, images and `key` (which network) lies there.
    All randomness is a function of (seed, epoch, step), so that a resumed run ends with the weights of an
    undisturbed one.
    Raises `UnpoolError` when the loss is no longer a number.
    """
    return _Run(network, data, objective, plan, key, folder, progress).go()


class _Run:
    def __init__(
        self,
        network: nn.Module,
        data: PixelSet,
        objective: nn.Module,
        plan: Plan,
        key: str,
        folder: Path | None,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self.same_run = {**asdict(plan), "key": key, "count": len(data)}
        self.network = network.to(data.device).to(memory_format=torch.channels_last)
        self.objective = objective.to(data.device)
        self.data, self.plan, self.folder, self.report = data, plan, folder, progress
        self.train_index, self.val_index = split(len(data), plan.val, plan.seed)
        self.per_epoch = math.ceil(len(self.train_index) / plan.batch)
        self.optimizer = torch.optim.AdamW(
            [*network.parameters(), *objective.parameters()],
            lr=plan.lr,
            weight_decay=plan.weight_decay,
            fused=True,
        )
        self.history = History()
        self.total = 0
        self.step = 0
        self.loss_sum = torch.zeros((), device=data.device)
        self.seen = 0
        self.best: dict[str, Tensor] | None = None
        self.best_loss = math.inf
        self.began = self.saved = time.perf_counter()

    def go(self) -> History:
        self._resume()
        self.total = self.total or self._count_steps()
        while self.step < self.total:
            self._epoch(self.step // self.per_epoch)
        if self.best is not None:
            self.network.load_state_dict(self.best)
        self.history.steps = self.step
        return self.history

    def _count_steps(self) -> int:
        plan = self.plan
        if plan.steps is not None:
            return plan.steps
        if plan.epochs is not None:
            return plan.epochs * self.per_epoch
        return self._steps_for_minutes(plan.minutes or 0.0)

    def _steps_for_minutes(self, minutes: float) -> int:
        """A budget becomes a number of steps, from the time that a few cost on a copy of the state."""
        before = {name: value.clone() for name, value in self.network.state_dict().items()}
        batches = list(epoch_batches(self.train_index, self.plan.batch, self.plan.seed, 0))
        times = []
        for count in range(12):
            start = time.perf_counter()
            self._forward_backward(batches[count % len(batches)], 0, 0)
            times.append(time.perf_counter() - start)
            if sum(times) > 5:
                break
        self.network.load_state_dict(before)
        self.optimizer.zero_grad(set_to_none=True)
        self.loss_sum.zero_()
        self.seen = 0
        each = float(np.median(times[2:] or times))
        validate = 0.4 * each * len(self.val_index) / self.plan.batch / self.per_epoch
        return max(1, int(minutes * 60 / (each + validate)))

    def _epoch(self, epoch: int) -> None:
        self.network.train()
        first = self.step - epoch * self.per_epoch
        batches = list(epoch_batches(self.train_index, self.plan.batch, self.plan.seed, epoch))
        for index_B in batches[first : first + self.total - self.step]:
            self._set_rate()
            self._forward_backward(index_B, epoch, self.step)
            self.optimizer.step()
            self.step += 1
            # The last step of an epoch is saved with its validation, or a resumed run would skip that.
            if self.step % self.per_epoch and self.step < self.total:
                self._maybe_save(epoch)
        self._close_epoch(epoch)
        self._maybe_save(epoch)

    def _forward_backward(self, index_B: np.ndarray, epoch: int, step: int) -> None:
        torch.manual_seed(self.plan.seed * 1_000_003 + step)  # dropout, if a network has any
        value = self.objective(self.network, self.data.batch(index_B), index_B, epoch)
        self.optimizer.zero_grad(set_to_none=True)
        value.backward()
        self.loss_sum += value.detach() * len(index_B)
        self.seen += len(index_B)

    def _set_rate(self) -> None:
        """One cosine from the full rate to nearly nothing, after a short linear warm-up."""
        warm = min(1.0, (self.step + 1) / max(1, min(50, self.total // 20)))
        rate = warm * 0.5 * (1 + math.cos(math.pi * self.step / self.total))
        for group in self.optimizer.param_groups:
            group["lr"] = self.plan.lr * max(rate, 0.01)

    def _close_epoch(self, epoch: int) -> None:
        train_loss = float(self.loss_sum / max(1, self.seen))
        if not math.isfinite(train_loss):
            raise UnpoolError(
                f"the loss became {train_loss} in epoch {epoch + 1}; try a smaller learning rate "
                f"(it was {self.plan.lr:g}) or another --seed"
            )
        val_loss = self._validate()
        entry = {"epoch": epoch + 1, "step": self.step, "train_loss": train_loss, "val_loss": val_loss}
        self.history.epochs.append(entry)
        if val_loss is not None and val_loss < self.best_loss:
            self.best_loss = val_loss
            self.best = {name: value.clone() for name, value in self.network.state_dict().items()}
        self.loss_sum.zero_()
        self.seen = 0
        self._tell(epoch)

    @torch.no_grad()
    def _validate(self) -> float | None:
        if not len(self.val_index):
            return None
        self.network.eval()
        total = torch.zeros((), device=self.data.device)
        for start in range(0, len(self.val_index), self.plan.batch):
            index_B = self.val_index[start : start + self.plan.batch]
            # The same epoch number every time: the same views, so that losses can be compared.
            total += self.objective(self.network, self.data.batch(index_B), index_B, 0) * len(index_B)
        return float(total / len(self.val_index))

    def _maybe_save(self, epoch: int) -> None:
        now = time.perf_counter()
        if now - self.saved > SAVE_EVERY_SECONDS:
            self.saved = now
            self._save()
            self._tell(epoch)

    def _tell(self, epoch: int) -> None:
        if self.report:
            last = self.history.epochs[-1] if self.history.epochs else {}
            rate = self.step * self.plan.batch / max(1e-9, time.perf_counter() - self.began)
            losses = last.get("train_loss"), last.get("val_loss")
            self.report(Progress(self.step / self.total, epoch + 1, *losses, rate))

    def _save(self) -> None:
        if self.folder is None:
            return
        state: dict[str, Any] = {
            "run": self.same_run, "total": self.total, "step": self.step,
            "network": self.network.state_dict(), "objective": self.objective.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "loss_sum": self.loss_sum, "seen": self.seen, "best": self.best, "best_loss": self.best_loss,
            "epochs": self.history.epochs,
        }  # fmt: skip
        save_checkpoint(self.folder, state)

    def _resume(self) -> None:
        state = load_checkpoint(self.folder) if self.folder else None
        if state is None or state["run"] != self.same_run:
            return
        self.network.load_state_dict(state["network"])
        self.objective.load_state_dict(state["objective"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.total, self.step = state["total"], state["step"]
        self.loss_sum, self.seen = state["loss_sum"].to(self.data.device), state["seen"]
        self.best, self.best_loss = state["best"], state["best_loss"]
        self.history.epochs = state["epochs"]
