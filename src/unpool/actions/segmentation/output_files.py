"""Output files of `segment predict`: label map, overlay, probabilities.

Each is written whole or not at all.

H, W height and width, K classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from unpool.actions.outputs.names import place_of
from unpool.actions.outputs.tiff import import_tifffile
from unpool.core.atomic_files import write_whole
from unpool.images.masks.pixel_classes import IGNORE, PixelClasses
from unpool.inference.predict_mask import LabelFile, state_file

LARGE_PIXELS = 50_000_000  # above, the label map is a TIFF written in tiles, and the overlay is reduced
OVERLAY_SIDE = 4096  # pixels, of a large image's overlay
TILE = 512  # pixels a side, of the TIFF's tiles
ENDINGS = LABELS, LARGE_LABELS, OVERLAY, PROBABILITIES = ".png", ".tif", ".overlay.png", ".probabilities.tif"
Reader = Callable[[int, int], np.ndarray]


@dataclass(frozen=True)
class OutputPaths:
    """The paths of one image's files.

    Args:
        out: the output folder.
        name: the image's key without its ending.
        with_probabilities: whether probabilities are written too.
    """

    out: Path
    name: str
    with_probabilities: bool

    @property
    def folder(self) -> Path:
        return (self.out / self.name).parent

    def file(self, ending: str) -> Path:
        return place_of(self.out, self.name, ending)

    def files(self, is_large: bool) -> list[Path]:
        """List what is written for an image, small or large."""
        endings = [LARGE_LABELS if is_large else LABELS, OVERLAY]
        return [self.file(ending) for ending in endings + [PROBABILITIES] * self.with_probabilities]

    @property
    def label_map(self) -> Path:
        """The label map that is there, small or large."""
        small = self.file(LABELS)
        return small if small.is_file() else self.file(LARGE_LABELS)

    def all_paths(self) -> list[Path]:
        """List all that may be written for an image."""
        return [self.file(ending) for ending in ENDINGS]

    @property
    def scratch(self) -> Path:
        """The unfinished label map of a large image."""
        return self.folder / f".{Path(self.name).name}.labels"

    @property
    def probabilities_file(self) -> Path:
        """The unfinished probabilities of a large image."""
        return self.scratch.with_suffix(".tif")


def write_small(
    paths: OutputPaths,
    pixels_HW3: np.ndarray,
    label_HW: np.ndarray,
    probability_KHW: np.ndarray | None,
    classes: PixelClasses,
) -> None:
    """Write STEM.png, STEM.overlay.png and STEM.probabilities.tif.

    Args:
        paths: where.
        pixels_HW3: the image, uint8.
        label_HW: positions of classes.
        probability_KHW: of each class; None: not written.
        classes: values and colours.
    """
    from unpool.report.segments import overlay

    if probability_KHW is not None:
        write_whole(paths.file(PROBABILITIES), partial(_write_probabilities, probability_KHW))
    overlaid = Image.fromarray(overlay(pixels_HW3, label_HW, classes.colours))
    write_whole(paths.file(OVERLAY), lambda part: overlaid.save(part, "PNG", compress_level=3))
    image = Image.fromarray(output_value_table(classes)[label_HW], "P")
    image.putpalette(palette(classes).ravel().tolist())
    write_whole(paths.file(LABELS), lambda part: image.save(part, "PNG"))


def write_large(paths: OutputPaths, labels: LabelFile, read: Reader, classes: PixelClasses) -> None:
    """Write STEM.tif and a reduced STEM.overlay.png of a large image.

    Args:
        paths: where; unfinished files are removed at the end.
        labels: the label map in a file.
        read: reads rows of the image.
        classes: values and colours.
    """
    overlaid = Image.fromarray(np.concatenate(list(_reduced(labels, read, classes))))
    write_whole(paths.file(OVERLAY), lambda part: overlaid.save(part, "PNG", compress_level=3))
    write_whole(paths.file(LARGE_LABELS), partial(_write_tiles, labels, classes))
    if paths.with_probabilities:
        paths.probabilities_file.replace(paths.file(PROBABILITIES))
    for left in (state_file(paths.scratch), paths.scratch, paths.probabilities_file):
        left.unlink(missing_ok=True)


def output_value_table(classes: PixelClasses) -> np.ndarray:
    """Tabulate mask values by class position, (256,) uint8."""
    table = np.arange(256, dtype=np.uint8)
    table[: len(classes)] = classes.output_values
    return table


def tabulate_positions(classes: PixelClasses) -> np.ndarray:
    """Tabulate class positions by mask value, (256,) uint8."""
    table = np.full(256, IGNORE, np.uint8)
    table[list(classes.output_values)] = np.arange(len(classes))
    return table


def palette(classes: PixelClasses) -> np.ndarray:
    """Tabulate colours by mask value, (256, 3) uint8."""
    table = np.zeros((256, 3), np.uint8)
    for value, colour in zip(classes.output_values, classes.colours, strict=True):
        table[value] = colour
    return table


def _reduced(labels: LabelFile, read: Reader, classes: PixelClasses) -> Iterator[np.ndarray]:
    """The rows of a reduced overlay, some at a time: single pixels of the image, at even distances."""
    from unpool.report.segments import overlay

    step = -(-max(labels.height, labels.width) // OVERLAY_SIDE)
    rows = max(1, TILE // step) * step
    every_step = (slice(None, None, step), slice(None, None, step))
    for top in range(0, labels.height, rows):
        bottom = min(labels.height, top + rows)
        yield overlay(read(top, bottom)[every_step], labels.read(top, bottom)[every_step], classes.colours)


def _write_tiles(labels: LabelFile, classes: PixelClasses, part: Path) -> None:
    tifffile, table = import_tifffile(), output_value_table(classes)
    height, width = labels.height, labels.width

    def tiles() -> Iterator[np.ndarray]:
        for top in range(0, height, TILE):
            label_RW = table[labels.read(top, top + TILE)]
            for left in range(0, width, TILE):
                piece = label_RW[:, left : left + TILE]
                yield np.pad(piece, ((0, TILE - piece.shape[0]), (0, TILE - piece.shape[1])))

    with tifffile.TiffWriter(part, bigtiff=height * width > 2**31) as tiff:
        tiff.write(
            tiles(), shape=(height, width), dtype=np.uint8, tile=(TILE, TILE), compression="zlib",
            photometric="palette", colormap=palette(classes).T.astype(np.uint16) * 257,
        )  # fmt: skip


def _write_probabilities(probability_KHW: np.ndarray, part: Path) -> None:
    import_tifffile().imwrite(
        part, probability_KHW, photometric="minisblack", compression="zlib", metadata={"axes": "CYX"}
    )
