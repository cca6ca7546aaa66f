"""Name → network: what there is, at which size and pixel range it is used, and how it is built."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from unpool.errors import UnpoolError, UsageError, unknown_name
from unpool.networks import encoders, published
from unpool.networks.autoencoder import Autoencoder, Preprocessing, smallest_input
from unpool.networks.backbones import backbone, foreign_names, is_timm_name, is_torchvision_name, native_size
from unpool.networks.classifier import Classifier, lenet_head
from unpool.networks.decoders import Decoder, NoDecoder
from unpool.networks.initialisation import initialise
from unpool.networks.mirror import FORMS, mirror
from unpool.networks.table import layer_table
from unpool.networks.upsampling import UPSAMPLING_FORMS, UpsamplingDecoder
from unpool.networks.weights import load_weights
from unpool.networks.windows import pixels

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


@dataclass(frozen=True)
class Entry:
    """One line of the catalogue: what the network is, and what it is fed by default."""

    description: str
    size: int
    channels: int
    pixels: tuple[tuple[float, ...], tuple[float, ...]]
    merge: str = "flatten"
    has_width: bool = False
    is_backbone: bool = False


CATALOGUE: dict[str, Entry] = {
    "conv": Entry("convolutional autoencoder, depth from size and width", 64, 3, SYMMETRIC, has_width=True),
    "vgg11-bn": Entry("VGG-11 and its mirror, for photographs", 96, 3, IMAGENET, "mean"),
    "vgg13-bn": Entry("VGG-13 and its mirror, for photographs", 96, 3, IMAGENET, "mean"),
    "vgg16-bn": Entry("VGG-16 and its mirror, for photographs (system A)", 96, 3, IMAGENET, "mean"),
    "vgg19-bn": Entry("VGG-19 and its mirror, for photographs", 96, 3, IMAGENET, "mean"),
    "conv-small": Entry("two convolutions and three back (system B)", 28, 1, SYMMETRIC, has_width=True),
    "dense": Entry("fully connected, code of 12 numbers (system B)", 28, 1, SYMMETRIC),
    "lenet": Entry("supervised baseline (system C)", 32, 3, SYMMETRIC),
    "unpooling": Entry("one convolution, pooling undone by unpooling (system D)", 28, 1, UNIT),
    "strided": Entry("one convolution, a stride in place of the pool (system D)", 28, 1, UNIT),
    "denoiser": Entry("denoising autoencoder of 3,267 parameters (system D)", 32, 3, UNIT),
    "sequence": Entry("1-D autoencoder, code of 30 numbers (system D)", 28, 1, UNIT),
    "efficientnet-lite0": Entry(
        "pretrained features without a download", 224, 3, SYMMETRIC, "mean", is_backbone=True
    ),
    "resnet18": Entry("residual features (system E)", 224, 3, IMAGENET, "mean", is_backbone=True),
}


def names() -> list[str]:
    """The catalogue's own names; any timm or torchvision name works beside them."""
    return list(CATALOGUE)


def describe(name: str) -> str:
    """One line about a network.

    >>> describe("dense")
    'fully connected, code of 12 numbers (system B)'
    """
    return _entry(name).description


def build_network(
    name: str,
    *,
    weights: str | Path = "none",
    size: int | None = None,
    channels: int | None = None,
    width: int | None = None,
    decoder: str | None = None,
    num_classes: int = 10,
    init: str = "default",
    seed: int | None = None,
) -> Autoencoder:
    """A network of the catalogue, or any timm or torchvision backbone.

    `weights` are "none" (random), "imagenet" or a file. `size` is the images' side in pixels and `channels`
    1 or 3, by default the network's own. `width` is the first layer's channels where the network has a
    choice. `decoder` is "unpool", "transpose", "upsample" or "none"; by default the published one, else
    unpooling where the encoder can be mirrored and upsampling where not. "lenet" without a decoder is a
    Classifier of `num_classes`. `init` is how random weights are
    drawn (see `initialise`); `seed` fixes them and leaves the global generator alone.

    Raises UsageError for an unknown name or an option the network does not have, UnpoolError for a size
    that is too small or weights that cannot be had.

    >>> sum(p.numel() for p in build_network("conv-small").parameters())
    50161
    >>> build_network("conv", size=8, channels=1).dimension()
    256
    """
    entry = _entry(name)
    if width is not None and not entry.has_width:
        raise UsageError(f"{name} has no width to choose; leave width out, or use conv or conv-small")
    side, depth = entry.size if size is None else size, entry.channels if channels is None else channels
    for option, value in (("size", side), ("channels", depth), ("width", 1 if width is None else width)):
        if value < 1:
            raise UsageError(f"{option} {value} is not a positive number; give at least 1")
    with seeded(seed):
        network = _build(name, entry, side, depth, width or 32, decoder, num_classes)
        initialise(network, init)
    load_weights(network, weights)
    return network


