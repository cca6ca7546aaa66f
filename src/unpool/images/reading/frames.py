"""Choose the frame that stands for an animation."""

from __future__ import annotations

from PIL import Image

from unpool.errors import UnreadableImageError
from unpool.images.reading.notes import Note
from unpool.images.reading.upright import averageable, upright_rgb
from unpool.images.tiff.reader import MIN_CONTRAST, MIN_CONTRAST_SHARE, NUM_SAMPLED

MAX_FRAME_PIXELS = 64_000_000  # of all frames up to the last one that is looked at; each has to be decoded
SAMPLE_SIDE = 32
VERSION_INFO = 1057  # the resource of a PSD that says whether it holds the picture of all layers
_ANIMATED = frozenset({"GIF", "PNG", "WEBP", "AVIF"})
_NAMED_FIRST = {"HEIF": "the one that the file names first", "ICO": "the largest"}


def choose_frame(image: Image.Image, image_format: str, notes: list[Note]) -> Image.Image:
    """Choose the frame that stands for a file.

    The first one is taken if it shows something: if its contrast is that of a photograph, or half that of the best of
    five. Otherwise the best is taken, as animations begin with a blank sheet or fade in. A picture of a PNG that is
    not part of its animation is none of its frames.

    Args:
        image: Opened, not loaded.
        image_format: By Pillow's name.
        notes: Receives which of several frames is shown.

    Returns:
        The image itself where it is a still; otherwise the frame.

    Raises:
        UnreadableImageError: `unsupported`, for layers without a picture of all of them.
    """
    if image_format in _NAMED_FIRST:
        num_frames = len(image.info["sizes"]) if image_format == "ICO" else image.n_frames  # type: ignore[attr-defined]
        if num_frames > 1:
            notes.append(Note("frame", f"{_NAMED_FIRST[image_format]} of {num_frames}"))
        return image
    if image_format == "PSD":
        _check_composite(image)
    num_frames = getattr(image, "n_frames", 1) if image_format in _ANIMATED else 1
    if num_frames == 1:
        return image
    first = 1 if getattr(image, "default_image", False) else 0
    best, frame = _find_best(image, first, num_frames - first)
    notes.append(Note("frame", f"{best - first + 1} of {num_frames - first}"))
    return frame


def _check_composite(image: Image.Image) -> None:
    """Check that a PSD holds the picture of all its layers.

    Source: Adobe Photoshop File Formats Specification, image resource 1057.
    """
    resources: list[tuple[int, str, bytes]] = getattr(image, "resources", [])
    if any(number == VERSION_INFO and data[4:5] == b"\0" for number, _, data in resources):
        raise UnreadableImageError(
            "unsupported", "it holds layers only; save it with maximised compatibility, or as PNG"
        )


def _find_best(image: Image.Image, first: int, num_frames: int) -> tuple[int, Image.Image]:
    """The number of the frame to be taken, from 0 with a PNG's picture before the animation, and the frame."""
    num_bounded = max(1, min(num_frames, MAX_FRAME_PIXELS // (image.width * image.height)))
    steps = {round(step * (num_bounded - 1) / (NUM_SAMPLED - 1)) for step in range(NUM_SAMPLED)}
    samples: list[tuple[float, int, Image.Image]] = []
    for number in sorted(first + step for step in steps):
        image.seek(number)
        frame = image.copy()
        samples.append((_measure_contrast(frame) if num_bounded > 1 else 0.0, number, frame))
    contrast, number, frame = samples[0]
    best = max(samples, key=lambda sample: (sample[0], -sample[1]))
    return (number, frame) if contrast >= min(MIN_CONTRAST, MIN_CONTRAST_SHARE * best[0]) else best[1:]


def _measure_contrast(frame: Image.Image) -> float:
    """The standard deviation of a frame's strongest channel at a small size, on its ground."""
    pixels_HW3 = upright_rgb(averageable(frame), 1, SAMPLE_SIDE, (0, 0, *frame.size), None, [])
    return float(pixels_HW3.std(axis=(0, 1)).max())
