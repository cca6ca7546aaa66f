"""What each encoder lacks on this machine.

Caches are looked into; no network is asked.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TypedDict

from unpool.core.user_cache import is_kept
from unpool.engines.speeds import read_speed
from unpool.inference.exports import as_file_name, digest_versions
from unpool.inference.vectors import timm_model
from unpool.inference.words import two_towers
from unpool.networks.encoders.functions import find_entry_point, list_entry_points
from unpool.networks.encoders.recommended import QUALITY_SOURCES, RECOMMENDED, Recommended
from unpool.networks.encoders.timm_names import is_timm

DOWNLOAD, TRAINING, WORDS = "download", "training", "unpool[words]"
WEIGHT_FILES = (
    "model.safetensors", "pytorch_model.bin", "open_clip_model.safetensors", "open_clip_pytorch_model.bin",
)  # fmt: skip
FUNCTION_SIDE = 2048  # pixels of the longer side of what a function gets, at most


class EncoderRow(TypedDict):
    """An encoder, for JSON and the terminal.

    `needs` is what it lacks here: a download, an extra or training; None where it can be used now.
    """

    network: str
    size: int
    description: str
    licence: str | None
    megabytes: int | None
    dimension: int | None
    images_per_second: float | None
    text: bool
    needs: str | None
    quality: str | None
    source: str | None


def list_encoders() -> list[EncoderRow]:
    """List the recommended encoders, and those of installed packages."""
    return [_row(each) for each in RECOMMENDED] + [_installed_row(name) for name in list_entry_points()]


def plain_row(network: str, size: int, description: str) -> EncoderRow:
    """Describe a network that has to be trained.

    Args:
        network: Its name.
        size: Side of its images, pixels.
        description: For people.

    Returns:
        Its row, without figures.
    """
    return EncoderRow(
        network=network, size=size, description=description, licence=None, megabytes=None, dimension=None,
        images_per_second=read_speed(network), text=False, needs=TRAINING, quality=None, source=None,
    )  # fmt: skip


def find_need(encoder: Recommended) -> str | None:
    """Say what an encoder lacks here.

    Args:
        encoder: Of the list.

    Returns:
        An extra that is not installed, a download, or None.
    """
    if encoder.place == "open_clip" and find_spec("open_clip") is None:
        return WORDS
    is_here = encoder.place == "package" or _is_converted(encoder) or _is_fetched(encoder.repository)
    return None if is_here else DOWNLOAD


def _row(encoder: Recommended) -> EncoderRow:
    return EncoderRow(
        network=encoder.name, size=encoder.size, description=encoder.description, licence=encoder.licence,
        megabytes=encoder.megabytes, dimension=encoder.dimension, images_per_second=read_speed(encoder.name),
        text=encoder.text, needs=find_need(encoder), quality=encoder.quality, source=QUALITY_SOURCES[encoder.source],
    )  # fmt: skip


def _installed_row(name: str) -> EncoderRow:
    described = plain_row(name, FUNCTION_SIDE, f"{find_entry_point(name)} of an installed package")
    return {**described, "needs": None}


def _is_converted(encoder: Recommended) -> bool:
    """Whether unpool has kept it, converted for ONNX Runtime."""
    if encoder.place == "open_clip":
        return is_kept(two_towers.entry_of(encoder.name))
    if is_timm(encoder.name):
        return is_kept(timm_model.entry_of(encoder.name))
    return is_kept(f"pretrained-{as_file_name(encoder.name)}-{digest_versions(encoder.name)}")


def _is_fetched(repository: str) -> bool:
    """Whether the hub's cache has its weights."""
    from huggingface_hub import try_to_load_from_cache

    return any(isinstance(try_to_load_from_cache(repository, name), str) for name in WEIGHT_FILES)
