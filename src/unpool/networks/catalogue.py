"""The catalogue of networks: names, sizes, pixel ranges."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from unpool.core.calls.signatures import explain_calls
from unpool.core.calls.values import check_kind
from unpool.errors import UsageError, unknown_name
from unpool.networks.autoencoder import Autoencoder
from unpool.networks.decoders import published
from unpool.networks.encoders import small as encoders
from unpool.networks.encoders.backbones import foreign_names, is_timm_name, is_torchvision_name, native_size
from unpool.networks.factory import Entry, build
from unpool.networks.head import with_head
from unpool.networks.layers.initialisation import initialise
from unpool.networks.summary import layer_table
from unpool.networks.weights import load_weights

__all__ = [
    "CATALOGUE",
    "Entry",
    "build_network",
    "default_size",
    "describe",
    "is_backbone",
    "layer_table",
    "names",
]

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
SYMMETRIC = ((0.5,) * 3, (0.5,) * 3)
UNIT = ((0.0,) * 3, (1.0,) * 3)


def _vgg(depth: int) -> Callable[[int, int, int], nn.Sequential]:
    return lambda channels, *_: encoders.vgg(depth, channels)


def _by_channels(build: Callable[[int], nn.Sequential]) -> Callable[[int, int, int], nn.Sequential]:
    return lambda channels, *_: build(channels)


def _by_channels_and_size(
    build: Callable[[int, int], nn.Sequential],
) -> Callable[[int, int, int], nn.Sequential]:
    return lambda channels, size, _: build(channels, size)


CATALOGUE: dict[str, Entry] = {
    "conv": Entry(
        "convolutional autoencoder, depth from size and width", 64, 3, SYMMETRIC, has_width=True,
        encoder=encoders.conv,
    ),
    "vgg11-bn": Entry("VGG-11 and its mirror, for photographs", 96, 3, IMAGENET, "mean", encoder=_vgg(11)),
    "vgg13-bn": Entry("VGG-13 and its mirror, for photographs", 96, 3, IMAGENET, "mean", encoder=_vgg(13)),
    "vgg16-bn": Entry(
        "VGG-16 and its mirror, for photographs (system A)", 96, 3, IMAGENET, "mean", encoder=_vgg(16)
    ),
    "vgg19-bn": Entry("VGG-19 and its mirror, for photographs", 96, 3, IMAGENET, "mean", encoder=_vgg(19)),
    "conv-small": Entry(
        "two convolutions and three back (system B)", 28, 1, SYMMETRIC, has_width=True,
        encoder=lambda channels, _, width: encoders.conv_small(channels, width),
        decoder=published.decode_conv_small,
    ),
    "dense": Entry(
        "fully connected, code of 12 numbers (system B)", 28, 1, SYMMETRIC,
        encoder=_by_channels_and_size(encoders.dense), decoder=published.decode_dense,
    ),
    "lenet": Entry("supervised baseline (system C)", 32, 3, SYMMETRIC, encoder=_by_channels(encoders.lenet)),
    "unpooling": Entry(
        "one convolution, pooling undone by unpooling (system D)", 28, 1, UNIT,
        encoder=_by_channels(encoders.unpooling),
    ),
    "strided": Entry(
        "one convolution, a stride in place of the pool (system D)", 28, 1, UNIT,
        encoder=_by_channels(encoders.strided),
    ),
    "denoiser": Entry(
        "denoising autoencoder of 3,267 parameters (system D)", 32, 3, UNIT,
        encoder=_by_channels(encoders.denoiser), decoder=published.decode_denoiser,
    ),
    "sequence": Entry(
        "1-D autoencoder, code of 30 numbers (system D)", 28, 1, UNIT,
        encoder=_by_channels_and_size(encoders.sequence), decoder=published.decode_sequence,
    ),
    "efficientnet-lite0": Entry(
        "pretrained features without a download", 224, 3, SYMMETRIC, "mean", is_backbone=True
    ),
    "resnet18": Entry("residual features (system E)", 224, 3, IMAGENET, "mean", is_backbone=True),
}  # fmt: skip


def names() -> list[str]:
    """List the catalogue's own names.

    Any timm or torchvision name works beside them.
    """
    return list(CATALOGUE)


def describe(name: str) -> str:
    """Describe a network in one line.

    >>> describe("dense")
    'fully connected, code of 12 numbers (system B)'
    """
    return _entry(name).description


@explain_calls
def build_network(
    name: str,
    *,
    weights: str | Path = "none",
    size: int | None = None,
    channels: int | None = None,
    width: int | None = None,
    decoder: str | None = None,
    num_classes: int | None = None,
    head: int | None = None,
    init: str = "default",
    seed: int | None = None,
) -> Autoencoder:
    """Build a network of the catalogue, timm or torchvision.

    Args:
        name: A name of the catalogue, of timm or of torchvision's classifiers.
        weights: "none" (random), "imagenet" or a file.
        size: Side of the images in pixels, by default the network's own.
        channels: 1 or 3, by default the network's own.
        width: Channels of the first layer, for conv and conv-small.
        decoder: "unpool", "transpose", "upsample" or "none"; by default the published one, else unpooling where
            the encoder can be mirrored and upsampling where not.
        num_classes: Makes any network a Classifier with one linear layer; "lenet" has its own three, and 10 classes.
        head: Puts a linear layer to that many numbers on what `embed` gives.
        init: How random weights are drawn, see `initialise`.
        seed: Fixes the random weights; the global generator is left alone.

    Returns:
        The network.

    Raises:
        UsageError: For an unknown name, an option the network does not have, or fewer than two classes.
        UnpoolError: For a size that is too small, or weights that cannot be had.

    >>> sum(p.numel() for p in build_network("conv-small").parameters())
    50161
    """
    entry = _entry(name)
    side, depth = entry.size if size is None else size, entry.channels if channels is None else channels
    _check_shape(name, entry, side, depth, width)
    with seeded(seed):
        network = build(name, entry, side, depth, width or 32, decoder, num_classes)
        network = network if head is None else with_head(network, head)
        initialise(network, init)
    load_weights(network, weights)
    options = {"width": width, "decoder": decoder, "num_classes": num_classes, "head": head}
    network.built_with = {"size": side, "channels": depth} | _drop_none(options)
    return network


def _check_shape(name: str, entry: Entry, size: int, channels: int, width: int | None) -> None:
    if width is not None and not entry.has_width:
        raise UsageError(f"{name} has no width to choose; leave width out, or use conv or conv-small")
    for option, value in (("size", size), ("channels", channels), ("width", 1 if width is None else width)):
        check_kind(option, value, int)
        if value < 1:
            raise UsageError(f"{option} {value} is not a positive number; give at least 1")


def default_size(name: str) -> int:
    """Return the default side of a network's images, pixels.

    Raises UsageError for an unknown name.

    >>> default_size("efficientnet-lite0")
    224
    """
    return _entry(name).size


def is_backbone(name: str) -> bool:
    """Return whether a network serves for pretrained features.

    >>> is_backbone("resnet18"), is_backbone("conv")
    (True, False)
    """
    return _entry(name).is_backbone


def _drop_none(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


@contextmanager
def seeded(seed: int | None) -> Iterator[None]:
    """Seed torch inside a block, and restore its generator after.

    None changes nothing.
    """
    if seed is None:
        yield
        return
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def _entry(name: str) -> Entry:
    if name in CATALOGUE:
        return CATALOGUE[name]
    if is_timm_name(name):
        return Entry(f"{name} from timm", native_size(name), 3, IMAGENET, "mean", is_backbone=True)
    if is_torchvision_name(name):
        return Entry(f"{name} from torchvision", 224, 3, IMAGENET, "mean", is_backbone=True)
    near = difflib.get_close_matches(name, [*CATALOGUE, *foreign_names()], n=1)
    raise unknown_name("network", name, {*CATALOGUE, *near})
