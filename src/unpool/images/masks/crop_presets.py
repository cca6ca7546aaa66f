"""Named augmentations of images together with their label maps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from unpool.errors import UsageError, unknown_name
from unpool.images.augment.augmentation import Augmentation, read_augmentation
from unpool.images.augment.transform_specs import Step
from unpool.images.masks.pixel_classes import IGNORE

CROPS = ("scenes", "crop", "none")
SCALES = (0.6, 1.8)
MIN_FACTOR, MAX_FACTOR = 0.05, 20.0
JITTER = {"brightness": 0.3, "contrast": 0.3, "saturation": 0.3}


def parse_crops(
    text: str, size: int, ignored: int = IGNORE, scales: tuple[float, float] | None = None
) -> Augmentation:
    """Read an augmentation that ends in square crops.

    `scenes`: resized by 0.6 to 1.8, mirrored half the time, and other in brightness, contrast and saturation;
    `crop`: resized by 0.6 to 1.8; `none`: as they are. What lies outside an image is ignored. The transforms of a
    FILE.yaml move images and masks together, and end in a crop.

    Args:
        text: `scenes`, `crop`, `none` or a YAML file.
        size: Side of the crops, pixels.
        ignored: What masks hold outside the image.
        scales: Range of the factors of `scenes` and `crop`, evenly by their logarithm; None: 0.6 to 1.8, evenly.

    Returns:
        The augmentation.

    Raises:
        UsageError: For an unknown name or a file that is wrong, and scales beside what does not resize.

    >>> import torch
    >>> x, mask = torch.zeros(3, 40, 50, dtype=torch.uint8), torch.zeros(40, 50, dtype=torch.uint8)
    >>> crop, cropped = parse_crops("scenes", 32).train_view(x, seed=0, epoch=0, index=0, mask_HW=mask)
    >>> crop.shape, cropped.shape
    (torch.Size([3, 32, 32]), torch.Size([32, 32]))
    """
    whole: Step = {"random-scale-crop": {"size": size, "scale": [1.0, 1.0]}}
    if text in CROPS:
        if text == "none" and scales is not None:
            raise UsageError(
                "--scales and --augment none exclude each other: images are trained on as they are"
            )
        given = {"scale": list(scales or SCALES), "logarithmic": scales is not None}
        scaled: Step = {"random-scale-crop": {"size": size, **given}}
        steps = {
            "scenes": [scaled, "horizontal-flip", {"color-jitter": JITTER}],
            "crop": [scaled],
            "none": [whole],
        }
        return Augmentation(steps[text], mask_fill=ignored)
    if Path(text).suffix not in (".yaml", ".yml"):
        raise unknown_name("--augment", text, [*CROPS, "FILE.yaml"])
    if scales is not None:
        raise UsageError(
            f"--scales and --augment {text} exclude each other: give the file a random-scale-crop with that scale"
        )
    read = read_augmentation(text, ignored)
    assert not callable(read.train)
    return replace(read, train=[*read.train, whole])


def parse_scales(text: str | None) -> tuple[float, float] | None:
    """Read a range of factors, written LOW,HIGH.

    Args:
        text: the range; None: none is given.

    Returns:
        Both factors.

    Raises:
        UsageError: for anything else.

    >>> parse_scales("0.3,3")
    (0.3, 3.0)
    """
    if text is None:
        return None
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        low, high = 0.0, 0.0
    if not MIN_FACTOR <= low <= high <= MAX_FACTOR:
        raise UsageError(
            f"--scales is {text!r}, but must be two factors from {MIN_FACTOR:g} to {MAX_FACTOR:g}, the smaller first, "
            "as 0.3,3"
        )
    return low, high


def scale_range(text: str, scales: tuple[float, float] | None = None) -> tuple[float, float] | None:
    """Return the factors by which an augmentation resizes.

    Args:
        text: as `parse_crops` takes it.
        scales: the range given.

    Returns:
        The range; None for a file, whose transforms may do anything.

    >>> scale_range("none"), scale_range("scenes")
    ((1.0, 1.0), (0.6, 1.8))
    """
    if text not in CROPS:
        return None
    return (1.0, 1.0) if text == "none" else scales or SCALES
