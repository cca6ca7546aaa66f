"""Build transforms from lists as read from YAML.

H height, W width.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import nn
from torchvision import tv_tensors
from torchvision.transforms import v2

from unpool.errors import UsageError, unknown_name
from unpool.images.augment.transform_types import (
    ALIASES,
    TRANSFORMS,
    CentreCrop,
    Function,
    RandomScaleCrop,
    TVTensor,
)

Step = str | Mapping[str, Any] | Callable[..., Any]  # one entry of a list of transforms
ARGUMENT_ERRORS = (
    TypeError,
    ValueError,
    RuntimeError,
    AssertionError,
    LookupError,
    AttributeError,
    ArithmeticError,
)
NESTED = ("random-choice", "random-apply", "random-order")
MULTI_CROPS = ("five-crop", "ten-crop")
OWN_SIZE = ("center-crop", "random-crop", "random-resized-crop", "random-scale-crop", "resize")


class NamedTransform(nn.Module):
    """A transform whose name stands in its errors."""

    def __init__(self, name: str, transform: Callable[..., Any]) -> None:
        super().__init__()
        self.name, self.transform = name, transform

    def forward(self, *inputs: TVTensor) -> Any:
        """Transform an Image, or an (Image, Mask)."""
        try:
            return self.transform(*inputs)
        except ARGUMENT_ERRORS as error:
            shape = tuple(inputs[0].shape)
            raise UsageError(f"transform {self.name}: on an image of shape {shape}: {error}") from error


@dataclass(frozen=True)
class TransformContext:
    """What a list of transforms is used for.

    `size` (H, W) is that of its images; the rest says what the list may hold.
    """

    size: tuple[int, int]
    mask_fill: int = 255
    allows_multi_crop: bool = False  # five-crop or ten-crop may be the last
    nested: bool = False


def build_transforms(steps: Sequence[Step], context: TransformContext) -> list[Any]:
    """Build the transforms of a list.

    An entry is a name, {name: its first argument} or {name: {argument: value}}, with torchvision's arguments;
    center-crop, random-crop, random-resized-crop and resize without a `size` keep the image's own. In Python an
    entry may also be a callable, for the image alone, or a torchvision v2 transform, as it is.

    Args:
        steps: The entries.
        context: What the list is used for.

    Returns:
        Transforms, each called with an Image or with (Image, Mask).

    Raises:
        UsageError: Naming the transform that is wrong.

    >>> steps = ["horizontal-flip", {"pad": {"padding": 2, "padding_mode": "edge"}}]
    >>> [each.name for each in build_transforms(steps, TransformContext((8, 8)))]
    ['horizontal-flip', 'pad']
    """
    if isinstance(steps, str | Mapping) or not isinstance(steps, Sequence):
        raise UsageError(f"transforms are {steps!r}, but must be a list of names or {{name: arguments}}")
    names = [_name(step) for step in steps]
    _check_order(names, context)
    return [_build_one(name, step, context) for name, step in zip(names, steps, strict=True)]


def _name(step: Step) -> str | None:
    """The name in the table; None for a callable."""
    if callable(step):
        return None
    name = next(iter(step)) if isinstance(step, Mapping) and len(step) == 1 else step
    if not isinstance(name, str):
        raise UsageError(f"transform {step!r} must be one name or one {{name: arguments}}")
    if name == "lambda":
        raise UsageError("transform lambda: a config runs no code; give the callable in a list in Python")
    if ALIASES.get(name, name) not in TRANSFORMS:
        raise unknown_name("transform", name, [*TRANSFORMS, *ALIASES])
    return ALIASES.get(name, name)


def _check_order(names: Sequence[str | None], context: TransformContext) -> None:
    for position, name in enumerate(names):
        after = names[position + 1 :]
        if name in MULTI_CROPS and (after or not context.allows_multi_crop):
            raise UsageError(f"transform {name} gives several images: only as the last step of `evaluate`")
        if name == "normalise" and (
            context.nested or any(later not in (*MULTI_CROPS, "erasing") for later in after)
        ):
            raise UsageError(
                "transform normalise leaves the range 0 to 255: put it last, before erasing and five-crop only"
            )


def _build_one(name: str | None, step: Step, context: TransformContext) -> Callable[..., Any]:
    if name is None:
        assert callable(step)
        return step if isinstance(step, v2.Transform) else Function(step)
    arguments = _arguments(name, step, context)
    try:
        transform = TRANSFORMS[name](**arguments)
    except ARGUMENT_ERRORS as error:
        seen = f"; the arguments are {next(iter(step.values()))!r}" if isinstance(step, Mapping) else ""
        raise UsageError(f"transform {name}: {error}{seen}") from error
    if isinstance(transform, CentreCrop | RandomScaleCrop):
        transform.mask_fill = context.mask_fill
    return NamedTransform(name, transform)


def _arguments(name: str, step: Step, context: TransformContext) -> dict[str, Any]:
    allowed = [key for key in inspect.signature(TRANSFORMS[name]).parameters if key != "inplace"]
    value = step[next(iter(step))] if isinstance(step, Mapping) else None
    arguments = dict(value) if isinstance(value, Mapping) else {} if value is None else {allowed[0]: value}
    for key in arguments:
        if key not in allowed:
            raise unknown_name(f"argument of transform {name}", str(key), allowed)
    if name in OWN_SIZE:
        arguments.setdefault("size", context.size)
    size = arguments.get("size", 1)
    if any(
        isinstance(side, int) and side < 1 for side in (size if isinstance(size, list | tuple) else [size])
    ):
        raise UsageError(f"transform {name}: size is {size!r}, but must be 1 pixel or more")
    if name in NESTED and "transforms" in arguments:
        inside = replace(context, allows_multi_crop=False, nested=True)
        arguments["transforms"] = build_transforms(arguments["transforms"], inside)
    if "interpolation" in arguments:
        arguments["interpolation"] = _interpolation(name, arguments["interpolation"])
    if "fill" in allowed:
        arguments["fill"] = {tv_tensors.Mask: context.mask_fill, "others": arguments.get("fill", 0)}
    return arguments


def _interpolation(name: str, value: object) -> v2.InterpolationMode:
    known = [mode.value for mode in v2.InterpolationMode]
    if value not in known:
        raise unknown_name(f"interpolation of transform {name}", str(value), known)
    return v2.InterpolationMode(value)
