"""What becomes of an image and its label map before they are trained on, by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from unpool.errors import unknown_name
from unpool.images.augment.augmentation import Augmentation, read_augmentation
from unpool.images.augment.transform_specs import Step
from unpool.images.masks.pixel_classes import IGNORE

CROPS = ("scenes", "crop", "none")
JITTER = {"brightness": 0.3, "contrast": 0.3, "saturation": 0.3}


def crops_named(text: str, size: int, ignored: int = IGNORE) -> Augmentation:
    """Crops of `size` pixels a side, with their masks.

    `scenes`: enlarged by 0.6 to 1.8, mirrored half the time, and other in brightness, contrast and saturation;
    `crop`: enlarged by 0.6 to 1.8; `none`: as they are. What lies outside an image is ignored. The transforms of a
    FILE.yaml move images and masks together, and end in a crop.

    Raises `UsageError` for an unknown name or a file that is wrong.

    >>> import torch
    >>> x, mask = torch.zeros(3, 40, 50, dtype=torch.uint8), torch.zeros(40, 50, dtype=torch.uint8)
    >>> crop, cropped = crops_named("scenes", 32).train_view(x, seed=0, epoch=0, index=0, mask_HW=mask)
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
