"""Build networks from entries of the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from unpool.errors import UnpoolError, UsageError, unknown_name
from unpool.networks.autoencoder import Autoencoder, smallest_input
from unpool.networks.classifier import Classifier, lenet_head, with_classes
from unpool.networks.decoders.base import Decoder, NoDecoder
from unpool.networks.decoders.mirror import FORMS, mirror
from unpool.networks.decoders.upsampling import UPSAMPLING_FORMS, UpsamplingDecoder
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
        encoder: Builds its encoder from channels and size of the images and the width of the first layer; None for
            backbones.
        decoder: Builds its decoder from channels, size, width and the form that was requested, None for its own;
            a result of None is the encoder's mirror.
    """

    description: str
    size: int
    channels: int
    pixels: tuple[tuple[float, ...], tuple[float, ...]]
    merge: str = "flatten"
    has_width: bool = False
    is_backbone: bool = False
    encoder: Callable[[int, int, int], nn.Sequential] | None = None
    decoder: Callable[[int, int, int, str | None], Decoder | None] | None = None


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
    assert entry.encoder is not None  # of every network that is no backbone
    encoder = entry.encoder(channels, size, width)
    smallest = smallest_input(encoder)
    if smallest and size < max(smallest):
        raise UnpoolError(f"size {size} is too small for {name}; the smallest it takes is {pixels(smallest)}")
    prepared = _preprocessing(entry, size, channels)
    decoder = _decoder(entry, encoder, size, channels, width, form)
    return Autoencoder(encoder, decoder, architecture=name, preprocessing=prepared, merge=entry.merge)


def _decoder(
    entry: Entry, encoder: nn.Sequential, size: int, channels: int, width: int, form: str | None
) -> Decoder:
    if form == "none":
        return NoDecoder()
    if form is not None and form not in FORMS:
        raise unknown_name("decoder", form, [*FORMS, "none"])
    own = entry.decoder(channels, size, width, form) if entry.decoder else None
    return own or mirror(encoder, form or "unpool")


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
