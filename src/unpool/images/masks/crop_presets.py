"""Named augmentations of images together with their label maps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from unpool.errors import unknown_name
from unpool.images.augment.augmentation import Augmentation, read_augmentation
from unpool.images.augment.transform_specs import Step
from unpool.images.masks.pixel_classes import IGNORE

CROPS = ("scenes", "crop", "none")
JITTER = {"brightness": 0.3, "contrast": 0.3, "saturation": 0.3}


def parse_crops(text: str, size: int, ignored: int = IGNORE) -> Augmentation:
    """Read an augmentation that ends in square crops.

    `scenes`: enlarged by 0.6 to 1.8, mirrored half the time, and other in brightness, contrast and saturation;
    `crop`: enlarged by 0.6 to 1.8; `none`: as they are. What lies outside an image is ignored. The transforms of a
    FILE.yaml move images and masks together, and end in a crop.

    Args:
        text: `scenes`, `crop`, `none` or a YAML file.
        size: Side of the crops, pixels.
        ignored: What masks hold outside the image.

    Returns:
        The augmentation.

    Raises:
        UsageError: For an unknown name or a file that is wrong.

    >>> import torch
    >>> x, mask = torch.zeros(3, 40, 50, dtype=torch.uint8), torch.zeros(40, 50, dtype=torch.uint8)
    >>> crop, cropped = parse_crops("scenes", 32).train_view(x, seed=0, epoch=0, index=0, mask_HW=mask)
    >>> crop.shape, cropped.shape
    (torch.Size([3, 32, 32]), torch.Size([32, 32]))
    """
    whole: Step = {"random-scale-crop": {"size": size, "scale": [1.0, 1.0]}}
    if text in CROPS:
        scaled: Step = {"random-scale-crop": {"size": size}}
        steps = {
            "scenes": [scaled, "horizontal-flip", {"color-jitter": JITTER}],
            "crop": [scaled],
            "none": [whole],
        }
        return Augmentation(steps[text], mask_fill=ignored)
    if Path(text).suffix not in (".yaml", ".yml"):
        raise unknown_name("--augment", text, [*CROPS, "FILE.yaml"])
    read = read_augmentation(text, ignored)
    assert not callable(read.train)
    return replace(read, train=[*read.train, whole])
