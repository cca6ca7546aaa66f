"""Output files of `inspect predict`: heat map, overlay, heat values.

Each is written whole or not at all.

H, W height and width of the image; h, w of its heat map, which covers it all.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from unpool.actions.outputs.names import place_of
from unpool.actions.outputs.tiff import import_tifffile
from unpool.analysis.anomaly.regions import Region, find_worst_region
from unpool.core.atomic_files import write_whole
from unpool.inference.inspection.inspector import resize_heat
from unpool.report.heat import lay_heat_over, paint_heat, reduce_rows, reduced_size

ENDINGS = HEAT, OVERLAY, VALUES = ".heat.png", ".overlay.png", ".heat.tif"
REGION_SIDE = 1024  # pixels, of the heat map that regions are found in
VALUES_SIDE = 4096  # pixels, of the heat values
VALUES_RANGE = 4.0  # the largest value of 16 bits, times the heat that is a defect
WHITE = 65535
PNG_LEVEL = 1  # 3 takes half as long again, for files that are a tenth smaller

ReadRows = Callable[[int, int], np.ndarray]


@dataclass(frozen=True)
class HeatPaths:
    """The paths of one image's files.

    Args:
        out: the output folder.
        name: the image's key without its ending.
    """

    out: Path
    name: str

    def files(self, *, pictures: bool, values: bool) -> list[Path]:
        """List what is written: pictures, heat values."""
        endings = [HEAT, OVERLAY] * pictures + [VALUES] * values
        return [self.file(ending) for ending in endings]

    def file(self, ending: str) -> Path:
        return place_of(self.out, self.name, ending)

    def all_paths(self) -> list[Path]:
        """List all that may be written for an image."""
        return [self.file(ending) for ending in ENDINGS]


@dataclass(frozen=True)
class SeenImage:
    """An image and its heat map.

    Args:
        height: pixels.
        width: pixels.
        read: reads rows of it, (rows, W, 3) uint8.
        heat_hw: the heat of all of it.
        heat_threshold: a heat above it is part of a defect.
    """

    height: int
    width: int
    read: ReadRows
    heat_hw: np.ndarray
    heat_threshold: float

    def find_region(self) -> Region:
        """Find the worst region, in pixels of the image."""
        heat_HW = self._resize(REGION_SIDE)
        return find_worst_region(heat_HW, self.heat_threshold, self.height, self.width)

    def write_pictures(self, paths: HeatPaths, region: Region) -> None:
        """Write STEM.heat.png and STEM.overlay.png.

        Both are reduced to at most 2,048 pixels a side.

        Args:
            paths: where.
            region: the worst one, whose box is drawn.
        """
        painted, overlaid = self.draw_pictures(region)
        write_whole(paths.file(HEAT), lambda part: painted.save(part, "PNG", compress_level=PNG_LEVEL))
        write_whole(paths.file(OVERLAY), lambda part: overlaid.save(part, "PNG", compress_level=PNG_LEVEL))

    def draw_pictures(self, region: Region) -> tuple[Image.Image, Image.Image]:
        """Draw the heat map, alone and over the image.

        The latter with the box of a region.
        """
        pixels_HW3 = reduce_rows(self.read, self.height, self.width)
        height, width = pixels_HW3.shape[:2]
        heat_HW = resize_heat(self.heat_hw, height, width)
        overlaid = lay_heat_over(pixels_HW3, heat_HW, self.heat_threshold, self._box(region, width))
        return paint_heat(heat_HW, self.heat_threshold), overlaid

    def write_values(self, paths: HeatPaths, model: str) -> None:
        """Write STEM.heat.tif: the heat in 16 bits.

        A value of 65,535 is a heat of four times the threshold, or more. The file's description, JSON, says so.

        Args:
            paths: where.
            model: id of the model.
        """
        heat_HW = self._resize(VALUES_SIDE)
        white = VALUES_RANGE * self.heat_threshold
        scale = WHITE / white if white > 0 else 0.0
        value_HW = np.clip(np.round(heat_HW * scale), 0, WHITE).astype(np.uint16)
        description = {
            "heat_of_65535": white, "heat_threshold": self.heat_threshold, "width": self.width,
            "height": self.height, "model": model,
        }  # fmt: skip
        write_whole(paths.file(VALUES), partial(_write_tiff, value_HW, json.dumps(description)))

    def _resize(self, max_side: int) -> np.ndarray:
        return resize_heat(self.heat_hw, *reduced_size(self.height, self.width, max_side))

    def _box(self, region: Region, width: int) -> tuple[int, int, int, int] | None:
        """Left, top, right and bottom of a region in a reduced picture."""
        if not region.area:
            return None
        step = -(-self.width // width)
        right, bottom = region.x + region.width, region.y + region.height
        return region.x // step, region.y // step, -(-right // step), -(-bottom // step)


def _write_tiff(value_HW: np.ndarray, description: str, part: Path) -> None:
    import_tifffile().imwrite(
        part, value_HW, photometric="minisblack", compression="zlib", description=description, metadata=None
    )
