"""An encoder → its decoder, made by walking the encoder backwards.

The rule is that of SegNet and of deconvolution networks (Badrinarayanan et al. 2017; Noh et al. 2015): a convolution
becomes a transposed convolution with its channels swapped, pooling becomes unpooling at the remembered positions.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, field

from torch import nn
from torch.nn.modules import activation as activations

from unpool.errors import UnpoolError, unknown_name
from unpool.networks.decoders import TRANSPOSED, Resize, SteppedDecoder
from unpool.networks.pooling import Unpool, leaves, shrinks
from unpool.networks.windows import AVERAGE_POOLS, CONVOLUTIONS, MAX_POOLS, Window, window_of

FORMS = ("unpool", "transpose", "upsample")

_NORMS = (nn.modules.batchnorm._BatchNorm, nn.modules.instancenorm._InstanceNorm, nn.GroupNorm)
_SKIPPED = (nn.Identity, nn.modules.dropout._DropoutNd)
_NOT_POINTWISE = (nn.GLU, nn.Softmax, nn.Softmax2d, nn.LogSoftmax, nn.Softmin, nn.MultiheadAttention)
_ACTIVATIONS = tuple(
    kind for name in activations.__all__ if not issubclass(kind := getattr(activations, name), _NOT_POINTWISE)
)
Convolution = nn.Conv1d | nn.Conv2d | nn.Conv3d


@dataclass
class _Block:
    """One layer with a window, and the normalisations and activations that follow it."""

    layer: nn.Module
    channels: int
    followers: list[nn.Module] = field(default_factory=list)


def mirror(encoder: nn.Module, form: str = "unpool", *, channels: int | None = None) -> SteppedDecoder:
    """The decoder that undoes `encoder` layer by layer.

    `encoder` is a Sequential, nested or not, of convolutions, max or average pools, normalisations, activations and
    dropout, in one, two or three dimensions. `form` is how shrinking is undone: "unpool" at the remembered positions
    (average pooling by interpolation), "transpose" by a transposed convolution with the pool's stride, "upsample" by
    interpolation and a convolution. Normalisation and activation stand where the encoder has them, except after the
    last layer, so that the image is unbounded. `channels` of the image are those of the encoder's input unless given.

    Raises UnpoolError, naming the module, for what has no exact mirror; UsageError for an unknown form.

    >>> import torch
    >>> from unpool.networks.pooling import remember
    >>> encoder = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2))
    >>> code, pools = remember(encoder, torch.zeros(1, 3, 13, 10))
    >>> tuple(mirror(encoder)(code, pools).shape)
    (1, 3, 13, 10)
    """
    if form not in FORMS:
        raise unknown_name("decoder", form, FORMS)
    blocks = _blocks(encoder)
    first = next(block for block in blocks if isinstance(block.layer, CONVOLUTIONS))
    layers: list[nn.Module] = []
    for block in reversed(blocks):
        layers += _undo(block, form, channels if block is first else None)
        if isinstance(block.layer, CONVOLUTIONS) and block is not first:
            layers += [mirrored_follower(follower, block.layer.in_channels) for follower in block.followers]
    windows = [(_window(block.layer), shrinks(block.layer)) for block in blocks]
    return SteppedDecoder(layers, windows).to(first.layer.weight)  # type: ignore[no-any-return, call-overload]


def undo_pool(window: Window, form: str, channels: int) -> nn.Module:
    """The layer that undoes a max-pool in the form asked for."""
    if form == "unpool":
        return Unpool(window)
    if form == "upsample":
        return Resize()
    kind = TRANSPOSED[len(window.kernel) - 1]
    return kind(channels, channels, window.kernel, window.stride, window.padding)  # type: ignore[arg-type]


def mirrored_follower(follower: nn.Module, channels: int) -> nn.Module:
    """A fresh normalisation or activation like the encoder's, for another number of channels."""
    if isinstance(follower, nn.GroupNorm):
        groups = math.gcd(follower.num_groups, channels)
        return nn.GroupNorm(groups, channels, follower.eps, follower.affine)
    if isinstance(follower, _NORMS):
        norm = follower
        return type(norm)(channels, norm.eps, norm.momentum, norm.affine, norm.track_running_stats)  # type: ignore[call-arg, arg-type]
    if isinstance(follower, nn.PReLU):
        return nn.PReLU(1 if follower.num_parameters == 1 else channels, follower.init)
    return copy.deepcopy(follower)


def _blocks(encoder: nn.Module) -> list[_Block]:
    """The encoder as layers with a window, from first to last. What stands before the first is left out."""
    blocks: list[_Block] = []
    channels = 0
    for name, leaf in leaves(encoder):
        _refuse_what_has_no_mirror(name, leaf)
        if isinstance(leaf, CONVOLUTIONS):
            channels = leaf.out_channels
        if window_of(leaf) is not None:
            blocks.append(_Block(leaf, channels))
        elif not isinstance(leaf, _SKIPPED):
            owner = next((block for block in reversed(blocks) if isinstance(block.layer, CONVOLUTIONS)), None)
            if owner is not None:
                owner.followers.append(leaf)
    first = next((block.layer for block in blocks if isinstance(block.layer, CONVOLUTIONS)), None)
    if first is None:
        raise UnpoolError(
            f"cannot mirror {type(encoder).__name__}: it has no convolution; pass a convolutional encoder"
        )
    for block in blocks:
        block.channels = block.channels or first.in_channels
    return blocks


