"""Build networks from entries of the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from unpool.errors import UnpoolError, UsageError, unknown_name
from unpool.networks.autoencoder import Autoencoder, smallest_input
from unpool.networks.classifier import Classifier, lenet_head, with_classes
from unpool.networks.decoders import published
from unpool.networks.decoders.base import Decoder, NoDecoder
from unpool.networks.decoders.mirror import FORMS, mirror
from unpool.networks.decoders.upsampling import UPSAMPLING_FORMS, UpsamplingDecoder
from unpool.networks.encoders import small as encoders
from unpool.networks.encoders.backbones import backbone
from unpool.networks.layers.windows import pixels
from unpool.networks.preprocessing import Preprocessing

NUM_LENET_CLASSES = 10


@dataclass(frozen=True)
class Entry:
    """A line of the catalogue: a network's default input.

    Args:
        description: One line for people.
        size: Side of the images, pixels.
        channels: 1 or 3.
        pixels: Mean and standard deviation of each channel, by which images are normalised.
        merge: How maps become a vector: "flatten" or "mean".
        has_width: Whether the channels of its first layer can be chosen.
        is_backbone: Whether it comes from timm or torchvision, with published weights.
    """

    description: str
    size: int
    channels: int
    pixels: tuple[tuple[float, ...], tuple[float, ...]]
    merge: str = "flatten"
    has_width: bool = False
    is_backbone: bool = False


def build(
    name: str,
    entry: Entry,
    size: int,
    channels: int,
    width: int,
    form: str | None,
    num_classes: int | None,
) -> Autoencoder:
    """Build a network with random weights.

    Args:
        name: Its name in the catalogue, or timm's or torchvision's.
        entry: Its line.
        size: Side of the images, pixels.
        channels: 1 or 3.
        width: Channels of the first layer.
        form: The decoder; None for the network's own.
        num_classes: With it the network is a classifier.

    Returns:
        The network.

    Raises:
        UsageError: For options that exclude each other or that the network does not have.
    """
    if num_classes is None and name == "lenet" and form is None:
        num_classes = NUM_LENET_CLASSES
    if num_classes is None:
        return _build_autoencoder(name, entry, size, channels, width, form)
    if form not in (None, "none"):
        conflict = f"decoder {form!r} and num_classes {num_classes} exclude each other"
        raise UsageError(f"{conflict}: a classifier has no decoder; leave one out")
    network = _build_autoencoder(name, entry, size, channels, width, "none")
    if name != "lenet" or form == "none":
        return with_classes(network, num_classes)
    head = lenet_head(size, num_classes)
    return Classifier(network.encoder, head, architecture=name, preprocessing=network.preprocessing)


def _build_autoencoder(
    name: str, entry: Entry, size: int, channels: int, width: int, form: str | None
) -> Autoencoder:
    if entry.is_backbone:
        return _build_backbone(name, entry, size, channels, form)
    encoder = _encoder(name, size, channels, width)
    smallest = smallest_input(encoder)
    if smallest and size < max(smallest):
        raise UnpoolError(f"size {size} is too small for {name}; the smallest it takes is {pixels(smallest)}")
    prepared = _preprocessing(entry, size, channels)
    decoder = _decoder(name, encoder, size, channels, width, form)
    return Autoencoder(encoder, decoder, architecture=name, preprocessing=prepared, merge=entry.merge)


def _encoder(name: str, size: int, channels: int, width: int) -> nn.Sequential:
    if name.startswith("vgg"):
        return encoders.vgg(int(name[3:5]), channels)
    builders: dict[str, Callable[[], nn.Sequential]] = {
        "conv": lambda: encoders.conv(channels, size, width),
        "conv-small": lambda: encoders.conv_small(channels, width),
        "dense": lambda: encoders.dense(channels, size),
        "lenet": lambda: encoders.lenet(channels),
        "unpooling": lambda: encoders.unpooling(channels),
        "strided": lambda: encoders.strided(channels),
        "denoiser": lambda: encoders.denoiser(channels),
        "sequence": lambda: encoders.sequence(channels, size),
    }
    return builders[name]()


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
    encoder, published_config = backbone(name, channels=channels, size=size)
    decoder: Decoder = NoDecoder()
    if form != "none":
        decoder = UpsamplingDecoder(
            encoder.out_channels, channels, reduction=encoder.reduction, form=form or "upsample"
        )
    prepared = _preprocessing(entry, size, channels, published_config)
    return Autoencoder(encoder, decoder, architecture=name, preprocessing=prepared, merge=entry.merge)


def _preprocessing(
    entry: Entry, size: int, channels: int, config: dict[str, object] | None = None
) -> Preprocessing:
    mean, std = entry.pixels
    if config:
        mean, std = tuple(config.get("mean", mean)), tuple(config.get("std", std))  # type: ignore[arg-type]
    if channels != len(mean):
        mean, std = (sum(mean) / len(mean),) * channels, (sum(std) / len(std),) * channels
    return Preprocessing(size, channels, mean, std)
