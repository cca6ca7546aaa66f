"""Convert pixels to sRGB by a colour profile."""

from __future__ import annotations

import functools
import io
import threading
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from PIL import Image, ImageCms

from unpool.images.colour.file_profiles import ColourProfile
from unpool.images.reading.notes import Note

Transform: TypeAlias = ImageCms.ImageCmsTransform | Literal["srgb"]

MAX_PROFILE_BYTES = 16 * 2**20
MAX_SRGB_DIFFERENCE = 3  # grey levels up to which a profile counts as sRGB itself
NUM_PROBES = 9  # values a channel at which that is measured
# The colour space in a profile's header, by the modes of pixels that it can belong to.
_SPACES = {"L": "GRAY", "RGB": "RGB", "RGBA": "RGB", "CMYK": "CMYK"}
_CLASSES = ("scnr", "mntr", "prtr", "spac")
_building = threading.Lock()  # Little CMS reads profiles one at a time


class ProfileError(Exception):
    """A profile that cannot be used, and why."""


@dataclass(frozen=True)
class _Header:
    kind: str
    space: str


def to_srgb(image: Image.Image, profile: ColourProfile | None, notes: list[Note]) -> Image.Image:
    """Convert an image to sRGB.

    A profile that is damaged, or belongs to other pixels, is passed over with a note.

    Args:
        image: In L, RGB, RGBA or CMYK.
        profile: Of its file; None for none.
        notes: Receives what was passed over.

    Returns:
        The image in RGB or RGBA; the same one where its colours are sRGB already, or no profile can be used.
    """
    if profile is None or image.mode not in _SPACES:
        return image
    if profile.is_named and image.mode == "L":
        image = image.convert("RGB")
    try:
        transform = _transform(profile.content, image.mode)
    except ProfileError as error:
        if image.mode == "L" and _cached_transform(profile.content, "RGB") == "srgb":
            return image  # often left behind where a picture was made grey, and without effect
        notes.append(Note("profile", str(error)))
        return image
    if transform == "srgb":
        return image
    if image.mode == "RGBA":
        return _convert_opaque(image, transform)
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None
    return converted


def _convert_opaque(image: Image.Image, transform: ImageCms.ImageCmsTransform) -> Image.Image:
    """The colours converted and the alpha channel kept."""
    converted = ImageCms.applyTransform(image.convert("RGB"), transform)
    assert converted is not None
    converted.putalpha(image.getchannel("A"))
    return converted


def _transform(profile: bytes, mode: str) -> Transform:
    mode = "RGB" if mode == "RGBA" else mode
    if not profile:
        raise ProfileError("the colour profile is damaged")
    if len(profile) > MAX_PROFILE_BYTES:
        raise ProfileError(f"the colour profile has {len(profile):,} bytes")
    found = _cached_transform(profile, mode)
    if isinstance(found, ProfileError):
        raise found
    return found


@functools.lru_cache(maxsize=64)
def _cached_transform(profile: bytes, mode: str) -> Transform | ProfileError:
    try:
        with _building:
            return _build(profile, mode)
    except ProfileError as error:
        return error
    except Exception as error:  # Little CMS and Pillow raise several kinds
        return ProfileError(f"the colour profile is damaged ({' '.join(str(error).split())})")


def _build(profile: bytes, mode: str) -> Transform:
    header = _read_header(profile)
    if header.kind not in _CLASSES:
        raise ProfileError(f"a colour profile of class {header.kind!r} belongs to no picture")
    if header.space != _SPACES[mode]:
        raise ProfileError(f"a colour profile for {header.space} in a picture of {_SPACES[mode]}")
    opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    transform = ImageCms.buildTransform(
        opened, ImageCms.createProfile("sRGB"), mode, "RGB", ImageCms.Intent.PERCEPTUAL,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )  # fmt: skip
    return "srgb" if mode != "CMYK" and _is_identity(transform, mode) else transform


def _read_header(profile: bytes) -> _Header:
    if len(profile) < 132 or profile[36:40] != b"acsp":
        raise ProfileError("the colour profile is damaged")
    kind, space = (profile[start : start + 4].decode("ascii", "replace").strip() for start in (12, 16))
    return _Header(kind, space)


def _is_identity(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    steps = np.linspace(0, 255, NUM_PROBES).astype(np.uint8)
    if mode == "L":
        probe = np.arange(256, dtype=np.uint8)[None]
        expected = np.repeat(probe[..., None], 3, axis=2)
    else:
        probe = expected = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
    converted = ImageCms.applyTransform(Image.fromarray(probe), transform)
    assert converted is not None
    return bool(np.abs(np.asarray(converted).astype(int) - expected).max() <= MAX_SRGB_DIFFERENCE)
