"""The factor of each image, and remarks on sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from unpool.networks.segmentation.scales import LearntScales, describe_outside, resolve_scale
from unpool.options import Scale

REMEDY = (
    "give --scale auto where the same things are larger or smaller in them, --scale 1 where there is more or less "
    "of them"
)


@dataclass
class ScaleCount:
    """Choose factors, and count images unlike those learnt.

    Args:
        scale: a factor; "auto": to the sizes learnt; None: 1.
        learnt: by the model; None where it does not say it.
    """

    scale: Scale | None
    learnt: LearntScales | None
    num_images: int = 0
    outside: list[tuple[int, int]] = field(default_factory=list)
    resized: list[tuple[int, int]] = field(default_factory=list)

    def choose(self, height: int, width: int) -> float:
        """Return the factor of an image, and count it."""
        factor = resolve_scale(self.scale, self.learnt, height, width)
        self.num_images += 1
        if factor != 1:
            self.resized.append((height, width))
        if self.learnt is not None and not self.learnt.covers(height, width, factor):
            self.outside.append((height, width))
        return factor

    @property
    def remarks(self) -> list[str]:
        """Sentences on images resized, and on those not learnt.

        Of the latter nothing is said where the scale is 1, which says that things have their usual size.
        """
        remarks = []
        if self.scale == "auto" and self.resized:
            remarks.append(
                f"{len(self.resized)} of {self.num_images} images were brought to the sizes learnt, {self._factors()}"
            )
        if self.outside and self.learnt is not None and self.scale != 1:
            height, width = self.outside[0]
            factor = resolve_scale(self.scale, self.learnt, height, width)
            remarks.append(
                f"{len(self.outside)} of {self.num_images} images are not of a size learnt and may be labelled "
                f"wrongly: {describe_outside(self.learnt, height, width, factor)}"
                f"{'; ' + REMEDY if self.scale is None else ''}"
            )
        return remarks

    @property
    def figures(self) -> dict[str, Any]:
        """Entries of a JSON result.

        `outside` counts images that are not of a size learnt, None where the model does not say what it learnt.
        """
        outside = None if self.learnt is None else len(self.outside)
        return {"scale": self.scale, "resized": len(self.resized), "outside": outside}

    def _factors(self) -> str:
        assert self.learnt is not None  # "auto" is refused without
        sized = sorted((self.learnt.factor(height, width), height, width) for height, width in self.resized)
        named = [
            f"{width}×{height} by {factor:.3g}"
            for factor, height, width in dict.fromkeys((sized[0], sized[-1]))
        ]
        return " to ".join(named)


def describe_validation(learnt: LearntScales, sizes: Sequence[tuple[int, int]]) -> list[str]:
    """Say which validation images are unlike those trained on.

    Args:
        learnt: of the images trained on.
        sizes: (H, W) of the images validated on.

    Returns:
        A sentence, or none.
    """
    outside = [size for size in sizes if not learnt.covers(*size)]
    if not outside:
        return []
    return [
        f"{len(outside)} of {len(sizes)} validation images are not of a size learnt, so that figures on them may be "
        f"low: {describe_outside(learnt, *outside[0])}"
    ]
