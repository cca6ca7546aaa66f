"""Areas that annotations give.

Polygons, ellipses, run lengths, brushes and small pictures are drawn into the box that they need. A pixel belongs to a
polygon whose fill covers its centre, to a fifth of a pixel, as COCO's own tool fills.

H, W height and width, V vertices.
"""

from __future__ import annotations

import base64
import io
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image

from unpool.errors import UnreadableImageError
from unpool.images.annotations.brush import decode_brush
from unpool.images.annotations.run_lengths import expand, fill_columns, read_lengths
from unpool.images.reading.opening import MAX_PIXELS, check_size

NUM_CORNERS = 90  # of the polygon that stands for an ellipse
MAX_OUTSIDE = 2  # widths or heights of an image by which a polygon may leave it


class Cover(NamedTuple):
    """Which pixels an area covers.

    `is_covered_HW` is bool, its first pixel that of row `top` and column `left` of the image.
    """

    top: int
    left: int
    is_covered_HW: np.ndarray


class Area(ABC):
    """What one annotation covers."""

    @abstractmethod
    def cover(self, height: int, width: int) -> Cover:
        """Find the covered pixels of an image.

        Args:
            height, width: Of the image.

        Raises:
            UnreadableImageError: The area does not fit the image, or is damaged.
        """

    def measure(self, height: int, width: int) -> float:
        """Return about how many pixels of an image are covered."""
        return float(self.cover(height, width).is_covered_HW.sum())


@dataclass(frozen=True)
class Polygons(Area):
    """One or several polygons.

    Args:
        vertices: (V, 2) each, x and y in pixels from the outer corner of the first pixel.
        is_relative: Whether they are shares of width and height instead.
    """

    vertices: tuple[np.ndarray, ...]
    is_relative: bool = False

    def cover(self, height: int, width: int) -> Cover:
        """Fill the polygons."""
        from pycocotools import mask as coco

        scale_2 = np.array([width, height], np.float64) if self.is_relative else np.ones(2)
        polygons = [vertex_V2 * scale_2 for vertex_V2 in self.vertices]
        every_V2 = np.concatenate(polygons)
        limit_2 = MAX_OUTSIDE * np.array([width, height])
        if not (np.isfinite(every_V2).all() and (np.abs(every_V2) <= limit_2 + limit_2 / MAX_OUTSIDE).all()):
            raise UnreadableImageError(
                "damaged", f"a polygon lies far outside of the {width}×{height} pixels of the image"
            )
        flat = [vertex_V2.reshape(-1).tolist() for vertex_V2 in polygons]
        runs = coco.merge(coco.frPyObjects(flat, height, width))
        return Cover(*fill_columns(read_lengths(runs["counts"]), height, width))

    def measure(self, height: int, width: int) -> float:
        """Return the area of the polygons."""
        scale = height * width if self.is_relative else 1
        return scale * sum(map(_shoelace, self.vertices))


def _shoelace(vertex_V2: np.ndarray) -> float:
    x_V, y_V = vertex_V2[:, 0], vertex_V2[:, 1]
    return abs(float((x_V * np.roll(y_V, -1) - y_V * np.roll(x_V, -1)).sum())) / 2


def make_rectangle(
    left: float,
    top: float,
    right: float,
    bottom: float,
    rotation: float = 0,
    *,
    about_centre: bool = False,
) -> Polygons:
    """Build a rectangle.

    Args:
        left, top, right, bottom: Its sides, before it is turned.
        rotation: Degrees clockwise.
        about_centre: Turn it about its centre, not about its first corner.

    Returns:
        Its polygon.
    """
    corner_42 = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64)
    centre_2 = corner_42.mean(axis=0) if about_centre else corner_42[0]
    return Polygons((_rotate(corner_42, centre_2, rotation),))


def make_ellipse(x: float, y: float, radius_x: float, radius_y: float, rotation: float = 0) -> Polygons:
    """Build an ellipse.

    Args:
        x, y: Its centre.
        radius_x, radius_y: Half its width and height, before it is turned.
        rotation: Degrees clockwise about its centre.

    Returns:
        A polygon.
    """
    angle_V = np.arange(NUM_CORNERS) * 2 * np.pi / NUM_CORNERS
    vertex_V2 = np.stack([x + radius_x * np.cos(angle_V), y + radius_y * np.sin(angle_V)], axis=1)
    return Polygons((_rotate(vertex_V2, np.array([x, y]), rotation),))


def _rotate(vertex_V2: np.ndarray, centre_2: np.ndarray, degrees: float) -> np.ndarray:
    angle = np.radians(degrees)
    matrix_22 = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    rotated: np.ndarray = (vertex_V2 - centre_2) @ matrix_22 + centre_2
    return rotated


@dataclass(frozen=True)
class CocoRuns(Area):
    """Run lengths of a whole image, down its columns.

    Args:
        counts: Numbers, or COCO's text of them.
        size: Height and width.
    """

    counts: Sequence[int] | str
    size: tuple[int, int]

    def cover(self, height: int, width: int) -> Cover:
        """Write out the run lengths."""
        if self.size != (height, width):
            raise UnreadableImageError(
                "wrong-size",
                f"run lengths of {self.size[1]}×{self.size[0]} pixels, but the image has {width}×{height}",
            )
        if isinstance(self.counts, str):
            return Cover(*fill_columns(read_lengths(self.counts.encode("utf-8", "replace")), height, width))
        return Cover(*fill_columns(self.counts, height, width))


@dataclass(frozen=True)
class BoxRuns(Area):
    """CVAT's run lengths along the rows of a box.

    Args:
        counts: Zeros first.
        left, top, width, height: The box, in pixels.
    """

    counts: Sequence[int]
    left: int
    top: int
    width: int
    height: int

    def cover(self, height: int, width: int) -> Cover:
        """Write out the run lengths."""
        check_size(max(1, self.width), max(1, self.height), MAX_PIXELS)
        covered_HW = expand(self.counts, self.width * self.height).reshape(self.height, self.width)
        return Cover(self.top, self.left, covered_HW.astype(bool))


@dataclass(frozen=True)
class Brush(Area):
    """Label Studio's brush.

    Args:
        packed: Its bytes.
        size: Height and width of the image.
    """

    packed: Sequence[int]
    size: tuple[int, int]

    def cover(self, height: int, width: int) -> Cover:
        """Unpack what was painted."""
        return _crop(decode_brush(self.packed, *self.size))


@dataclass(frozen=True)
class Patch(Area):
    """LabelMe's mask: a small picture.

    Args:
        text: PNG in base64.
        left, top: Its place.
    """

    text: str
    left: int
    top: int

    def cover(self, height: int, width: int) -> Cover:
        """Decode the picture; what is not black is covered."""
        try:
            image = Image.open(io.BytesIO(base64.b64decode(self.text)), formats=["PNG"])
            check_size(image.width, image.height, MAX_PIXELS)
            covered_HW = np.asarray(image.convert("L")) > 0
        except (OSError, ValueError, SyntaxError) as error:
            raise UnreadableImageError("damaged", f"the picture of a mask cannot be read: {error}") from None
        return Cover(self.top, self.left, covered_HW)


def _crop(covered_HW: np.ndarray) -> Cover:
    rows, columns = np.flatnonzero(covered_HW.any(axis=1)), np.flatnonzero(covered_HW.any(axis=0))
    if not len(rows):
        return Cover(0, 0, covered_HW[:0, :0])
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    return Cover(int(rows[0]), int(columns[0]), covered_HW[box])
