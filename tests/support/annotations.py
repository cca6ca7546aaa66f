"""Label maps with all that outlines can have, and rasterisers that are not unpool's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from unpool.actions.sharing.annotations.predicted_masks import MaskRequest, PredictedMask
from unpool.images.annotations.regions import Region, find_regions, find_runs

NAMES = ("background", "disc", "a bar, <wide>")
COLOURS = ((0, 0, 0), (200, 10, 20), (3, 4, 5))


def speckled(seed: int, height: int = 24, width: int = 31, num_classes: int = 3) -> np.ndarray:
    """A label map (H, W) uint8 with holes, holes in holes, corners that touch and single pixels."""
    rng = np.random.default_rng(seed)
    coarse = np.kron(rng.integers(0, num_classes, (height // 4 + 1, width // 5 + 1)), np.ones((4, 5)))
    label_HW = coarse[:height, :width].astype(np.uint8)
    noisy = rng.random((height, width)) < 0.1
    label_HW[noisy] = rng.integers(0, num_classes, int(noisy.sum()))
    return label_HW


def regions_of(label_HW: np.ndarray, skip: Sequence[int] = ()) -> list[Region]:
    """The regions of a label map in memory."""
    return list(find_regions(find_runs([label_HW], skip)))


def pixels_of(region: Region, height: int, width: int) -> np.ndarray:
    """A region as (H, W) bool, from its runs alone."""
    covered_HW = np.zeros((height, width), bool)
    for row, start, end in zip(*region.runs[:3], strict=True):
        covered_HW[row, start:end] = True
    return covered_HW


def fill_by_centres(vertex_V2: np.ndarray, height: int, width: int) -> np.ndarray:
    """The pixels whose centres a polygon surrounds, by the even-odd rule: (H, W) bool."""
    x_HW, y_HW = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    inside_HW = np.zeros((height, width), bool)
    for (x0, y0), (x1, y1) in zip(vertex_V2, np.roll(vertex_V2, -1, axis=0), strict=True):
        if y0 != y1:
            crosses_HW = (y_HW >= min(y0, y1)) & (y_HW < max(y0, y1))
            inside_HW ^= crosses_HW & (x_HW < x0 + (y_HW - y0) * (x1 - x0) / (y1 - y0))
    return inside_HW


def fill_by_pillow(vertex_V2: np.ndarray, height: int, width: int) -> np.ndarray:
    """The pixels that Pillow fills and outlines, as LabelMe does: (H, W) bool."""
    image = Image.new("L", (width, height))
    ImageDraw.Draw(image).polygon([(x, y) for x, y in vertex_V2.tolist()], outline=1, fill=1)
    return np.asarray(image) > 0


def fill_by_coco(vertex_V2: np.ndarray, height: int, width: int) -> np.ndarray:
    """The pixels that pycocotools fills: (H, W) bool."""
    from pycocotools import mask as coco

    return coco.decode(coco.frPyObjects([vertex_V2.reshape(-1).tolist()], height, width))[..., 0] > 0


def write_request(folder: Path, labels: Sequence[np.ndarray], names: Sequence[str] = NAMES) -> MaskRequest:
    """Label maps as `segment predict` leaves them, with their images; they are to be written into `folder / out`."""
    masks = []
    for number, label_HW in enumerate(labels):
        key = f"in/{number}.png" if number else f"a b & é/{number}.png"
        image, file = folder / "images" / key, folder / f"{number}.png"
        image.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros((*label_HW.shape, 3), np.uint8)).save(image)
        Image.fromarray(label_HW).save(file)
        masks.append(
            PredictedMask(key, image, key.removesuffix(".png"), file, np.arange(256, dtype=np.uint8))
        )
    out = folder / "out"
    out.mkdir(exist_ok=True)
    return MaskRequest(masks, names, COLOURS, out, "model")


def unpack_brush(packed: Sequence[int]) -> list[int]:
    """The values of Label Studio's run lengths, one after the other, as the format is described."""
    bits = "".join(f"{byte:08b}" for byte in packed)
    place = 0

    def read(count: int) -> int:
        nonlocal place
        place += count
        return int(bits[place - count : place], 2)

    total, word = read(32), read(5) + 1
    sizes = [read(4) + 1 for _ in range(4)]
    values: list[int] = []
    while len(values) < total:
        is_repeated, count = read(1), read(sizes[read(2)]) + 1
        values += [read(word)] * count if is_repeated else [read(word) for _ in range(count)]
    return values
