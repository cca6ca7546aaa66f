"""Optimisers and learning-rate schedules of torch.optim by name, and schedules that resume to the last bit."""

from __future__ import annotations

import inspect
import math
import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from torch import Tensor, optim
from torch.optim import lr_scheduler

from unpool.errors import UnpoolError, UsageError
from unpool.named import parse_named

T = TypeVar("T")

OPTIMIZER, SCHEDULE = "--optimizer", "--schedule"

# Left out: LBFGS wants a closure, SparseAdam sparse gradients.
_OPTIMISERS: dict[str, type[optim.Optimizer]] = {
    kind.__name__.lower(): kind
    for kind in (
        optim.Adadelta, optim.Adafactor, optim.Adagrad, optim.Adam, optim.Adamax, optim.AdamW, optim.ASGD,
        optim.Muon, optim.NAdam, optim.RAdam, optim.RMSprop, optim.Rprop, optim.SGD,
    )
}  # fmt: skip
_SCHEDULERS: dict[str, Callable[..., lr_scheduler.LRScheduler]] = {
    re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind.__name__.replace("LR", "")).lower(): kind
    for kind in (
        lr_scheduler.ConstantLR, lr_scheduler.CosineAnnealingLR, lr_scheduler.CosineAnnealingWarmRestarts,
        lr_scheduler.CyclicLR, lr_scheduler.ExponentialLR, lr_scheduler.LinearLR, lr_scheduler.MultiStepLR,
        lr_scheduler.OneCycleLR, lr_scheduler.PolynomialLR, lr_scheduler.ReduceLROnPlateau, lr_scheduler.StepLR,
    )
}  # fmt: skip
OPTIMISERS = tuple(sorted(_OPTIMISERS))
SCHEDULES = tuple(sorted(("cosine", *_SCHEDULERS)))

BY_STEP = ("one-cycle", "cyclic")
# Given by us, meant for programs, or wrong here: a loss is never made large.
NOT_TYPED = {
    "params", "lr", "weight_decay", "differentiable", "capturable", "maximize",
    "optimizer", "last_epoch", "scale_fn", "total_steps", "epochs", "steps_per_epoch",
}  # fmt: skip


def make_optimiser(
    text: str,
    parameters: Iterable[Tensor] | Iterable[dict[str, Any]],
    lr: float,
    weight_decay: float | None = None,
) -> optim.Optimizer:
    """The optimiser of torch.optim written `name` or `name:key=value,…`, such as `sgd:momentum=0.9`.

    Keys are the constructor's arguments; several numbers are joined by a plus, `adam:betas=0.9+0.99`.
    `parameters` are tensors, or groups (dicts with `params` and perhaps their own `lr`). `weight_decay` None
    is torch's default. The fused implementation is taken where there is one for all parameters.
    Raises `UsageError` for an unknown name or key, a value it cannot have, lr or weight_decay as a key, a
    weight decay for an optimiser without one, or parameters it cannot take (muon: matrices only).

    >>> from torch import nn
    >>> make_optimiser("sgd:momentum=0.9", nn.Linear(2, 1).parameters(), lr=0.1).defaults["momentum"]
    0.9
    >>> make_optimiser("sgd:lr=1", nn.Linear(2, 1).parameters(), lr=0.1)
    Traceback (most recent call last):
    unpool.errors.UsageError: --optimizer 'sgd:lr=1': the rate is set with --lr, not here
    """
    keys = {part.partition("=")[0].strip() for part in text.partition(":")[2].split(",")}
    for key, told in (("lr", "the rate is set with --lr"), ("weight_decay", "it is set with --weight-decay")):
        if key in keys:
            raise UsageError(f"{OPTIMIZER} {text!r}: {told}, not here")
    name, values = _parse(OPTIMIZER, text, _OPTIMISERS)
    kind, groups = _OPTIMISERS[name], _groups(parameters)
    known = inspect.signature(kind).parameters
    if "weight_decay" in known and weight_decay is not None:
        values["weight_decay"] = weight_decay
    elif weight_decay:
        raise UsageError(
            f"{OPTIMIZER} {name} has no weight decay, but it is {weight_decay:g}; use --weight-decay 0"
        )
    if "fused" in known and not values.get("foreach") and _can_fuse(groups):
        values.setdefault("fused", True)
    return _made(OPTIMIZER, text, lambda: kind(groups, **{**values, "lr": lr}))