def default_size(name: str) -> int:
    """The side in pixels a network is used at unless told otherwise; UsageError for an unknown name.

    >>> default_size("efficientnet-lite0")
    224
    """
    return _entry(name).size


def is_backbone(name: str) -> bool:
    """Whether a network is used for features learnt elsewhere, rather than trained from nothing.

    >>> is_backbone("resnet18"), is_backbone("conv")
    (True, False)
    """
    return _entry(name).is_backbone


@contextmanager
def seeded(seed: int | None) -> Iterator[None]:
    """Random numbers from `seed`, the global generator as it was after; None changes nothing."""
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


def _build(
    name: str, entry: Entry, size: int, channels: int, width: int, form: str | None, num_classes: int
) -> Autoencoder:
    if entry.is_backbone:
        return _build_backbone(name, entry, size, channels, form)
    encoder = _encoder(name, size, channels, width)
    smallest = smallest_input(encoder)
    if smallest and size < max(smallest):
        raise UnpoolError(f"size {size} is too small for {name}; the smallest it takes is {pixels(smallest)}")
    prepared = _preprocessing(entry, size, channels)
    if name == "lenet" and form is None:
        return Classifier(encoder, lenet_head(size, num_classes), network=name, preprocessing=prepared)
    made = _decoder(name, encoder, size, channels, width, form)
    return Autoencoder(encoder, made, network=name, preprocessing=prepared, merge=entry.merge)


def _encoder(name: str, size: int, channels: int, width: int) -> nn.Sequential:
    if name.startswith("vgg"):
        return encoders.vgg(int(name[3:5]), channels)
    makers: dict[str, Callable[[], nn.Sequential]] = {
        "conv": lambda: encoders.conv(channels, size, width),
        "conv-small": lambda: encoders.conv_small(channels, width),
        "dense": lambda: encoders.dense(channels, size),
        "lenet": lambda: encoders.lenet(channels),
        "unpooling": lambda: encoders.unpooling(channels),
        "strided": lambda: encoders.strided(channels),
        "denoiser": lambda: encoders.denoiser(channels),
        "sequence": lambda: encoders.sequence(channels, size),
    }
    return makers[name]()


def _decoder(
    name: str, encoder: nn.Sequential, size: int, channels: int, width: int, form: str | None
) -> Decoder:
    if form == "none":
        return NoDecoder()
    if form is not None and form not in FORMS:
        raise unknown_name("decoder", form, [*FORMS, "none"])
    if name == "conv-small" and form is None:
        return published.conv_small_decoder(channels, width)
    if name == "dense":
        if form is not None:
            raise UsageError(f"dense has nothing to {form}: it has no pooling; leave decoder out")
        return published.dense_decoder(channels, size)
    if name == "denoiser":
        return published.denoiser_decoder(channels, form or "unpool")
    if name == "sequence":
        return published.SequenceDecoder(channels, size, form or "unpool")
    return mirror(encoder, form or "unpool")


def _build_backbone(name: str, entry: Entry, size: int, channels: int, form: str | None) -> Autoencoder:
    if form is not None and form not in (*UPSAMPLING_FORMS, "none"):
        if form in FORMS:
            raise UsageError(f"{name} cannot be mirrored, so has nothing to unpool; use decoder 'upsample'")
        raise unknown_name("decoder", form, [*UPSAMPLING_FORMS, "none"])
    encoder, told = backbone(name, channels=channels, size=size)
    made: Decoder = NoDecoder()
    if form != "none":
        made = UpsamplingDecoder(
            encoder.out_channels, channels, reduction=encoder.reduction, form=form or "upsample"
        )
    prepared = _preprocessing(entry, size, channels, told)
    return Autoencoder(encoder, made, network=name, preprocessing=prepared, merge=entry.merge)


def _preprocessing(
    entry: Entry, size: int, channels: int, told: dict[str, object] | None = None
) -> Preprocessing:
    mean, std = entry.pixels
    if told:
        mean, std = tuple(told.get("mean", mean)), tuple(told.get("std", std))  # type: ignore[arg-type]
    if channels != len(mean):
        mean, std = (sum(mean) / len(mean),) * channels, (sum(std) / len(std),) * channels
    return Preprocessing(size, channels, mean, std)
