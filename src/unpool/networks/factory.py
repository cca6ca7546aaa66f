"""An entry of the catalogue → its encoder, its decoder and what it is fed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from unpool.errors import UnpoolError, UsageError, unknown_name
from unpool.networks.autoencoder import Autoencoder, Preprocessing, smallest_input
from unpool.networks.classifier import Classifier, lenet_head, with_classes
from unpool.networks.decoders import published
from unpool.networks.decoders.base import Decoder, NoDecoder
from unpool.networks.decoders.mirror import FORMS, mirror
from unpool.networks.decoders.upsampling import UPSAMPLING_FORMS, UpsamplingDecoder
from unpool.networks.encoders import small as encoders
from unpool.networks.encoders.backbones import backbone
from unpool.networks.layers.windows import pixels

DIGITS = 10  # the classes of LeNet unless told otherwise


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


def build(
    name: str,
    entry: Entry,
    size: int,
    channels: int,
    width: int,
    form: str | None,
    num_classes: int | None,
) -> Autoencoder:
    """A network with random weights; the options are those of `build_network`, the sizes no longer open."""
    if num_classes is None and name == "lenet" and form is None:
        num_classes = DIGITS
    if num_classes is None:
        return _build_autoencoder(name, entry, size, channels, width, form)
    if form not in (None, "none"):
        told = (
            f"decoder {form!r} and num_classes {num_classes} exclude each other: a classifier has no decoder"
        )
        raise UsageError(f"{told}; leave one out")
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
    made = _decoder(name, encoder, size, channels, width, form)
    return Autoencoder(encoder, made, architecture=name, preprocessing=prepared, merge=entry.merge)


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
    return Autoencoder(encoder, made, architecture=name, preprocessing=prepared, merge=entry.merge)


def _preprocessing(
    entry: Entry, size: int, channels: int, told: dict[str, object] | None = None
) -> Preprocessing:
    mean, std = entry.pixels
    if told:
        mean, std = tuple(told.get("mean", mean)), tuple(told.get("std", std))  # type: ignore[arg-type]
    if channels != len(mean):
        mean, std = (sum(mean) / len(mean),) * channels, (sum(std) / len(std),) * channels
    return Preprocessing(size, channels, mean, std)
