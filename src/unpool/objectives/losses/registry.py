"""Losses of torch.nn by name, for images and for classes.

B batch, C channels, H height, W width, K classes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from unpool.core.specs import parse_spec
from unpool.errors import UsageError
from unpool.objectives.losses.ssim import SSIMLoss, ValueRange

Loss = Callable[[Tensor, Tensor], Tensor]
Bound = float | Sequence[float]  # one for all channels, or one for each

OPTION = "--loss"

# Name typed by the user → class. Left out of torch.nn: what takes a third input, pairs, sets of labels or
# targets of −1 and 1.
ELEMENTWISE: dict[str, type[nn.Module]] = {
    "mse": nn.MSELoss,
    "l1": nn.L1Loss,
    "smooth-l1": nn.SmoothL1Loss,
    "huber": nn.HuberLoss,
    "bce": nn.BCELoss,
    "bce-with-logits": nn.BCEWithLogitsLoss,
    "poisson-nll": nn.PoissonNLLLoss,
    "ssim": SSIMLoss,
}


class LogSoftmaxNLLLoss(nn.NLLLoss):
    """`torch.nn.NLLLoss` on the log-softmax of the scores.

    It expects log-probabilities, and networks give scores.
    """

    def forward(self, scores_BK: Tensor, labels_B: Tensor) -> Tensor:
        """The mean loss, a scalar."""
        return super().forward(scores_BK.log_softmax(dim=1), labels_B)


CLASSES: dict[str, type[nn.Module]] = {
    "cross-entropy": nn.CrossEntropyLoss,
    "multi-margin": nn.MultiMarginLoss,
    "nll": LogSoftmaxNLLLoss,
}

# The pixels that a loss can take as its target: lowest, highest.
PIXELS: dict[str, tuple[float, float]] = {
    "bce": (0.0, 1.0),
    "bce-with-logits": (0.0, 1.0),
    "poisson-nll": (0.0, float("inf")),
}
# Set by the caller or the network, never by the user.
EXCLUDED_ARGUMENTS = {"self", "weight", "pos_weight", "size_average", "reduce", "reduction", "value_range"}


def pixel_range(mean: Sequence[float], std: Sequence[float]) -> tuple[list[float], list[float]]:
    """Compute each channel's range after normalisation.

    Returns what 0 and 1 become by (pixel − mean) / std: `low` and `high` of the losses.

    >>> pixel_range((0.5,), (0.25,))
    ([-2.0], [2.0])
    """
    pairs = list(zip(mean, std, strict=True))
    return [-middle / each for middle, each in pairs], [(1 - middle) / each for middle, each in pairs]


def elementwise_loss(
    text: str,
    *,
    value_range: ValueRange | None = None,
    low: Bound | None = None,
    high: Bound | None = None,
    architecture: str = "the network",
) -> Loss:
    """Build a loss of an image against its target.

    For `bce-with-logits` the output is a logit, and for `poisson-nll` the log of the pixel.

    Args:
        text: `name` or `name:key=value,…`. Names are those of `ELEMENTWISE` or of the class in torch.nn, in any
            case; keys are its arguments.
        value_range: width of the pixels' range for ssim; by default high − low, or 1 where these are not given.
        low: lowest pixel of the network, one for all channels or one for each.
        high: highest pixel.
        architecture: the network's name, for errors.

    Returns:
        A function (output, target) → scalar mean, both of one shape.

    Raises:
        UsageError: for an unknown name or key, a value the loss cannot have, or pixels it cannot take; `bce` also
            checks the outputs of its first call.

    >>> elementwise_loss("huber:delta=0.5")(torch.zeros(1, 1, 2, 2), torch.full((1, 1, 2, 2), 2.0)).item()
    0.875
    >>> elementwise_loss("bce", low=-1, high=1, architecture="conv-small")
    Traceback (most recent call last):
    unpool.errors.UsageError: --loss bce needs pixels in 0..1, but conv-small works in -1..1; use mse
    """
    name, values = _parse(text, ELEMENTWISE)
    if name == "ssim":
        return SSIMLoss(_width(value_range, low, high))
    if low is not None and high is not None:
        _check_pixels(name, min(_each(low)), max(_each(high)), f"{architecture} works in")
    loss = _construct(text, ELEMENTWISE[name], values, torch.full((1, 2), 0.5))
    return _RangeCheckedLoss(name, loss, architecture) if name in PIXELS else loss


def class_loss(text: str = "cross-entropy") -> Loss:
    """Build a loss of class scores against labels.

    Args:
        text: `name` or `name:key=value,…`; names are those of `CLASSES`. `nll` takes the log-softmax of the scores
            first, so it equals cross-entropy without its keys.

    Returns:
        A function (scores_BK before any softmax, classes_B int64) → scalar mean.

    Raises:
        UsageError: for an unknown name or key, or a value the loss cannot have.

    >>> round(class_loss("cross-entropy")(torch.zeros(3, 4), torch.arange(3)).item(), 4)  # log 4
    1.3863
    """
    name, values = _parse(text, CLASSES)
    return _construct(text, CLASSES[name], values, torch.zeros(1, dtype=torch.int64))


class _RangeCheckedLoss(nn.Module):
    """A loss that takes only some pixels.

    The first batch is checked, and later ones only where torch raises an error.
    """

    def __init__(self, name: str, loss: nn.Module, architecture: str) -> None:
        super().__init__()
        self.name, self.loss, self.architecture = name, loss, architecture
        self._is_checked = False

    def forward(self, output_BCHW: Tensor, target_BCHW: Tensor) -> Tensor:
        if not self._is_checked:
            self._check(output_BCHW, target_BCHW)
            self._is_checked = True
        try:
            value: Tensor = self.loss(output_BCHW, target_BCHW)
        except RuntimeError:
            self._check(output_BCHW, target_BCHW)
            raise
        return value

    def _check(self, output_BCHW: Tensor, target_BCHW: Tensor) -> None:
        low, high = (float(value) for value in target_BCHW.detach().aminmax())
        _check_pixels(self.name, low, high, f"this batch for {self.architecture} has")
        low, high = (float(value) for value in output_BCHW.detach().aminmax())
        # Written so that nan, which is neither inside nor outside, is an error too.
        if self.name == "bce" and not (low >= 0 and high <= 1):
            raise UsageError(
                f"{OPTION} bce needs outputs in 0..1, but {self.architecture} gives {low:.4g}..{high:.4g}; "
                "end it with Sigmoid, or use mse"
            )


def _check_pixels(name: str, low: float, high: float, who: str) -> None:
    lowest, highest = PIXELS.get(name, (-float("inf"), float("inf")))
    if low < lowest - 1e-6 or high > highest + 1e-6:
        expected = f"{lowest:g}..{highest:g}" if highest < float("inf") else f"{lowest:g} or above"
        raise UsageError(
            f"{OPTION} {name} needs pixels in {expected}, but {who} {low:.4g}..{high:.4g}; use mse"
        )


def _parse(text: str, known: Mapping[str, type[nn.Module]]) -> tuple[str, dict[str, Any]]:
    typed, colon, rest = text.partition(":")
    plain = {name.replace("-", ""): name for name in known}
    name = plain.get(typed.lower().replace("-", "").replace("_", "").removesuffix("loss"), typed)
    return parse_spec(OPTION, name + colon + rest, {each: _keys(kind) for each, kind in known.items()})


def _keys(kind: type[nn.Module]) -> Collection[str]:
    return [key for key in inspect.signature(kind).parameters if key not in EXCLUDED_ARGUMENTS]


def _construct(text: str, kind: type[nn.Module], values: dict[str, Any], target: Tensor) -> nn.Module:
    """The loss, called once: torch checks some values only then."""
    for key, value in values.items():
        default = inspect.signature(kind).parameters[key].default
        if isinstance(value, str) or isinstance(value, bool) != isinstance(default, bool):
            expected = "true or false" if isinstance(default, bool) else "a number"
            raise UsageError(f"{OPTION} {text!r}: {key} is {value!r}, but must be {expected}")
    try:
        loss = kind(**values)
        loss(torch.full((1, 2), 0.5), target)
    except (TypeError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"{OPTION} {text!r} is not accepted by {kind.__name__}: {reason}") from error
    return loss


def _width(value_range: ValueRange | None, low: Bound | None, high: Bound | None) -> ValueRange:
    if value_range is not None:
        return value_range
    if low is None or high is None:
        return 1.0
    return [top - bottom for bottom, top in zip(_each(low), _each(high), strict=True)]


def _each(bound: Bound) -> list[float]:
    return [float(bound)] if isinstance(bound, int | float) else [float(value) for value in bound]
