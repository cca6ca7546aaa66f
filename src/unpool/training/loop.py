"""The one training loop.

Epochs of steps, each followed by a validation.

N images, B batch, C channels, H height, W width.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from unpool.core.cpu import keep_freed_memory
from unpool.core.interrupt import Interrupt
from unpool.training.checkpoint import CheckpointPolicy, Checkpoints, State, checkpoint_errors
from unpool.training.data.datasets import Images, split
from unpool.training.distributed import build_accelerator, from_first_process, mean_over_processes
from unpool.training.guards import check_loss_is_finite, check_weights_are_finite
from unpool.training.history import Entry, History, TrainingProgress
from unpool.training.optimisation.schedules import build_schedule
from unpool.training.plan import Plan
from unpool.training.processes.watch import may_stop
from unpool.training.tensorboard import Log
from unpool.training.trainer import Trainer, TrainingStep, copy_state
from unpool.training.validator import Validator

if TYPE_CHECKING:
    from accelerate import Accelerator

REPORT_EVERY_SECONDS = 1.0

Report = Callable[[TrainingProgress], None]


def train(
    network: nn.Module,
    data: Images,
    objective: nn.Module,
    plan: Plan,
    *,
    parts: tuple[np.ndarray, np.ndarray] | None = None,
    checkpoints: Checkpoints | None = None,
    accelerator: Accelerator | None = None,
    progress: Report | None = None,
    log: Callable[[int], Log] | None = None,
) -> History:
    """Minimise an objective over images; the best weights stay.

    All randomness is a function of (seed, epoch, step), so that a resumed run ends with the weights of an
    undisturbed one. Under torchrun the processes share each batch.

    Args:
        network: changed in place; holds the weights that were best by validation, else the last.
        data: the images, by index.
        objective: called as `objective(network, x_BCHW, index_B, epoch)`, gives a scalar loss, or that and how
            many images were classified right. Parameters of its own are trained along.
        plan: how long and how to train.
        parts: training and validation indices; by default a random share `plan.val` is validated on.
        checkpoints: where the run is resumed from and saved to; None: it cannot be resumed.
        accelerator: device, precision and processes; by default those of the data's device.
        progress: called now and then with where the run stands.
        log: builds the log of a run that begins at that step.

    Returns:
        Losses of each epoch, and what the training cost.

    Raises:
        UnpoolError: where the loss or the weights are no longer finite.
        UsageError: where there is nothing to train on.
    """
    keep_freed_memory()
    accelerator = accelerator or build_accelerator(data.device.type)
    train_index, held_index = parts or split(len(data), plan.val, plan.seed)
    trainer = Trainer(TrainingStep(network, objective), data, plan, train_index, accelerator)
    validator = Validator(trainer.step_module, data, held_index, plan, accelerator)
    policy = _policy(checkpoints or Checkpoints(), plan, len(data), accelerator)
    # The user's own random numbers go on as if nothing had been trained.
    with torch.random.fork_rng(devices=[]):
        return _start(trainer, validator, policy, progress).run(log)


def _policy(checkpoints: Checkpoints, plan: Plan, count: int, accelerator: Accelerator) -> CheckpointPolicy:
    run = dict(checkpoints.run_key) | asdict(plan) | {"count": count}
    return CheckpointPolicy(checkpoints, run, writes=accelerator.is_main_process)


def _start(
    trainer: Trainer, validator: Validator, policy: CheckpointPolicy, progress: Report | None
) -> _Loop:
    """The loop at its first step, or where its checkpoint was written."""
    # Only the first process writes, and other machines may not have its folder.
    plan, state = trainer.plan, from_first_process(policy.load, trainer.accelerator)
    trainer.check_smallest_batch()
    total = state["total"] if state else _count_steps(plan, trainer, validator)
    loop = _Loop(trainer, validator, policy, total, progress)
    if state:
        loop.load_state_dict(state)
    elif plan.minutes is not None:
        loop.save()  # measured again, the number of steps would be another
    return loop


def _count_steps(plan: Plan, trainer: Trainer, validator: Validator) -> int:
    """The steps of a run; a budget of minutes becomes one by what a few steps cost."""
    if plan.steps is not None:
        return plan.steps
    if plan.epochs is not None:
        return plan.epochs * trainer.steps_per_epoch
    with trainer.state_kept():
        validation = validator.seconds() / trainer.steps_per_epoch
        step = trainer.seconds_per_step()
    each = mean_over_processes(step + validation, trainer.accelerator)
    return max(1, int((plan.minutes or 0.0) * 60 / each))


class _Loop:
    """The state of a run, and the order of its parts."""

    def __init__(
        self,
        trainer: Trainer,
        validator: Validator,
        policy: CheckpointPolicy,
        total: int,
        progress: Report | None,
    ) -> None:
        self.trainer, self.validator, self.policy = trainer, validator, policy
        self.total, self.progress = total, progress
        self.plan, self.network = trainer.plan, trainer.step_module.network
        hooks = trainer.step_module.hooks
        self.schedule = build_schedule(self.plan.schedule, trainer.optimizer, total, trainer.steps_per_epoch)
        self.history = History(best_by=hooks.best_by if hooks else None)
        self.best: dict[str, Tensor] | None = None
        self.best_loss = math.inf
        self.step = 0
        self.log = Log()
        self.interrupt = Interrupt()
        self.began = self.reported = time.perf_counter()

    def run(self, build_log: Callable[[int], Log] | None) -> History:
        """Take all steps that are left, and leave the best weights in the network."""
        if build_log and self.trainer.accelerator.is_main_process:
            self.log = build_log(self.step)
        try:
            with self.interrupt:
                while self.step < self.total and not self._is_stale():
                    self._run_epoch(self.step // self.trainer.steps_per_epoch)
        finally:
            self.log.close()
        if self.policy.keeps_last:
            self.save()
        return self._finish()

    def save(self) -> None:
        """Write the checkpoint, unless the run is lost already.

        A good one must not be replaced by that.
        """
        if not self.policy.is_active:
            return
        epoch = self.step // self.trainer.steps_per_epoch
        check_loss_is_finite(self.trainer.meter.means()[0], epoch, self.plan.lr)
        self.policy.save(self.state_dict())

    def state_dict(self) -> State:
        """All that the rest of the run depends on."""
        trainer = self.trainer
        return {
            "total": self.total, "step": self.step,
            "network": self.network.state_dict(), "objective": trainer.step_module.objective.state_dict(),
            "optimizer": trainer.optimizer.state_dict(),
            "schedule": self.schedule.state_dict() if self.step else None,
            "sums": trainer.meter.totals, "best": self.best, "best_loss": self.best_loss,
            "epochs": self.history.epochs, "images": self.history.images, "seconds": self._seconds(),
        }  # fmt: skip

    def load_state_dict(self, state: State) -> None:
        """Go on from `state_dict`; UnpoolError where it does not fit."""
        with checkpoint_errors(self.policy.folder):
            for weights in (state["best"], state["network"]):
                if weights is not None:
                    self.network.load_state_dict(weights)
            self.trainer.step_module.objective.load_state_dict(state["objective"])
            self.trainer.optimizer.load_state_dict(state["optimizer"])
            if state["schedule"] is not None:
                self.schedule.load_state_dict(state["schedule"])
            if self.trainer.accelerator.is_main_process:  # they are its own sums
                self.trainer.meter.totals.copy_(state["sums"])
        self.step = state["step"]
        self.best, self.best_loss = state["best"], state["best_loss"]
        self.history.epochs, self.history.images = state["epochs"], state["images"]
        self.history.seconds_before = state["seconds"]

    def _run_epoch(self, epoch: int) -> None:
        trainer = self.trainer
        trainer.module.train()
        first = self.step - epoch * trainer.steps_per_epoch
        if not first:
            trainer.start_epoch(epoch, math.ceil(self.total / trainer.steps_per_epoch))
        for batch in trainer.batches(epoch, first, self.total - self.step):
            self.schedule.before_step(self.step)
            trainer.backward(batch, epoch, self.step)
            trainer.update()
            self.step += 1
            self.history.images += batch.num_images
            # The last step of an epoch is saved with its validation, or a resumed run would skip that.
            if self.step % trainer.steps_per_epoch and self.step < self.total:
                self._report_if_due(epoch)
                self._save_if_due()
        self._close_epoch(epoch)
        self._save_if_due()

    def _close_epoch(self, epoch: int) -> None:
        train_loss, train_accuracy = self.trainer.meter.means(self.trainer.accelerator)
        check_loss_is_finite(train_loss, epoch, self.plan.lr)
        validation = self.validator.validate()
        check_loss_is_finite(validation.loss, epoch, self.plan.lr, "validation loss")
        entry: Entry = {
            "epoch": epoch + 1, "step": self.step, "train_loss": train_loss, "val_loss": validation.loss,
            "train_accuracy": train_accuracy, "val_accuracy": validation.accuracy, **validation.figures,
        }  # fmt: skip
        self.history.epochs.append(entry)
        cost = self.history.cost(entry)
        if cost is not None and cost < self.best_loss:
            self.best_loss = cost
            self.best = copy_state(self.network)
        self.schedule.after_epoch(train_loss if validation.loss is None else validation.loss)
        self.trainer.reset_meter()
        self.log.epoch(entry)
        self._report(epoch)

    def _is_stale(self) -> bool:
        """Whether the validation loss has not improved for longer than the plan is patient."""
        epochs = self.history.epochs
        if self.plan.patience is None or not epochs or self.history.cost(epochs[-1]) is None:
            return False
        return len(epochs) - 1 - epochs.index(self.history.best) >= self.plan.patience

    def _finish(self) -> History:
        check_weights_are_finite(self.network, self.step, self.plan.lr)
        if self.best is not None:
            self.history.last = copy_state(self.network)
            self.network.load_state_dict(self.best)
        self.history.steps = self.step
        self.history.seconds = self._seconds()
        return self.history

    def _report_if_due(self, epoch: int) -> None:
        now = time.perf_counter()
        if now - self.reported > REPORT_EVERY_SECONDS:
            self.reported = now
            self._report(epoch)

    def _report(self, epoch: int) -> None:
        last = self.history.epochs[-1] if self.history.epochs else {}
        running = self.trainer.meter.means()[0]
        check_loss_is_finite(running, epoch, self.plan.lr)
        if running is not None:
            self.log.step(self.step, running, self.trainer.optimizer.param_groups[0]["lr"])
        if self.progress:
            rate = self.history.images / max(1e-9, self._seconds())
            train_loss = last.get("train_loss") if running is None else running
            self.progress(
                TrainingProgress(self.step / self.total, epoch + 1, train_loss, last.get("val_loss"), rate)
            )

    def _save_if_due(self) -> None:
        if self.interrupt.is_requested and may_stop():
            self.save()
            raise KeyboardInterrupt
        if self.policy.is_due():
            self.save()

    def _seconds(self) -> float:
        return self.history.seconds_before + time.perf_counter() - self.began
