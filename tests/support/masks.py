"""Small scenes with their masks, made by the tests: discs and bars of known classes on grounds of other colours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from unpool.images.masks.folder_reading import FolderReading
from unpool.images.masks.label_maps import read_label_map
from unpool.images.masks.pairs import Pair
from unpool.images.masks.pixel_classes import PixelClasses
from unpool.networks.segmentation.segmenter import Segmenter

COLOURS = np.array([(40, 60, 90), (220, 60, 50), (60, 190, 80)], np.uint8)  # ground, disc, bar


def scene(seed: int, height: int = 48, width: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """An image (H, W, 3) uint8 and its classes (H, W) uint8: 0 ground, 1 disc, 2 bar."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    label = np.zeros((height, width), np.uint8)
    top = int(rng.integers(0, height - 8))
    label[top : top + 8] = 2
    y, x, radius = rng.integers(8, height - 8), rng.integers(8, width - 8), rng.integers(7, 13)
    label[(rows - y) ** 2 + (columns - x) ** 2 < radius**2] = 1
    noise = rng.normal(0, 25, (height, width, 3))
    return np.clip(COLOURS[label] + noise, 0, 255).astype(np.uint8), label


def write_scenes(folder: Path, count: int, start: int = 0, **size: int) -> tuple[Path, Path]:
    """The folders images and masks of `count` scenes, masks as grey PNGs of class numbers."""
    images, masks = folder / "images", folder / "masks"
    for each in (images, masks):
        each.mkdir(parents=True, exist_ok=True)
    for number in range(start, start + count):
        pixels, label = scene(number, **size)
        Image.fromarray(pixels).save(images / f"{number:03d}.png")
        Image.fromarray(label).save(masks / f"{number:03d}.png")
    return images, masks


def make_undecided(network: Segmenter) -> None:
    """Give an untrained network classes that all occur in a scene: else it may say one and the same everywhere."""
    x_BCHW = torch.from_numpy(scene(0, 96, 96)[0]).permute(2, 0, 1)[None] / 127.5 - 1
    with torch.no_grad():
        network.train()
        for _ in range(30):  # until the statistics of BatchNorm have settled
            network(x_BCHW)
        scores_BKHW = network.eval()(x_BCHW)
        network.decoder.score.bias -= scores_BKHW.mean(dim=(0, 2, 3))


def read_labels(pair: Pair, classes: PixelClasses, *, unknown: str = "refuse") -> np.ndarray:
    """The positions of classes of a mask, (H, W) uint8, read by these classes alone."""
    return read_label_map(pair, FolderReading(classes, unknown)).label_HW


def positions(classes: PixelClasses, *values: int) -> list[int]:
    """The positions of classes of mask values; 255 where a value is no class."""
    found: list[int] = classes.read(np.array(values))[0].tolist()
    return found