def has_weight_decay(text: str) -> bool:
    """Whether the optimiser of that name takes a weight decay; UsageError for an unknown one.

    >>> has_weight_decay("adamw"), has_weight_decay("rprop")
    (True, False)
    """
    name, _ = _parse(OPTIMIZER, text, _OPTIMISERS)
    return "weight_decay" in inspect.signature(_OPTIMISERS[name]).parameters


def make_schedule(text: str, optimiser: optim.Optimizer, total_steps: int, steps_per_epoch: int) -> Schedule:
    """The schedule written `name` or `name:key=value,…`, such as `step:step_size=30`, `multi-step:milestones=3+6`.

    `cosine` is one cosine over the whole run to 1 % of the rate, after a warm-up of at most 50 steps.
    The others are torch's, with its keys and units: epochs, but steps for `one-cycle` and `cyclic`. What the
    run tells need not be given: `T_max`, and `total_iters` of `polynomial`, are the number of epochs;
    `max_lr` is the learning rate and `base_lr` a quarter of it, `step_size_up` two epochs (Smith 2017,
    arXiv 1506.01186, section 3.2 and 3.3). `constant` without keys keeps the rate.
    A `max_lr` or `base_lr` that is given stands for the optimiser's own rate: groups keep their ratio to it.
    Raises `UsageError` for an unknown name or key, a key that is missing, or a value it cannot have.

    >>> from torch import nn
    >>> optimiser = make_optimiser("sgd", nn.Linear(2, 1).parameters(), lr=1.0)
    >>> schedule = make_schedule("step:step_size=2,gamma=0.5", optimiser, total_steps=40, steps_per_epoch=10)
    >>> for _ in range(2):
    ...     schedule.after_epoch(None)
    >>> optimiser.param_groups[0]["lr"]
    0.5
    """
    name, values = _parse(SCHEDULE, text, {"cosine": Cosine, **_SCHEDULERS})
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
        return _made(SCHEDULE, text, lambda: kind(optimiser, **(values | rates)))

    return ByStep(optimiser, build) if name in BY_STEP else ByEpoch(optimiser, build)