def _undo(block: _Block, form: str, image_channels: int | None) -> list[nn.Module]:
    layer = block.layer
    if isinstance(layer, AVERAGE_POOLS):
        return [Resize()]
    if not isinstance(layer, CONVOLUTIONS):
        return [undo_pool(_window(layer), form, block.channels)]
    if form == "upsample" and shrinks(layer):
        return [Resize(), _smooth(layer, image_channels)]
    return [_transposed(layer, image_channels)]


def _transposed(conv: Convolution, image_channels: int | None) -> nn.Module:
    window = _window(conv)
    kind = TRANSPOSED[len(window.kernel) - 1]
    return kind(
        conv.out_channels,
        image_channels or conv.in_channels,
        window.kernel,  # type: ignore[arg-type]
        window.stride,  # type: ignore[arg-type]
        window.padding,  # type: ignore[arg-type]
        groups=1 if image_channels else conv.groups,
        bias=conv.bias is not None,
        dilation=window.dilation,  # type: ignore[arg-type]
    )


def _smooth(conv: Convolution, image_channels: int | None) -> nn.Module:
    """A convolution that keeps the size, with the kernel of a strided one (made odd)."""
    kernel = tuple(k + 1 - k % 2 for k in _window(conv).kernel)
    kind = CONVOLUTIONS[len(kernel) - 1]
    padding = tuple(k // 2 for k in kernel)
    groups = 1 if image_channels else conv.groups
    bias = conv.bias is not None
    return kind(conv.out_channels, image_channels or conv.in_channels, kernel, 1, padding, 1, groups, bias)  # type: ignore[arg-type]


def _window(layer: nn.Module) -> Window:
    window = window_of(layer)
    assert window is not None
    return window


def _refuse_what_has_no_mirror(name: str, leaf: nn.Module) -> None:
    for applies, reason in _REFUSALS:
        if applies(leaf):
            where = f"'{name}' " if name else ""
            raise UnpoolError(f"cannot mirror {where}{' '.join(repr(leaf).split())}: {reason}")


def _is_dilated_pool(leaf: nn.Module) -> bool:
    return isinstance(leaf, MAX_POOLS) and any(d != 1 for d in _window(leaf).dilation)


def _rounds_up(leaf: nn.Module) -> bool:
    return isinstance(leaf, MAX_POOLS + AVERAGE_POOLS) and leaf.ceil_mode


def _pads_otherwise(leaf: nn.Module) -> bool:
    return isinstance(leaf, CONVOLUTIONS) and leaf.padding_mode != "zeros"


def _pads_unevenly(leaf: nn.Module) -> bool:
    if not isinstance(leaf, CONVOLUTIONS) or leaf.padding != "same":
        return False
    window = _window(leaf)
    return any(d * (k - 1) % 2 for k, d in zip(window.kernel, window.dilation, strict=True))


def _is_lazy(leaf: nn.Module) -> bool:
    return isinstance(leaf, nn.modules.lazy.LazyModuleMixin)


def _is_flat(leaf: nn.Module) -> bool:
    return isinstance(leaf, nn.Linear | nn.Flatten)


def _is_unknown(leaf: nn.Module) -> bool:
    known = CONVOLUTIONS + MAX_POOLS + AVERAGE_POOLS + _NORMS + _SKIPPED + _ACTIVATIONS
    kind = next((kind for kind in type(leaf).__mro__ if kind.__module__.startswith("torch.nn.modules")), None)
    return kind is None or not issubclass(kind, known) or type(leaf).forward is not kind.forward


_REFUSALS: tuple[tuple[Callable[[nn.Module], bool], str], ...] = (
    (_is_lazy, "a lazy module has no shape yet; run the encoder once on an example first"),
    (_is_dilated_pool, "unpooling has no dilation; use a pool with dilation=1"),
    (_rounds_up, "unpooling has no ceil mode; use a pool with ceil_mode=False"),
    (_pads_otherwise, "a transposed convolution pads with zeros only; use padding_mode='zeros'"),
    (
        _pads_unevenly,
        "padding 'same' is uneven for an even kernel; use an odd kernel or a padding in numbers",
    ),
    (
        _is_flat,
        "only convolutional layers are mirrored; pass the encoder up to here (for example its .features)",
    ),
    (
        _is_unknown,
        "it is no convolution, max or average pool, normalisation, activation or dropout of torch.nn; "
        "replace it, or attach an UpsamplingDecoder",
    ),
)
