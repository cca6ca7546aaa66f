"""Mirror an encoder to its decoder.

The rule is that of SegNet and of deconvolution networks (Badrinarayanan et al. 2017; Noh et al. 2015): a
convolution becomes a transposed convolution with its channels swapped, and pooling becomes unpooling at the
remembered positions.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, field

from torch import nn

from unpool.core.calls.signatures import explain_calls
from unpool.errors import UnpoolError, unknown_name
from unpool.networks.decoders.base import TRANSPOSED, Enlarge, Resize, SteppedDecoder
from unpool.networks.decoders.mirrorable import NORMS, SKIPPED, check_mirrorable
from unpool.networks.layers.pooling import Unpool, leaves, shrinks
from unpool.networks.layers.transposed import ConvTranspose2d
from unpool.networks.layers.windows import AVERAGE_POOLS, CONVOLUTIONS, Window, window_of

FORMS = ("unpool", "transpose", "upsample")

Convolution = nn.Conv1d | nn.Conv2d | nn.Conv3d


@dataclass
class _Block:
    """A layer with a window, its output channels, and the normalisations and activations after it."""

    layer: nn.Module
    window: Window
    channels: int
    followers: list[nn.Module] = field(default_factory=list)


@explain_calls
def mirror(encoder: nn.Module, form: str = "unpool", *, channels: int | None = None) -> SteppedDecoder:
    """Build the decoder that undoes an encoder layer by layer.

    Normalisation and activation stand where the encoder has them, except after the last layer, so the image is
    unbounded.

    Args:
        encoder: A Sequential, nested or not, of convolutions, max or average pools, normalisations, activations
            and dropout, in one, two or three dimensions.
        form: How shrinking is undone: "unpool" at the remembered positions (average pooling by interpolation),
            "transpose" by a transposed convolution with the pool's stride, "upsample" by interpolation.
        channels: Of the image, by default those of the encoder's input; a segmenter's are its classes.

    Returns:
        The decoder, on the encoder's device and of its type.

    Raises:
        UnpoolError: Naming the module, for what has no exact mirror.
        UsageError: For an unknown form.

    >>> import torch
    >>> from unpool.networks.layers.pooling import remember
    >>> encoder = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2))
    >>> code, pools = remember(encoder, torch.zeros(1, 3, 13, 10))
    >>> tuple(mirror(encoder)(code, pools).shape)
    (1, 3, 13, 10)
    """
    if form not in FORMS:
        raise unknown_name("decoder", form, FORMS)
    blocks = _blocks(encoder)
    last = next(block for block in blocks if isinstance(block.layer, CONVOLUTIONS))
    layers: list[nn.Module] = []
    for block in reversed(blocks):
        conv = block.layer
        layers += _undo(block, form, channels if block is last else None)
        if isinstance(conv, CONVOLUTIONS) and block is not last:
            layers += [mirror_follower(follower, conv.in_channels) for follower in block.followers]
    decoder = SteppedDecoder(layers, [(block.window, shrinks(block.layer)) for block in blocks])
    weight = _first_convolution(encoder).weight
    return decoder.to(device=weight.device, dtype=weight.dtype)


def undo_pool(window: Window, form: str, channels: int) -> nn.Module:
    """Build the layer that undoes a max-pool.

    Args:
        window: The pool's.
        form: "unpool", "transpose" or "upsample".
        channels: Of the pooled tensor.

    Returns:
        A layer of (values, Pool).
    """
    if form == "unpool":
        return Unpool(window)
    if form == "upsample":
        return Resize()
    transposed = TRANSPOSED[len(window.kernel) - 1]
    layer = transposed(channels, channels, window.kernel, window.stride, window.padding)  # type: ignore[arg-type]
    return Enlarge(layer)


def mirror_follower(follower: nn.Module, channels: int) -> nn.Module:
    """Copy a normalisation or activation for other channels, untrained."""
    if isinstance(follower, nn.GroupNorm):
        groups = math.gcd(follower.num_groups, channels)
        return nn.GroupNorm(groups, channels, follower.eps, follower.affine)
    if isinstance(follower, NORMS):
        like = (follower.eps, follower.momentum, follower.affine, follower.track_running_stats)
        return type(follower)(channels, *like)  # type: ignore[arg-type]
    if isinstance(follower, nn.PReLU):
        return nn.PReLU(1 if follower.num_parameters == 1 else channels, follower.init)
    return copy.deepcopy(follower)


def _blocks(encoder: nn.Module) -> list[_Block]:
    """The encoder's layers with a window, in order; what stands before the first convolution is left out."""
    blocks: list[_Block] = []
    owner: _Block | None = None
    channels = _first_convolution(encoder).in_channels
    for _, leaf in leaves(encoder):
        window = window_of(leaf)
        if window is not None:
            channels = leaf.out_channels if isinstance(leaf, CONVOLUTIONS) else channels
            blocks.append(_Block(leaf, window, channels))
            owner = blocks[-1] if isinstance(leaf, CONVOLUTIONS) else owner
        elif owner is not None and not isinstance(leaf, SKIPPED):
            owner.followers.append(leaf)
    return blocks


def _first_convolution(encoder: nn.Module) -> Convolution:
    """The encoder's first convolution, once every module is known to have a mirror."""
    modules = list(leaves(encoder))
    for name, leaf in modules:
        check_mirrorable(name, leaf)
    for _, leaf in modules:
        if isinstance(leaf, CONVOLUTIONS):
            return leaf
    name = type(encoder).__name__
    raise UnpoolError(f"cannot mirror {name}: it has no convolution; pass a convolutional encoder")


def _undo(block: _Block, form: str, image_channels: int | None) -> list[nn.Module]:
    conv = block.layer
    if isinstance(conv, AVERAGE_POOLS):
        return [Resize()]
    if not isinstance(conv, CONVOLUTIONS):
        return [undo_pool(block.window, form, block.channels)]
    if not block.window.is_strided:
        return [_transposed(conv, block.window, image_channels)]
    if form == "upsample":
        return [Resize(), _smooth(conv, block.window, image_channels)]
    return [Enlarge(_transposed(conv, block.window, image_channels))]


def _transposed(conv: Convolution, window: Window, image_channels: int | None) -> nn.Module:
    kind = ConvTranspose2d if len(window.kernel) == 2 else TRANSPOSED[len(window.kernel) - 1]
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


def _smooth(conv: Convolution, window: Window, image_channels: int | None) -> nn.Module:
    """A convolution that keeps the size, with the kernel of a strided one (made odd)."""
    kernel = tuple(k + 1 - k % 2 for k in window.kernel)
    return CONVOLUTIONS[len(kernel) - 1](
        conv.out_channels,
        image_channels or conv.in_channels,
        kernel,  # type: ignore[arg-type]
        padding=tuple(k // 2 for k in kernel),  # type: ignore[arg-type]
        groups=1 if image_channels else conv.groups,
        bias=conv.bias is not None,
    )
