"""The one training loop.

N images, B batch, C channels, H height, W width.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from unpool.core.cpu import keep_freed_memory
from unpool.core.interrupt import Interrupt
from unpool.errors import UnpoolError, UsageError
from unpool.objectives.base import Objective
from unpool.training.checkpoint import checkpoint_errors, first_difference, load_checkpoint, save_checkpoint
from unpool.training.data.datasets import Images, epoch_batches, split
from unpool.training.distributed import broadcast_buffers, build_accelerator, exclude_ddp_buffers, share
from unpool.training.guards import (
    check_batch_norm_batch,
    check_loss_is_finite,
    check_weights_are_finite,
    smallest_step,
)
from unpool.training.history import History, Standing
from unpool.training.meters import LossMeter
from unpool.training.optimisers import build_optimiser, parameter_groups
from unpool.training.plan import Plan, seconds_a_step, seconds_to_validate
from unpool.training.schedules import build_schedule
from unpool.training.tensorboard import Log

if TYPE_CHECKING:
    from accelerate import Accelerator

SAVE_EVERY_SECONDS = 15.0
SAVE_SHARE = 0.02  # of the time, at most, goes into saving
TELL_EVERY_SECONDS = 1.0


def train(
    network: nn.Module,
    data: Images,
    objective: nn.Module,
    plan: Plan,
    *,
    key: Mapping[str, Any] | None = None,
    folder: Path | None = None,
    progress: Callable[[Standing], None] | None = None,
    parts: tuple[np.ndarray, np.ndarray] | None = None,
    accelerator: Accelerator | None = None,
    log: Callable[[int], Log] | None = None,
    refuse_others: bool = False,
    keep: bool = False,
) -> History:
    """Train `network` to make `objective` small over `data`; leaves the best weights by validation loss.

    `objective(network, x_BCHW, index_B, epoch)` gives a scalar, or a scalar and how many images were classified
    right; parameters of its own are trained with it. `parts` are the training and validation indices, by default
    a random share `plan.val` is validated on. `log` makes the log of a run that begins at a step.

    Resumes from `folder` where a checkpoint of the same plan, images and `key` (which network, for one) lies
    there; another one is left unused, or refused with `refuse_others`. With `keep` the end is kept
    there too. All randomness is a function of (seed, epoch, step), so that a resumed run ends with the weights
    of an undisturbed one. Under torchrun the
    processes share each batch.

    Raises `UnpoolError` when the loss is no longer a number, `UsageError` where there is nothing to train on.
    """
    keep_freed_memory()
    accelerator = accelerator or build_accelerator(data.device.type)
    run = _Run(network, data, objective, plan, parts, accelerator)
    run.same_run = dict(key or {}) | run.same_run
    run.folder, run.report, run.make_log, run.refuse_others = folder, progress, log, refuse_others
    run.keep = keep
    # The user's own random numbers go on as if nothing had been trained.
    with torch.random.fork_rng(devices=[]):
        return run.go()


class _Step(nn.Module):
    """Network and objective as one module, so that several processes can wrap them together."""

    def __init__(self, network: nn.Module, objective: nn.Module) -> None:
        super().__init__()
        self.network, self.objective = network, objective

    def forward(self, x_BCHW: Tensor, index_B: np.ndarray, epoch: int) -> tuple[Tensor, Tensor | None]:
        value = self.objective(self.network, x_BCHW, index_B, epoch)
        return value if isinstance(value, tuple) else (value, None)


class _Run:
    def __init__(
        self, network: nn.Module, data: Images, objective: nn.Module, plan: Plan,
        parts: tuple[np.ndarray, np.ndarray] | None, accelerator: Accelerator,
    ) -> None:  # fmt: skip
        self.same_run: dict[str, Any] = {**asdict(plan), "count": len(data)}
        self.data, self.plan, self.accelerator = data, plan, accelerator
        self.folder: Path | None = None
        self.report: Callable[[Standing], None] | None = None
        self.make_log: Callable[[int], Log] | None = None
        self.refuse_others = self.keep = False
        self.train_index, held = parts or split(len(data), plan.val, plan.seed)
        # In folder order a batch would be of one class, and images harder to tell apart than in training.
        self.val_index = np.random.default_rng([plan.seed, 0x0DE2]).permutation(held)
        self.per_epoch = self._steps_an_epoch()
        self.network = network.to(accelerator.device).to(memory_format=torch.channels_last)
        self.objective: Any = objective.to(accelerator.device)
        self.is_told = isinstance(objective, Objective)
        self.bare: nn.Module = _Step(self.network, self.objective)
        if accelerator.num_processes > 1 and accelerator.device.type == "cuda":
            self.bare = nn.SyncBatchNorm.convert_sync_batchnorm(self.bare)  # type: ignore[no-untyped-call]
        exclude_ddp_buffers(self.bare, [f"objective.{name}" for name in getattr(objective, "alike", ())])
        self.module = accelerator.prepare_model(self.bare)
        self.optimizer = build_optimiser(
            plan.optimizer, parameter_groups(self.bare, plan.backbone_lr), plan.lr, plan.weight_decay
        )
        self.history = History(best_by=getattr(objective, "best_by", None))
        self.total = self.step = 0
        self.sums = LossMeter(accelerator.device)
        self.best: dict[str, Tensor] | None = None
        self.best_loss = math.inf
        self.log = Log()
        self.interrupt = Interrupt()
        self.began = self.saved = self.told = time.perf_counter()
        self.save_seconds = 0.0

    def go(self) -> History:
        state = self._checkpoint()
        self._try_one_image()
        self.total = state["total"] if state else self._count_steps()
        self.schedule = build_schedule(self.plan.schedule, self.optimizer, self.total, self.per_epoch)
        if state:
            self._resume(state)
        elif self.plan.minutes is not None:
            self._save()  # measured again, the number of steps would be another
        if self.make_log and self.accelerator.is_main_process:
            self.log = self.make_log(self.step)
        try:
            with self.interrupt:
                while self.step < self.total and not self._is_stale():
                    self._epoch(self.step // self.per_epoch)
        finally:
            self.log.close()
        if self.keep:
            self._save()
        return self._finish()

    def _finish(self) -> History:
        check_weights_are_finite(self.network, self.step, self.plan.lr)
        if self.best is not None:
            self.history.last = _copy(self.network)
            self.network.load_state_dict(self.best)
        self.history.steps = self.step
        self.history.seconds = self._seconds()
        return self.history

    def _steps_an_epoch(self) -> int:
        count, batch = len(self.train_index), self.plan.batch
        steps = count // batch if self.plan.drop_last else math.ceil(count / batch)
        if not steps:
            told = f"{count} images to train on are no batch of {batch}"
            raise UsageError(
                f"{told}; give more images, a smaller --batch or --val, or leave out --drop-last"
            )
        return steps

    def _try_one_image(self) -> None:
        smallest = smallest_step(self.plan, len(self.train_index), self.per_epoch)
        if smallest // self.accelerator.num_processes > 1:
            return
        index_1 = self.train_index[:1]
        x_1CHW = next(iter(self.data.batches([index_1], self.plan.seed, 0)))
        told = f"{len(self.train_index)} images in batches of {self.plan.batch}"
        check_batch_norm_batch(self.bare, x_1CHW, index_1, told)

    def _count_steps(self) -> int:
        plan = self.plan
        if plan.steps is not None:
            return plan.steps
        if plan.epochs is not None:
            return plan.epochs * self.per_epoch
        return self._steps_for_minutes(plan.minutes or 0.0)

    def _steps_for_minutes(self, minutes: float) -> int:
        """A budget becomes a number of steps, from the time that a few cost on a copy of the state."""
        before = _copy(self.bare)
        validate = self._seconds_to_validate() / self.per_epoch
        self.module.train()
        each = seconds_a_step(self._step_to_time, self._agreed)
        self.bare.load_state_dict(before)
        self.optimizer.zero_grad(set_to_none=True)
        self.sums = LossMeter(self.accelerator.device)
        return max(1, int(minutes * 60 / self._agreed(each + validate)))

    def _step_to_time(self, number: int) -> None:
        x_BCHW, index_B, weight, _ = next(self._shares(0, number % self.per_epoch, 1))
        self._forward_backward(x_BCHW, index_B, weight, 0, 0)

    @torch.no_grad()
    def _seconds_to_validate(self) -> float:
        if not len(self.val_index):
            return 0.0
        world, count = self.accelerator, min(self.plan.batch, len(self.val_index))
        index_B, _ = share(self.val_index[:count], world.process_index, world.num_processes)

        def validate() -> None:
            self.bare(next(iter(self.data.batches([index_B], self.plan.seed))), index_B, 0)

        self.bare.eval()
        return seconds_to_validate(validate, len(self.val_index) / count)

    def _agreed(self, seconds: float) -> float:
        """The same time in every process."""
        if self.accelerator.num_processes == 1:
            return seconds
        mean = self.accelerator.reduce(torch.tensor(seconds, device=self.accelerator.device), "mean")
        return float(mean)

    def _shares(self, epoch: int, first: int, count: int) -> Iterator[tuple[Tensor, np.ndarray, float, int]]:
        """For `count` batches of an epoch from `first` on: the images of this process, their indices and their
        weight, and how many images the whole batch has."""
        plan, world = self.plan, self.accelerator
        every = list(epoch_batches(self.train_index, plan.batch, plan.seed, epoch, plan.drop_last))
        whole = every[first : first + count]
        own = [share(index_B, world.process_index, world.num_processes) for index_B in whole]
        images = self.data.batches([index_B for index_B, _ in own], plan.seed, epoch)
        for x_BCHW, (index_B, weight), index_all in zip(images, own, whole, strict=True):
            yield x_BCHW, index_B, weight, len(index_all)

    def _epoch(self, epoch: int) -> None:
        self.module.train()
        first = self.step - epoch * self.per_epoch
        if self.is_told and not first:
            self.objective.before_epoch(epoch, math.ceil(self.total / self.per_epoch))
        for x_BCHW, index_B, weight, whole in self._shares(epoch, first, self.total - self.step):
            self.schedule.before_step(self.step)
            self._forward_backward(x_BCHW, index_B, weight, epoch, self.step)
            self.optimizer.step()
            if self.is_told:
                self.objective.after_step()
            self.step += 1
            self.history.images += whole
            # The last step of an epoch is saved with its validation, or a resumed run would skip that.
            if self.step % self.per_epoch and self.step < self.total:
                self._maybe_tell(epoch)
                self._maybe_save()
        self._close_epoch(epoch)
        self._maybe_save()

    def _forward_backward(
        self, x_BCHW: Tensor, index_B: np.ndarray, weight: float, epoch: int, step: int
    ) -> None:
        # Dropout, if a network has any; each process draws its own.
        self._draw_from((self.plan.seed * 1_000_003 + step) * 1_009 + self.accelerator.process_index)
        loss, hits = self.module(x_BCHW, index_B, epoch)
        self.optimizer.zero_grad(set_to_none=True)
        self.accelerator.backward(loss * weight if weight != 1 else loss)
        if weight:
            self.sums.add(loss, hits, len(index_B))

    def _draw_from(self, seed: int) -> None:
        """Seed the generators in use. `torch.manual_seed` would keep a stack trace for each call without a GPU."""
        torch.default_generator.manual_seed(seed)
        if self.accelerator.device.type == "cuda":
            torch.cuda.manual_seed(seed)
        elif self.accelerator.device.type == "mps":
            torch.mps.manual_seed(seed)

    def _close_epoch(self, epoch: int) -> None:
        train_loss, train_accuracy = self.sums.means(self.accelerator)
        check_loss_is_finite(train_loss, epoch, self.plan.lr)
        val_loss, val_accuracy, more = self._validate()
        check_loss_is_finite(val_loss, epoch, self.plan.lr, "validation loss")
        entry = {
            "epoch": epoch + 1, "step": self.step, "train_loss": train_loss, "val_loss": val_loss,
            "train_accuracy": train_accuracy, "val_accuracy": val_accuracy, **more,
        }  # fmt: skip
        self.history.epochs.append(entry)
        cost = self.history.cost(entry)
        if cost is not None and cost < self.best_loss:
            self.best_loss = cost
            self.best = _copy(self.network)
        self.schedule.after_epoch(train_loss if val_loss is None else val_loss)
        self.sums = LossMeter(self.accelerator.device)
        self.log.epoch(self.history.epochs[-1])
        self._tell(epoch)

    @torch.no_grad()
    def _validate(self) -> tuple[float | None, float | None, dict[str, Any]]:
        world = self.accelerator
        if not len(self.val_index):
            return None, None, {}
        own = [
            share(self.val_index[start : start + self.plan.batch], world.process_index, world.num_processes)
            for start in range(0, len(self.val_index), self.plan.batch)
        ]
        self.bare.eval()
        broadcast_buffers(self.network, world)
        sums = LossMeter(world.device)
        if self.is_told:
            self.objective.before_validation()
        images = self.data.batches([index_B for index_B, _ in own], self.plan.seed)
        for x_BCHW, (index_B, weight) in zip(images, own, strict=True):
            if self.is_told:
                self.objective.counted = bool(weight)
            # The same epoch number every time: the same views, so that losses can be compared.
            loss, hits = self.bare(x_BCHW, index_B, 0)
            if weight:
                sums.add(loss, hits, len(index_B))
        if self.is_told:
            self.objective.counted = True
        return *sums.means(world), self.objective.after_validation(world) if self.is_told else {}

    def _is_stale(self) -> bool:
        """Whether the validation loss has not improved for longer than the plan is patient."""
        epochs = self.history.epochs
        if self.plan.patience is None or not epochs or self.history.cost(epochs[-1]) is None:
            return False
        return len(epochs) - 1 - epochs.index(self.history.best) >= self.plan.patience

    def _maybe_tell(self, epoch: int) -> None:
        now = time.perf_counter()
        if now - self.told > TELL_EVERY_SECONDS:
            self.told = now
            self._tell(epoch)

    def _tell(self, epoch: int) -> None:
        last = self.history.epochs[-1] if self.history.epochs else {}
        running = self.sums.means()[0]
        check_loss_is_finite(running, epoch, self.plan.lr)
        if running is not None:
            self.log.step(self.step, running, self.optimizer.param_groups[0]["lr"])
        if self.report:
            rate = self.history.images / max(1e-9, self._seconds())
            train_loss = last.get("train_loss") if running is None else running
            self.report(Standing(self.step / self.total, epoch + 1, train_loss, last.get("val_loss"), rate))

    def _seconds(self) -> float:
        return self.history.seconds_before + time.perf_counter() - self.began

    def _maybe_save(self) -> None:
        if self.interrupt.is_requested:
            self._save()
            raise KeyboardInterrupt
        start = time.perf_counter()
        if start - self.saved > max(SAVE_EVERY_SECONDS, self.save_seconds / SAVE_SHARE):
            self._save()
            self.saved = time.perf_counter()
            self.save_seconds = self.saved - start

    def _save(self) -> None:
        if self.folder is None or not self.accelerator.is_main_process:
            return
        # A state that is lost already must not take the place of one that could be resumed.
        check_loss_is_finite(self.sums.means()[0], self.step // self.per_epoch, self.plan.lr)
        state: dict[str, Any] = {
            "run": self.same_run, "total": self.total, "step": self.step,
            "network": self.network.state_dict(), "objective": self.objective.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict() if self.step else None,
            "sums": self.sums.loss_hits_seen, "best": self.best, "best_loss": self.best_loss,
            "epochs": self.history.epochs, "images": self.history.images, "seconds": self._seconds(),
        }  # fmt: skip
        save_checkpoint(self.folder, state)

    def _checkpoint(self) -> dict[str, Any] | None:
        state = load_checkpoint(self.folder) if self.folder else None
        if state is None or state["run"] == self.same_run:
            return state
        if self.refuse_others:
            raise UnpoolError(
                f"the checkpoint in {self.folder} is of another run: "
                f"{first_difference(state['run'], self.same_run)}; "
                "give what it was begun with, or begin anew without --resume"
            )
        return None

    def _resume(self, state: dict[str, Any]) -> None:
        with checkpoint_errors(self.folder):
            for weights in (state["best"], state["network"]):
                if weights is not None:
                    self.network.load_state_dict(weights)
            self.objective.load_state_dict(state["objective"])
            self.optimizer.load_state_dict(state["optimizer"])
            if state["schedule"] is not None:
                self.schedule.load_state_dict(state["schedule"])
            self.sums.loss_hits_seen.copy_(state["sums"])
        self.step = state["step"]
        self.best, self.best_loss = state["best"], state["best_loss"]
        self.history.epochs, self.history.images = state["epochs"], state["images"]
        self.history.seconds_before = state["seconds"]


def _copy(module: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in module.state_dict().items()}
