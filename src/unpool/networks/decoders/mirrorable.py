"""Which modules have a mirror, and why others do not."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn
from torch.nn.modules import activation as activations

from unpool.errors import UnpoolError
from unpool.networks.layers.windows import AVERAGE_POOLS, CONVOLUTIONS, MAX_POOLS, window_of

NORMS = (nn.modules.batchnorm._BatchNorm, nn.modules.instancenorm._InstanceNorm, nn.GroupNorm)
SKIPPED = (nn.Identity, nn.modules.dropout._DropoutNd)

_NOT_POINTWISE = (nn.GLU, nn.Softmax, nn.Softmax2d, nn.LogSoftmax, nn.Softmin, nn.MultiheadAttention)
_ACTIVATIONS: tuple[type[nn.Module], ...] = tuple(
    kind for name in activations.__all__ if not issubclass(kind := getattr(activations, name), _NOT_POINTWISE)
)
MIRRORABLE: tuple[type[nn.Module], ...] = (
    *CONVOLUTIONS,
    *MAX_POOLS,
    *AVERAGE_POOLS,
    *NORMS,
    *SKIPPED,
    *_ACTIVATIONS,
)


def check_mirrorable(name: str, leaf: nn.Module) -> None:
    """Raise UnpoolError for a module without an exact mirror.

    The message holds the module's dotted name and its repr.

    >>> check_mirrorable("features.2", nn.MaxPool2d(2, ceil_mode=True))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    unpool.errors.UnpoolError: cannot mirror 'features.2' MaxPool2d(...): unpooling has no ceil mode; ...
    """
    for applies, reason in _REASONS:
        if applies(leaf):
            where = f"'{name}' " if name else ""
            raise UnpoolError(f"cannot mirror {where}{_brief(leaf)}: {reason}")


def _is_lazy(leaf: nn.Module) -> bool:
    return isinstance(leaf, nn.modules.lazy.LazyModuleMixin)


def _is_dilated_pool(leaf: nn.Module) -> bool:
    window = window_of(leaf)
    return isinstance(leaf, MAX_POOLS) and window is not None and any(d != 1 for d in window.dilation)


def _rounds_up(leaf: nn.Module) -> bool:
    return isinstance(leaf, MAX_POOLS + AVERAGE_POOLS) and bool(leaf.ceil_mode)


def _pads_otherwise(leaf: nn.Module) -> bool:
    return isinstance(leaf, CONVOLUTIONS) and leaf.padding_mode != "zeros"


def _pads_unevenly(leaf: nn.Module) -> bool:
    window = window_of(leaf)
    if not isinstance(leaf, CONVOLUTIONS) or leaf.padding != "same" or window is None:
        return False
    return any(d * (k - 1) % 2 for k, d in zip(window.kernel, window.dilation, strict=True))


def _is_flat(leaf: nn.Module) -> bool:
    return isinstance(leaf, nn.Linear | nn.Flatten)


def _is_composite(leaf: nn.Module) -> bool:
    return not type(leaf).__module__.startswith("torch.nn") and any(True for _ in leaf.children())


def _is_unknown(leaf: nn.Module) -> bool:
    kind = next((kind for kind in MIRRORABLE if isinstance(leaf, kind)), None)
    return kind is None or not _runs_as_in_torch(leaf)


def _runs_as_in_torch(leaf: nn.Module) -> bool:
    """Whether a subclass kept the forward of the class in torch.nn that it stands for."""
    owner = next(kind for kind in type(leaf).__mro__ if "forward" in vars(kind))
    return owner.__module__.startswith("torch.nn.")


def _brief(leaf: nn.Module) -> str:
    text = " ".join(repr(leaf).split())
    return text if len(text) <= 160 else f"{type(leaf).__name__}(…)"


_REASONS: tuple[tuple[Callable[[nn.Module], bool], str], ...] = (
    (_is_lazy, "a lazy module has no shape yet; run the encoder once on an example first"),
    (_is_dilated_pool, "unpooling has no dilation; use a pool with dilation=1"),
    (_rounds_up, "unpooling has no ceil mode; use a pool with ceil_mode=False"),
    (_pads_otherwise, "a transposed convolution pads with zeros only; use padding_mode='zeros'"),
    (_pads_unevenly, "padding 'same' is uneven for an even kernel; use an odd kernel or padding in numbers"),
    (_is_flat, "only convolutional layers are mirrored; pass the encoder up to here, e.g. its .features"),
    (
        _is_composite,
        "it is no Sequential, so the order of its layers is unknown; pass its convolutional part "
        "(for example .features) or attach an UpsamplingDecoder",
    ),
    (
        _is_unknown,
        "it is no convolution, max or average pool, normalisation, activation or dropout of torch.nn; "
        "replace it or attach an UpsamplingDecoder",
    ),
)
