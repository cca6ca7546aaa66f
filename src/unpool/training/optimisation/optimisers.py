"""Optimisers of torch.optim by name."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

from torch import Tensor, nn, optim

from unpool.core.constructors import construct_or_usage_error, parse_constructor_spec
from unpool.errors import UsageError

OPTIMIZER = "--optimizer"
ENCODER = "network.encoder."  # what names in a training step begin with

# Left out: LBFGS takes a closure, SparseAdam sparse gradients.
_OPTIMISERS: dict[str, type[optim.Optimizer]] = {
    kind.__name__.lower(): kind
    for kind in (
        optim.Adadelta, optim.Adafactor, optim.Adagrad, optim.Adam, optim.Adamax, optim.AdamW, optim.ASGD,
        optim.Muon, optim.NAdam, optim.RAdam, optim.RMSprop, optim.Rprop, optim.SGD,
    )
}  # fmt: skip
OPTIMISERS = tuple(sorted(_OPTIMISERS))


def build_optimiser(
    text: str,
    parameters: Iterable[Tensor] | Iterable[dict[str, Any]],
    lr: float,
    weight_decay: float | None = None,
) -> optim.Optimizer:
    """Build an optimiser of torch.optim from its spec.

    The fused implementation is used where there is one for all parameters.

    Args:
        text: `name` or `name:key=value,…`, such as `sgd:momentum=0.9`. Keys are the constructor's arguments;
            several numbers are joined by a plus, `adam:betas=0.9+0.99`.
        parameters: tensors, or groups (dicts with `params` and perhaps their own `lr`).
        lr: learning rate.
        weight_decay: None is torch's default.

    Returns:
        The optimiser.

    Raises:
        UsageError: for an unknown name or key, a value it cannot have, lr or weight_decay as a key, a weight decay
            for an optimiser without one, or parameters it cannot take (muon: matrices only).

    >>> from torch import nn
    >>> build_optimiser("sgd:momentum=0.9", nn.Linear(2, 1).parameters(), lr=0.1).defaults["momentum"]
    0.9
    >>> build_optimiser("sgd:lr=1", nn.Linear(2, 1).parameters(), lr=0.1)
    Traceback (most recent call last):
    unpool.errors.UsageError: --optimizer 'sgd:lr=1': the rate is set with --lr, not here
    """
    keys = {part.partition("=")[0].strip() for part in text.partition(":")[2].split(",")}
    for key, remedy in (
        ("lr", "the rate is set with --lr"),
        ("weight_decay", "it is set with --weight-decay"),
    ):
        if key in keys:
            raise UsageError(f"{OPTIMIZER} {text!r}: {remedy}, not here")
    name, values = parse_constructor_spec(OPTIMIZER, text, _OPTIMISERS)
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
    return construct_or_usage_error(OPTIMIZER, text, lambda: kind(groups, **{**values, "lr": lr}))


def has_weight_decay(text: str) -> bool:
    """Return whether an optimiser takes a weight decay.

    Raises UsageError for an unknown one.

    >>> has_weight_decay("adamw"), has_weight_decay("rprop")
    (True, False)
    """
    name, _ = parse_constructor_spec(OPTIMIZER, text, _OPTIMISERS)
    return "weight_decay" in inspect.signature(_OPTIMISERS[name]).parameters


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


def parameter_groups(module: nn.Module, backbone_lr: float | None) -> list[Any]:
    """The parameters to train.

    Those of the network's encoder apart where it has a learning rate of its own.
    """
    named = [(name, each) for name, each in module.named_parameters() if each.requires_grad]
    if backbone_lr is None:
        return [each for _, each in named]
    backbone = [each for name, each in named if name.startswith(ENCODER)]
    rest = [each for name, each in named if not name.startswith(ENCODER)]
    groups: list[dict[str, Any]] = [{"params": rest}, {"params": backbone, "lr": backbone_lr}]
    return [group for group in groups if group["params"]]
