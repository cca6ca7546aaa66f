"""Learning-rate schedules by name: torch's, and `cosine`.

Each resumes to the last bit.
"""

from __future__ import annotations

import inspect
import math
import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from torch import optim
from torch.optim import lr_scheduler

from unpool.core.constructors import construct_or_usage_error, parse_constructor_spec
from unpool.errors import UnpoolError, UsageError

SCHEDULE = "--schedule"

_SCHEDULERS: dict[str, Callable[..., lr_scheduler.LRScheduler]] = {
    re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind.__name__.replace("LR", "")).lower(): kind
    for kind in (
        lr_scheduler.ConstantLR, lr_scheduler.CosineAnnealingLR, lr_scheduler.CosineAnnealingWarmRestarts,
        lr_scheduler.CyclicLR, lr_scheduler.ExponentialLR, lr_scheduler.LinearLR, lr_scheduler.MultiStepLR,
        lr_scheduler.OneCycleLR, lr_scheduler.PolynomialLR, lr_scheduler.ReduceLROnPlateau, lr_scheduler.StepLR,
    )
}  # fmt: skip
SCHEDULES = tuple(sorted(("cosine", *_SCHEDULERS)))
BY_STEP = ("one-cycle", "cyclic")


def build_schedule(text: str, optimiser: optim.Optimizer, total_steps: int, steps_per_epoch: int) -> Schedule:
    """Build a learning-rate schedule from its spec.

    `cosine` is one cosine over the whole run to 1 % of the rate, after a warm-up of at most 50 steps. The others are
    torch's, with its keys and units: epochs, but steps for `one-cycle` and `cyclic`. What follows from the run may be
    left out: `T_max`, and `total_iters` of `polynomial`, are the number of epochs; `max_lr` is the learning rate and
    `base_lr` a quarter of it, `step_size_up` two epochs (Smith 2017, arXiv 1506.01186, section 3.2 and 3.3).
    `constant` without keys keeps the rate. A `max_lr` or `base_lr` that is given stands for the optimiser's own
    rate: groups keep their ratio to it.

    Args:
        text: `name` or `name:key=value,…`, such as `step:step_size=30`, `multi-step:milestones=3+6`.
        optimiser: whose rates are set.
        total_steps: steps of the whole run.
        steps_per_epoch: steps of an epoch.

    Returns:
        The schedule.

    Raises:
        UsageError: for an unknown name or key, a key that is missing, or a value it cannot have.

    >>> from torch import nn
    >>> optimiser = optim.SGD(nn.Linear(2, 1).parameters(), lr=1.0)
    >>> schedule = build_schedule("step:step_size=2,gamma=0.5", optimiser, total_steps=40, steps_per_epoch=10)
    >>> for _ in range(2):
    ...     schedule.after_epoch(None)
    >>> optimiser.param_groups[0]["lr"]
    0.5
    """
    name, values = parse_constructor_spec(SCHEDULE, text, {"cosine": Cosine, **_SCHEDULERS})
    if name == "cosine":
        return Cosine(optimiser, total_steps)
    kind = _SCHEDULERS[name]
    values = _defaults(name, optimiser, total_steps, steps_per_epoch) | values
    for key, parameter in inspect.signature(kind).parameters.items():
        if (
            parameter.default is parameter.empty
            and key != "optimizer"
            and key not in values | {"max_lr": 0, "base_lr": 0}
        ):
            raise UsageError(f"{SCHEDULE} {name} needs {key}; write {name}:{key}=NUMBER")

    def build(base: list[float]) -> lr_scheduler.LRScheduler:
        rates = _rates(name, values, base, float(optimiser.defaults["lr"]))
        return construct_or_usage_error(SCHEDULE, text, lambda: kind(optimiser, **(values | rates)))

    return ByStep(optimiser, build) if name in BY_STEP else ByEpoch(optimiser, build)


