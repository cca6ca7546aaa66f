"""Write label maps in every format of `segment predict --to`, and compare what other ways of filling make of them.

    python benchmarks/mask_formats.py FOLDER [--limit N]

FOLDER holds masks of whole numbers, such as data sets and `segment predict` have. For each format the label maps are
written, then read in again; outlines are also filled by pycocotools, by Pillow with the border, as LabelMe and
Ultralytics do, and by counting the centres of pixels. A line of JSON has the seconds and bytes of each format and the
worst intersection over union of any region.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from pycocotools import mask as coco

from unpool.actions.sharing.annotations.mask_formats import MASK_FORMATS
from unpool.actions.sharing.annotations.predicted_masks import MaskRequest, PredictedMask
from unpool.images.annotations.bridges import bridge_holes
from unpool.images.annotations.class_names import learn_names, plan_folder
from unpool.images.annotations.pairing import find_labelled_pairs
from unpool.images.annotations.regions import find_regions, find_runs
from unpool.images.masks.label_maps import read_label_map
from unpool.images.masks.mask_values import count_values

Fill = Callable[[np.ndarray, int, int], np.ndarray]


def fill_by_coco(vertex_V2: np.ndarray, height: int, width: int) -> np.ndarray:
    """Fill as pycocotools does, (height, width) bool."""
    return coco.decode(coco.frPyObjects([vertex_V2.reshape(-1).tolist()], height, width))[..., 0] > 0


def fill_by_pillow(vertex_V2: np.ndarray, height: int, width: int) -> np.ndarray:
    """Fill with the border, as LabelMe does, (height, width) bool."""
    image = Image.new("L", (width, height))
    ImageDraw.Draw(image).polygon([(x, y) for x, y in vertex_V2.tolist()], outline=1, fill=1)
    return np.asarray(image) > 0


def fill_by_centres(vertex_V2: np.ndarray, height: int, width: int) -> np.ndarray:
    """Fill the pixels whose centres are inside by the even-odd rule, (height, width) bool."""
    next_V2 = np.roll(vertex_V2, -1, axis=0)
    is_vertical_V = vertex_V2[:, 0] == next_V2[:, 0]  # the others are horizontal
    x_S = np.ceil(vertex_V2[is_vertical_V, 0] - 0.5).astype(int)
    ends_S2 = np.sort(np.stack([vertex_V2[is_vertical_V, 1], next_V2[is_vertical_V, 1]], axis=1), axis=1)
    first_S, last_S = np.ceil(ends_S2 - 0.5).astype(int).T
    num_S = last_S - first_S
    rows = np.arange(num_S.sum()) - np.repeat(np.cumsum(num_S) - num_S - first_S, num_S)
    change_HW = np.zeros((height, width + 1), np.int32)
    np.add.at(change_HW, (rows, np.repeat(x_S, num_S)), 1)
    inside_HW: np.ndarray = np.cumsum(change_HW[:, :-1], axis=1) % 2 == 1
    return inside_HW


FILLS: dict[str, Fill] = {"pycocotools": fill_by_coco, "pillow": fill_by_pillow, "centres": fill_by_centres}


def compare_fills(label_HW: np.ndarray) -> tuple[int, int, dict[str, float]]:
    """Count the regions of a label map and those with holes; the worst overlap of each way of filling."""
    worst = dict.fromkeys(FILLS, 1.0)
    regions = list(find_regions(find_runs([label_HW])))
    for region in regions:
        left, top, width, height = region.box
        vertex_V2 = bridge_holes(region) - [left, top]
        own_HW = region.fill_box() > 0
        for name, fill in FILLS.items():
            found_HW = fill(vertex_V2, height, width)
            worst[name] = min(worst[name], float((found_HW & own_HW).sum() / (found_HW | own_HW).sum()))
    return len(regions), sum(bool(region.holes) for region in regions), worst


def measure_format(name: str, files: list[Path], num_classes: int, folder: Path) -> dict[str, object]:
    """Write label maps in a format and read them in again."""
    images, out = folder / "images", folder / name
    out.mkdir()
    names = [f"class {number}" for number in range(num_classes)]
    masks = [
        PredictedMask(file.name, images / file.name, file.stem, file, np.arange(256, dtype=np.uint8))
        for file in files
    ]
    began = time.perf_counter()
    path = MASK_FORMATS[name].write(MaskRequest(masks, names, [(0, 0, 0)] * num_classes, out, "model")).path
    written = time.perf_counter()
    found = find_labelled_pairs(images, path)
    values, problems = count_values(found.pairs, 1)
    read = time.perf_counter()
    assert found.drawn is not None
    classes, _ = learn_names([(found.drawn, values)], None)
    reading = plan_folder(found, classes, values)
    positions = np.array([names.index(each) for each in classes.names])
    num_exact = 0
    for pair in found.pairs:
        label_HW = np.asarray(Image.open(files[0].parent / pair.path))
        num_exact += bool((positions[read_label_map(pair, reading).label_HW] == label_HW).all())
    return {
        "exact": num_exact, "of": len(files), "problems": len(problems), "write_seconds": round(written - began, 2),
        "read_seconds": round(read - written, 2),
        "bytes": sum(file.stat().st_size for file in out.rglob("*") if file.is_file()),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=int, default=None, help="label maps; all by default")
    options = parser.parse_args()
    files = sorted(options.folder.glob("*.png"))[: options.limit]
    labels = [np.asarray(Image.open(file)) for file in files]
    num_classes = 1 + max(int(label_HW.max()) for label_HW in labels)
    worst, num_regions, num_holed = dict.fromkeys(FILLS, 1.0), 0, 0
    for label_HW in labels:
        regions, holed, found = compare_fills(label_HW)
        num_regions, num_holed = num_regions + regions, num_holed + holed
        worst = {name: min(worst[name], found[name]) for name in worst}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "images").mkdir()
        for file, label_HW in zip(files, labels, strict=True):
            Image.fromarray(np.zeros((*label_HW.shape, 3), np.uint8)).save(folder / "images" / file.name)
        formats = {name: measure_format(name, files, num_classes, folder) for name in MASK_FORMATS}
    print(
        json.dumps(
            {
                "maps": len(files),
                "regions": num_regions,
                "with_holes": num_holed,
                "worst_iou": worst,
                **formats,
            }
        )
    )


if __name__ == "__main__":
    main()