class Schedule:
    """The learning rates of a run. Call `before_step` in front of every step, `after_epoch` behind every epoch.

    Its state is a few numbers, and replayed when loaded: the rates are then the same to the last bit.
    """

    def __init__(self, optimiser: optim.Optimizer) -> None:
        self.optimiser = optimiser
        self.base = [float(group["lr"]) for group in optimiser.param_groups]
        self.step = 0
        self.losses: list[float | None] = []

    def before_step(self, step: int) -> None:
        """Set the rates of that step, counted from 0 over the whole run."""
        self.step = step

    def after_epoch(self, loss: float | None) -> None:
        """Set the rates of the next epoch; `loss` is the validation loss, or else that of training."""
        self.losses.append(loss)

    def state_dict(self) -> dict[str, Any]:
        """Plain numbers and lists, for a checkpoint."""
        return {"base": list(self.base), "step": self.step, "losses": list(self.losses)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from `state_dict`, before or after the optimiser's own state is loaded; sets the rates.

        Raises `UnpoolError` where the optimiser has another number of parameter groups.
        """
        if len(state["base"]) != len(self.optimiser.param_groups):
            raise UnpoolError(
                f"the saved schedule has {len(state['base'])} parameter groups, but the optimiser has "
                f"{len(self.optimiser.param_groups)}; start the training anew"
            )
        self.base, self.losses = [float(rate) for rate in state["base"]], []
        self._restart()
        for loss in state["losses"]:
            self.after_epoch(loss)
        self.before_step(int(state["step"]))

    def _restart(self) -> None:
        """Set everything as it was before the first step."""


class Cosine(Schedule):
    """One cosine from the full rate to 1 % of it, after a short linear warm-up; by step."""

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
    """A scheduler of torch that moves at the end of an epoch."""

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
    """A scheduler of torch whose rates are a function of the number of the step."""

    def before_step(self, step: int) -> None:
        self.step = step
        self.scheduler.last_epoch = step - 1
        self._move()

    def after_epoch(self, loss: float | None) -> None:
        self.losses.append(loss)


def _groups(parameters: Iterable[Any]) -> list[dict[str, Any]]:
    """The parameters as groups whose lists can be read more than once."""
    listed = list(parameters)
    groups = listed if listed and isinstance(listed[0], dict) else [{"params": listed}]
    return [
        {
            **group,
            "params": [group["params"]] if isinstance(group["params"], Tensor) else list(group["params"]),
        }
        for group in groups
    ]


def _can_fuse(groups: list[dict[str, Any]]) -> bool:
    tensors = [tensor for group in groups for tensor in group["params"]]
    return all(tensor.is_floating_point() and tensor.device.type in ("cpu", "cuda") for tensor in tensors)


def _defaults(name: str, optimiser: optim.Optimizer, total: int, per_epoch: int) -> dict[str, Any]:
    """What the length of the run and the optimiser tell about a schedule."""
    epochs = max(1, math.ceil(total / per_epoch))
    # torch would give momentum to an optimiser that was made without.
    cycles = bool(optimiser.defaults.get("momentum") or "betas" in optimiser.defaults)
    told: dict[str, dict[str, Any]] = {
        "constant": {"factor": 1.0},
        "cosine-annealing": {"T_max": epochs},
        "polynomial": {"total_iters": epochs},
        "one-cycle": {"total_steps": total, "cycle_momentum": cycles},
        "cyclic": {"step_size_up": 2 * per_epoch, "cycle_momentum": cycles},
    }
    return told.get(name, {})


def _rates(name: str, values: dict[str, Any], base: list[float], lr: float) -> dict[str, list[float]]:
    """The bounds of a cycle for each parameter group."""
    if name not in BY_STEP:
        return {}
    top = [values["max_lr"] / lr * each for each in base] if "max_lr" in values else base
    if name == "one-cycle":
        return {"max_lr": list(top)}
    low = [values["base_lr"] / lr * each for each in base] if "base_lr" in values else [t / 4 for t in top]
    return {"max_lr": list(top), "base_lr": low}


def _parse(option: str, text: str, known: Mapping[str, Callable[..., Any]]) -> tuple[str, dict[str, Any]]:
    parameters = {
        name: inspect.signature(kind).parameters for name, kind in known.items() if name != "cosine"
    }
    keys = {name: [key for key in each if key not in NOT_TYPED] for name, each in parameters.items()}
    keys.get("reduce-on-plateau", ["mode"]).remove("mode")  # a loss is always made small
    name, values = parse_named(option, text, {"cosine": [], **keys} if "cosine" in known else keys)
    return name, {key: _value(option, key, value, parameters[name][key]) for key, value in values.items()}


def _value(option: str, key: str, value: Any, parameter: inspect.Parameter) -> Any:
    """The value as the constructor wants it; several numbers were joined by a plus."""
    kind = str(parameter.annotation)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if "tuple" in kind or "Iterable" in kind:
        number = int if "Iterable" in kind else float
        try:
            return tuple(None if part == "none" else number(part) for part in str(value).split("+"))
        except ValueError:
            expected = "numbers joined by a plus, such as 30+60 or 0.9+0.99"
    elif "bool" in kind:
        if isinstance(value, bool):
            return value
        expected = "true or false"
    elif "Literal" in kind or "str" in kind:
        return str(value)
    elif "float" in kind:
        if is_number:
            return value
        expected = "a number"
    else:
        least = 0 if key in ("patience", "cooldown") else 1
        if is_number and isinstance(value, int) and value >= least:
            return value
        expected = f"a whole number from {least}"
    raise UsageError(f"{option}: {key} is {value!r}, but must be {expected}")


def _made(option: str, text: str, make: Callable[[], T]) -> T:
    """What `make` makes; where torch refuses the values, its reason."""
    try:
        return make()
    except (TypeError, ValueError, RuntimeError, ZeroDivisionError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"{option} {text!r} cannot be used: {reason}") from error
