"""The sizes that a segmenter learnt, and other ones.

B batch, C channels, K classes, H height, W width.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from unpool.errors import UnpoolError
from unpool.options import OPTIONS, Scale

if TYPE_CHECKING:
    from torch import Tensor, nn

Range = tuple[float, float]

AUTO = "auto"
ALWAYS_COVERED: Range = (0.8, 1.25)  # factors at which a network trained at one size does as well
MIDDLE = (0.05, 0.95)  # of the images: a few of other sizes do not teach a network these
MAX_LEFT = 0.02  # difference of a factor from 1 at which resizing blurs more than it helps


@dataclass(frozen=True)
class LearntScales:
    """The sizes of training images and their crops' factors.

    A side is the square root of an area, so that upright and lying images compare.

    Args:
        smallest, median, largest: (width, height) of training images, pixels.
        sides: lowest and highest side of the middle nine tenths of the images, pixels.
        factors: range of the factors by which crops were resized; None where that is not known.
        crop: side of the crops, pixels; None where whole images were trained on.
    """

    smallest: tuple[int, int]
    median: tuple[int, int]
    largest: tuple[int, int]
    sides: Range
    factors: Range | None = None
    crop: int | None = None

    def factor(self, height: int, width: int) -> float:
        """Compute the factor from an image to the sizes learnt.

        It is 1 for images of these sizes.

        >>> learn_scales([(360, 480)]).factor(1080, 1440)
        0.3333
        """
        side = math.sqrt(height * width)
        low, high = self.sides
        factor = round(min(max(side, low), high) / side, 4)
        return 1.0 if abs(factor - 1) <= MAX_LEFT else factor

    @property
    def covered(self) -> Range:
        """The sides that training covered, pixels."""
        low, high = self.factors or ALWAYS_COVERED
        return min(low, ALWAYS_COVERED[0]) * self.sides[0], max(high, ALWAYS_COVERED[1]) * self.sides[1]

    def covers(self, height: int, width: int, scale: float = 1.0) -> bool:
        """Whether training covered an image of a size.

        Args:
            height: of the image, pixels.
            width: of the image, pixels.
            scale: the factor by which it is resized.

        Returns:
            Whether its side is in `covered`.

        >>> learn_scales([(360, 480)], factors=(0.6, 1.8)).covers(1080, 1440)
        False
        """
        low, high = self.covered
        return low <= math.sqrt(height * width) * scale <= high

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for model.json, which `from_dict` reads."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> LearntScales:
        """Read what `to_dict` wrote.

        Raises:
            UnpoolError: where it is damaged.
        """
        try:
            smallest, median, largest = (
                (int(stored[name][0]), int(stored[name][1])) for name in ("smallest", "median", "largest")
            )
            sides = (float(stored["sides"][0]), float(stored["sides"][1]))
            factors, crop = stored.get("factors"), stored.get("crop")
            known = None if factors is None else (float(factors[0]), float(factors[1]))
            return cls(smallest, median, largest, sides, known, None if crop is None else int(crop))
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise UnpoolError(f"the model's scales are damaged ({error}); train the model again") from error


def learn_scales(
    sizes: Sequence[tuple[int, int]], *, factors: Range | None = None, crop: int | None = None
) -> LearntScales:
    """Summarise the sizes (H, W) of training images.

    Args:
        sizes: one for each image, at least one.
        factors: range of the factors by which crops are resized; None where that is not known.
        crop: side of the crops, pixels; None where whole images are trained on.

    Returns:
        The summary.

    >>> learn_scales([(10, 40), (20, 20), (100, 100)]).largest
    (100, 100)
    """
    by_area = sorted(sizes, key=lambda size: size[0] * size[1])
    side_N = np.sqrt([float(height) * width for height, width in by_area])
    low, high = np.quantile(side_N, MIDDLE, method="nearest")
    smallest, median, largest = (
        (width, height) for height, width in (by_area[0], by_area[len(by_area) // 2], by_area[-1])
    )
    return LearntScales(smallest, median, largest, (float(low), float(high)), factors, crop)


def resolve_scale(scale: Scale | None, learnt: LearntScales | None, height: int, width: int) -> float:
    """Return the factor by which an image is resized.

    Args:
        scale: a factor; "auto": to the sizes learnt; None: 1.
        learnt: by the model.
        height: of the image, pixels.
        width: of the image, pixels.

    Returns:
        The factor.

    Raises:
        UsageError: for what is no factor.
        UnpoolError: for "auto" where the model does not say what it was trained on.
    """
    if scale is None:
        return 1.0
    if scale == AUTO:
        if learnt is None:
            raise UnpoolError(
                "--scale auto: the model does not say on images of which size it was trained, as models of earlier "
                "versions do not; train it again, or give a number"
            )
        return learnt.factor(height, width)
    OPTIONS["scale"].check("scale", scale)
    return float(scale)


def describe_outside(learnt: LearntScales, height: int, width: int, scale: float = 1.0) -> str:
    """Say how an image compares with the sizes learnt.

    Args:
        learnt: by the model.
        height: of the image, pixels.
        width: of the image, pixels.
        scale: the factor by which it is resized.

    Returns:
        The end of a sentence.

    >>> describe_outside(learn_scales([(360, 480)], factors=(0.6, 1.8)), 1080, 1440)
    '1440×1080 pixels are 3 times the 480×360 that the model was trained on (it learnt 0.6 to 1.8 times)'
    """
    times = scale * math.sqrt(height * width / (learnt.median[0] * learnt.median[1]))
    typical = math.sqrt(learnt.median[0] * learnt.median[1])
    low, high = (side / typical for side in learnt.covered)
    resized = "" if scale == 1 else f" at scale {scale:g}"
    return (
        f"{width}×{height} pixels{resized} are {times:.2g} times the {learnt.median[0]}×{learnt.median[1]} that the "
        f"model was trained on (it learnt {low:.2g} to {high:.2g} times)"
    )


def scaled_size(height: int, width: int, scale: float) -> tuple[int, int]:
    """Compute the size of an image resized by a factor.

    Args:
        height: of the image, pixels.
        width: of the image, pixels.
        scale: the factor.

    Returns:
        Height and width, at least a pixel each.

    >>> scaled_size(1080, 1440, 1 / 3)
    (360, 480)
    """
    return max(1, round(height * scale)), max(1, round(width * scale))


def score_at_scale(network: nn.Module, x_BCHW: Tensor, scale: float) -> Tensor:
    """Score images at another size, (B, K, H, W).

    Args:
        network: images to class scores of their size.
        x_BCHW: normalised images.
        scale: the factor by which they are resized before; the scores are resized back.

    Returns:
        Class scores of the images' own size.
    """
    import torch.nn.functional as F

    if scale == 1:
        scores_BKHW: Tensor = network(x_BCHW)
        return scores_BKHW
    height, width = x_BCHW.shape[2:]
    resized_BChw = F.interpolate(
        x_BCHW, size=scaled_size(height, width, scale), mode="bilinear", antialias=True
    )
    return F.interpolate(network(resized_BChw), size=(height, width), mode="bilinear")
