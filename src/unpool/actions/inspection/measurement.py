"""Every image through an inspector, its heat beside its mask.

H, W height and width of a mask or an image, R rows of it, h, w of a heat map.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from threading import Lock

import numpy as np
from PIL import Image

from unpool.actions.inspection.defect_mask import DefectMask, read_defects
from unpool.actions.inspection.inspect_image import OpenedPicture, inspect_picture, is_large, open_picture
from unpool.actions.inspection.labelled_images import LabelledImage, LabelledImages
from unpool.analysis.metrics.localisation import PixelCount
from unpool.core.cpu import usable_cores
from unpool.core.progress import Progress
from unpool.errors import UnreadableImageError
from unpool.images.pixel_cache import map_ordered
from unpool.images.reading.scan import Problem
from unpool.images.values.rules import ValueRules
from unpool.inference.inspection.inspector import Inspection, Inspector

AHEAD = 2  # images that each thread has ready
ONE_LARGE = Lock()  # large images are inspected one after the other


@dataclass(frozen=True)
class Inspected:
    """An image with its inspection and its mask."""

    image: LabelledImage
    inspection: Inspection
    height: int
    width: int
    defects: DefectMask | None = None
    mask_problem: Problem | None = None


@dataclass
class Measured:
    """Scores of images, and counts of their pixels."""

    images: list[LabelledImage] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    pixels: PixelCount = field(default_factory=PixelCount)
    problems: list[Problem] = field(default_factory=list)
    mask_problems: list[Problem] = field(default_factory=list)
    without_mask: list[str] = field(default_factory=list)
    num_masks: int = 0
    num_lossy: int = 0
    num_resized: int = 0
    empty: list[str] = field(default_factory=list)
    marked_good: list[str] = field(default_factory=list)
    mask_area: int = 0
    image_area: int = 0

    @property
    def is_bad(self) -> list[bool]:
        """Whether each image is bad in truth."""
        return [image.is_bad for image in self.images]

    def add(self, seen: Inspected) -> None:
        """Count an image and its pixels."""
        self.images.append(seen.image)
        self.scores.append(seen.inspection.score)
        if seen.mask_problem is not None:
            self.mask_problems.append(seen.mask_problem)
        elif seen.defects is not None:
            self._add_mask(seen, seen.defects)
        elif seen.image.is_bad:
            self.without_mask.append(seen.image.file.path)
        elif self.num_masks:
            # As large as the masks of bad images are beside theirs, so that each pixel weighs the same.
            scale = (self.mask_area / self.image_area) ** 0.5
            shape = max(1, round(scale * seen.height)), max(1, round(scale * seen.width))
            self._count(np.zeros(shape, bool), seen.inspection.heat_hw)

    def _add_mask(self, seen: Inspected, defects: DefectMask) -> None:
        path, mask_HW = seen.image.file.path, defects.mask_HW
        self.num_masks += 1
        self.num_lossy += defects.is_lossy
        self.num_resized += mask_HW.shape != (seen.height, seen.width)
        self.mask_area += mask_HW.size
        self.image_area += seen.height * seen.width
        if seen.image.is_bad and not mask_HW.any():
            self.empty.append(path)
        if not seen.image.is_bad and mask_HW.any():
            self.marked_good.append(path)
        self._count(mask_HW, seen.inspection.heat_hw)

    def _count(self, mask_HW: np.ndarray, heat_hw: np.ndarray) -> None:
        self.pixels.add(mask_HW, partial(resize_rows, heat_hw, *mask_HW.shape))


def resize_rows(heat_hw: np.ndarray, height: int, width: int, top: int, bottom: int) -> np.ndarray:
    """Resize a heat map linearly, some rows at a time.

    Args:
        heat_hw: float32.
        height: of the whole, pixels.
        width: of the whole, pixels.
        top: the first row.
        bottom: the row after the last.

    Returns:
        (R, W) float32.
    """
    scale = heat_hw.shape[0] / height
    box = (0.0, top * scale, float(heat_hw.shape[1]), min(float(heat_hw.shape[0]), bottom * scale))
    image = Image.fromarray(np.ascontiguousarray(heat_hw, np.float32))
    return np.asarray(image.resize((width, bottom - top), Image.Resampling.BILINEAR, box=box))


def try_inspect(image: LabelledImage, inspector: Inspector, rules: ValueRules) -> Inspected | Problem:
    """Inspect an image with its mask, or return a problem.

    Args:
        image: where it is, and its mask.
        inspector: what inspects it; it may be shared by threads.
        rules: by which values of more than 8 bits are scaled.

    Returns:
        What `measure_picture` returns, or why the image cannot be used.
    """
    by_rows = inspector.record.tile is not None
    try:
        # Several large ones would fill the memory.
        alone = ONE_LARGE if is_large(image.file) else nullcontext()
        with alone, open_picture(image.file, rules, by_rows=by_rows) as picture:
            return measure_picture(image, picture, inspector)
    except UnreadableImageError as error:
        return Problem(image.file.path, error.problem, error.detail)


def measure_picture(image: LabelledImage, picture: OpenedPicture, inspector: Inspector) -> Inspected:
    """Inspect an opened image, and read its mask.

    Args:
        image: what it is, and its mask.
        picture: the image.
        inspector: what inspects it.

    Returns:
        What was found; a mask that cannot be used leaves the image's score usable.

    Raises:
        UnreadableImageError: the image has no score.
    """
    inspection, height, width = inspect_picture(inspector, picture), picture.height, picture.width
    if image.mask is None:
        return Inspected(image, inspection, height, width)
    try:
        return Inspected(image, inspection, height, width, read_defects(image.mask, height, width))
    except UnreadableImageError as error:
        problem = Problem(image.mask.path, error.problem, error.detail)
        return Inspected(image, inspection, height, width, mask_problem=problem)


def inspect_all(
    found: LabelledImages, inspector: Inspector, rules: ValueRules, progress: Progress
) -> Measured:
    """Inspect all images, and count their pixels.

    Args:
        found: the images.
        inspector: what inspects them.
        rules: by which values of more than 8 bits are scaled.
        progress: where the stage goes.

    Returns:
        What was measured.
    """
    measured = Measured(problems=list(found.problems), mask_problems=list(found.mask_problems))
    # Those with masks first: they say at which size the pixels of good images count.
    ordered = sorted(found.images, key=lambda image: image.mask is None)
    work = partial(try_inspect, inspector=inspector, rules=rules)
    with progress.stage("inspecting", len(ordered), "images") as stage:
        for seen in map_ordered(work, ordered, usable_cores(), AHEAD):
            stage.advance()
            if isinstance(seen, Problem):
                measured.problems.append(seen)
            else:
                measured.add(seen)
    return measured