class Schedule:
    """The learning rates of a run.

    Call `before_step` before every step, `after_epoch` after every epoch.

    Its state is a few numbers, and replayed when loaded: the rates are then the same to the last bit.
    """

    def __init__(self, optimiser: optim.Optimizer) -> None:
        self.optimiser = optimiser
        self.base = [float(group["lr"]) for group in optimiser.param_groups]
        self.step = 0
        self.losses: list[float | None] = []

    def before_step(self, step: int) -> None:
        """Set the rates of a step, counted from 0."""
        self.step = step

    def after_epoch(self, loss: float | None) -> None:
        """Set the rates of the next epoch.

        `loss` is the validation loss, or else that of training.
        """
        self.losses.append(loss)

    def state_dict(self) -> dict[str, Any]:
        """Plain numbers and lists, for a checkpoint."""
        return {"base": list(self.base), "step": self.step, "losses": list(self.losses)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a `state_dict`, and set the rates.

        The optimiser's own state may be loaded before or after.

        Raises `UnpoolError` where the optimiser has another number of parameter groups.
        """
        if len(state["base"]) != len(self.optimiser.param_groups):
            raise UnpoolError(
                f"the saved schedule has {len(state['base'])} parameter groups, but the optimiser has "
                f"{len(self.optimiser.param_groups)}; start the training from the beginning"
            )
        self.base, self.losses = [float(rate) for rate in state["base"]], []
        self._restart()
        for loss in state["losses"]:
            self.after_epoch(loss)
        self.before_step(int(state["step"]))

    def _restart(self) -> None:
        """Set everything as it was before the first step."""


class Cosine(Schedule):
    """Anneal by one cosine to 1 %, after a warm-up."""

    def __init__(self, optimiser: optim.Optimizer, total_steps: int) -> None:
        super().__init__(optimiser)
        self.total_steps = total_steps

    def before_step(self, step: int) -> None:
        super().before_step(step)
        warm = min(1.0, (step + 1) / max(1, min(50, self.total_steps // 20)))
        rate = warm * 0.5 * (1 + math.cos(math.pi * step / self.total_steps))
        for group, base in zip(self.optimiser.param_groups, self.base, strict=True):
            group["lr"] = base * max(rate, 0.01)


class ByEpoch(Schedule):
    """A scheduler of torch that moves after each epoch."""

    def __init__(
        self, optimiser: optim.Optimizer, build: Callable[[list[float]], lr_scheduler.LRScheduler]
    ) -> None:
        super().__init__(optimiser)
        self._build = build
        self._restart()

    def _restart(self) -> None:
        for group, base in zip(self.optimiser.param_groups, self.base, strict=True):
            group["lr"] = base
            group.pop("initial_lr", None)  # torch would take it for the rate to start from
        self.scheduler = self._build(self.base)

    def after_epoch(self, loss: float | None) -> None:
        super().after_epoch(loss)
        if not isinstance(self.scheduler, lr_scheduler.ReduceLROnPlateau):
            self._move()
        elif loss is None:
            raise UnpoolError(f"{SCHEDULE} reduce-on-plateau needs the loss of each epoch, but got none")
        else:
            self.scheduler.step(loss)

    def _move(self) -> None:
        with warnings.catch_warnings():  # a replay steps the schedule where no optimiser has stepped
            warnings.simplefilter("ignore", UserWarning)
            self.scheduler.step()


class ByStep(ByEpoch):
    """A scheduler of torch whose rates depend on the step."""

    def before_step(self, step: int) -> None:
        self.step = step
        self.scheduler.last_epoch = step - 1
        self._move()

    def after_epoch(self, loss: float | None) -> None:
        self.losses.append(loss)


def _defaults(name: str, optimiser: optim.Optimizer, total: int, per_epoch: int) -> dict[str, Any]:
    """Arguments that follow from the length of the run and the optimiser."""
    epochs = max(1, math.ceil(total / per_epoch))
    # torch would give momentum to an optimiser without any.
    cycles = bool(optimiser.defaults.get("momentum") or "betas" in optimiser.defaults)
    known: dict[str, dict[str, Any]] = {
        "constant": {"factor": 1.0},
        "cosine-annealing": {"T_max": epochs},
        "polynomial": {"total_iters": epochs},
        "one-cycle": {"total_steps": total, "cycle_momentum": cycles},
        "cyclic": {"step_size_up": 2 * per_epoch, "cycle_momentum": cycles},
    }
    return known.get(name, {})


def _rates(name: str, values: dict[str, Any], base: list[float], lr: float) -> dict[str, list[float]]:
    """The bounds of a cycle for each parameter group."""
    if name not in BY_STEP:
        return {}
    top = [values["max_lr"] / lr * each for each in base] if "max_lr" in values else base
    if name == "one-cycle":
        return {"max_lr": list(top)}
    low = [values["base_lr"] / lr * each for each in base] if "base_lr" in values else [t / 4 for t in top]
    return {"max_lr": list(top), "base_lr": low}
