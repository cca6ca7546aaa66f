"""Compare two pictures everywhere: light and colour of every part.

Shapes: H, W the common size at which two pictures are compared; P the eight unknowns of their alignment.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from unpool.analysis.checks.alignment import first_guess

Floats = npt.NDArray[np.float32]

MIN_SIDE, MAX_SIDE = (
    96,
    512,
)  # pixels of the longer side at which pictures are compared: those of the smaller one
LEVELS = ((96, 4), (224, 3), (MAX_SIDE, 1))  # longer side and number of alignment steps, from coarse to fine
BLUR = 1.2  # pixels, sigma: what compression and resizing change most is finer
BLOCK = 11  # pixels, side of the blocks of light; those of colour are twice as large
MIN_COVERED = 0.6  # of a block, by both pictures; and of a picture, by the other
EDGE = 3  # pixels along the edge of the overlap that are not compared

# Limits, measured on photographs, text and drawings: docs/decisions/0010-problems.md.
PLAIN_NOISE, TEXTURE_NOISE = (
    4.0,
    0.2,
)  # grey levels, and share of a block's variance, that compression changes
USUAL_FACTOR, MIN_LIMIT, MAX_LIMIT = (
    2.5,
    0.5,
    2.0,
)  # of the 90th percentile of the blocks; the limit lies between
PALETTE_FACTOR, MAX_LIMIT_PALETTE = 20.0, 7.0  # the same where one of the pictures was reduced to few colours
MAX_COLOUR, MAX_COLOUR_PALETTE = 15.0, 45.0  # mean difference of chroma in a block, of 255
MAX_GAIN, MAX_OFFSET = 0.25, 25.0  # how much lighter or darker a copy may be as a whole
PLAIN_CONTRAST, PLAIN_OFFSET, PLAIN_COLOUR = 8.0, 4.0, 4.0  # pictures without structure have but their colour
PLAIN_EDGE, EDGE_SHARE = (
    6.0,
    0.04,
)  # deviation of light along the edges of a drawing on plain ground; of the side
MAX_ZOOM, MAX_SHIFT, MAX_SLANT = (
    0.08,
    0.06,
    0.03,
)  # of such pictures: nothing but their size shows that one is cropped
CLIPPED = (2, 253)  # a channel beyond these has lost how bright it was


@dataclass(frozen=True, slots=True)
class Planes:
    """One picture at the size of the comparison.

    Each plane is (H, W): luma, where a channel is clipped (0..1), and the two chroma planes around 0.
    """

    light_HW: Floats
    clipped_HW: Floats
    blue_HW: Floats
    red_HW: Floats

    @classmethod
    def from_image(cls, image: Image.Image, size: tuple[int, int]) -> Planes:
        """Bring an RGB picture to a size (width, height)."""
        if image.size != size:
            image = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
        pixels = np.asarray(image)
        is_clipped = (pixels.max(axis=-1) >= CLIPPED[1]) | (pixels.min(axis=-1) <= CLIPPED[0])
        luma, blue, red = np.moveaxis(np.asarray(image.convert("YCbCr"), np.float32), -1, 0)
        clipped = ndimage.gaussian_filter(is_clipped.astype(np.float32), BLUR)
        return cls(ndimage.gaussian_filter(luma, BLUR), np.clip(2 * clipped, 0, 1), blue - 128, red - 128)

    def has_plain_edge(self) -> bool:
        """Whether nothing is to be seen along the edges."""
        height, width = self.light_HW.shape
        rows, columns = max(2, round(EDGE_SHARE * height)), max(2, round(EDGE_SHARE * width))
        is_edge_HW = np.ones((height, width), bool)
        is_edge_HW[rows : height - rows, columns : width - columns] = False
        return bool(self.light_HW[is_edge_HW].std() < PLAIN_EDGE)

    def shrink(self, side: int) -> tuple[Floats, Floats]:
        """Return light and clipping within `side` pixels."""
        return _shrink(self.light_HW, side), _shrink(self.clipped_HW, side)


@dataclass(frozen=True, slots=True)
class _Fit:
    """How the second picture lies on the first: row and column as affine functions, and its gain and offset."""

    place_6: npt.NDArray[np.float64]
    gain: float = 1.0
    offset: float = 0.0

    def is_slight(self) -> bool:
        """Whether the second picture lies on the first almost as it is.

        A drawing on plain ground fits another of its kind that is larger, stands elsewhere or leans.
        """
        down, row_scale, row_slant, across, column_scale, column_slant = self.place_6
        zoom = max(abs(row_scale - 1), abs(column_scale - 1))
        shift, slant = max(abs(down), abs(across)), max(abs(row_slant), abs(column_slant))
        return bool(zoom <= MAX_ZOOM and shift <= MAX_SHIFT and slant <= MAX_SLANT)


def local_excess(one: Image.Image, other: Image.Image, *, is_palette: bool = False) -> float:
    """Return how far two pictures differ where they differ most.

    The second is laid onto the first (scale, shift, slight turn), and made as light as it, within limits. What is
    left is compared block by block with what compression and resizing change, and with what is usual in this pair.

    Args:
        one: An RGB picture.
        other: Another.
        is_palette: Whether one of the two was reduced to few colours.

    Returns:
        A ratio to the limit: up to 1 one is a copy of the other; infinite where they hardly overlap.

    >>> picture = Image.effect_noise((64, 48), 90).convert("RGB")
    >>> round(local_excess(picture, picture), 3), local_excess(picture, picture.rotate(180)) > 1
    (0.0, True)
    """
    longest = int(np.clip(min(max(one.size), max(other.size)), MIN_SIDE, MAX_SIDE))
    size = (
        max(8, round(one.width * longest / max(one.size))),
        max(8, round(one.height * longest / max(one.size))),
    )
    first, second = Planes.from_image(one, size), Planes.from_image(other, size)
    fit = _align(first, second, _Fit(first_guess(one, other)))
    moved_HW, seen_HW = _move(second.light_HW, fit)
    is_on_ground = first.has_plain_edge() and second.has_plain_edge()
    if seen_HW.mean() < MIN_COVERED or (is_on_ground and not fit.is_slight()):
        return float("inf")
    seen_HW = _without_edge(seen_HW)
    fit, contrast = _limit_tone(fit, first.light_HW[seen_HW], moved_HW[seen_HW])
    slack = np.float32(abs(fit.gain - 1) * 255 + abs(fit.offset))
    slack_HW: Floats = slack * np.maximum(first.clipped_HW, _move(second.clipped_HW, fit)[0])
    light_HW = (fit.gain * moved_HW + fit.offset).clip(0, 255)
    score_R = _light_scores(first.light_HW, light_HW, slack_HW, seen_HW)
    factor, most = (PALETTE_FACTOR, MAX_LIMIT_PALETTE) if is_palette else (USUAL_FACTOR, MAX_LIMIT)
    limit = min(most, factor * float(np.percentile(score_R, 90)) + MIN_LIMIT)
    colour = MAX_COLOUR_PALETTE if is_palette else MAX_COLOUR if contrast > PLAIN_CONTRAST else PLAIN_COLOUR
    tint = max(
        _largest_tint(one_HW, fit.gain * _move(other_HW, fit)[0], slack_HW, seen_HW)
        for one_HW, other_HW in ((first.blue_HW, second.blue_HW), (first.red_HW, second.red_HW))
    )
    return max(float(score_R.max()) / limit, tint / colour)


def _align(first: Planes, second: Planes, fit: _Fit) -> _Fit:
    longest = max(first.light_HW.shape)
    for side, num_steps in LEVELS:
        if side < longest or side == LEVELS[0][0]:
            still, loose = first.shrink(side), second.shrink(side)
            for _ in range(num_steps):
                fit = _step(*still, *loose, fit)
    return fit


def _step(
    still_HW: Floats, still_clipped_HW: Floats, loose_HW: Floats, loose_clipped_HW: Floats, fit: _Fit
) -> _Fit:
    """One Gauss-Newton step towards the smallest difference of light; pixels that differ much hardly count."""
    moved_HW, seen_HW = _move(loose_HW, fit)
    clipped_HW = np.maximum(still_clipped_HW, _move(loose_clipped_HW, fit)[0])
    missed_HW = still_HW - (fit.gain * moved_HW + fit.offset)
    usual = 1.5 * float(np.median(np.abs(missed_HW))) + 1
    weight_HW = seen_HW * (1 - 0.95 * clipped_HW) / (1 + np.square(missed_HW / usual))
    height, width = still_HW.shape
    down_HW, across_HW = np.gradient(moved_HW)
    down_HW, across_HW = fit.gain * height * down_HW, fit.gain * width * across_HW
    row_H1, column_1W = _grid(height, width)
    slopes = (
        down_HW, down_HW * row_H1, down_HW * column_1W, across_HW, across_HW * column_1W, across_HW * row_H1,
        moved_HW - 128, np.ones_like(moved_HW),
    )  # fmt: skip
    slope_PR = np.stack(slopes).reshape(8, -1)
    weighted_PR = slope_PR * weight_HW.reshape(-1)
    curve_PP = weighted_PR @ slope_PR.T
    # Plain pictures have no slope: what nothing speaks for does not move.
    curve_PP += np.diag([1.0, 1, 1, 1, 1, 1, 0.5, 0.05]) * 0.5 * max(1.0, float(weight_HW.sum()))
    step_P = np.linalg.solve(curve_PP, weighted_PR @ missed_HW.reshape(-1))
    offset = fit.offset + step_P[7] - 128 * step_P[6]
    return _Fit(fit.place_6 + step_P[:6], float(fit.gain + step_P[6]), float(offset))


def _move(plane_HW: Floats, fit: _Fit) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """The plane laid onto the first picture, by linear interpolation; and where it has pixels."""
    height, width = plane_HW.shape
    row_H1, column_1W = _grid(height, width)
    down, down_row, down_column, across, across_column, across_row = fit.place_6
    y_HW = (down + down_row * row_H1 + down_column * column_1W) * height + (height - 1) / 2
    x_HW = (across + across_column * column_1W + across_row * row_H1) * width + (width - 1) / 2
    seen_HW = (y_HW >= 0) & (y_HW <= height - 1) & (x_HW >= 0) & (x_HW <= width - 1)
    moved_HW = ndimage.map_coordinates(plane_HW, [y_HW, x_HW], order=1, mode="nearest", prefilter=False)
    return np.asarray(moved_HW, np.float32), seen_HW


def _without_edge(seen_HW: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The overlap without the pixels along its edge, where one picture ends."""
    width = min(EDGE, min(seen_HW.shape) // 8)
    if width == 0:
        return seen_HW
    inner_HW: npt.NDArray[np.bool_] = ndimage.binary_erosion(seen_HW, iterations=width, border_value=0)
    return inner_HW


def _grid(height: int, width: int) -> tuple[Floats, Floats]:
    """Row and column as shares of a side, 0 in the middle."""
    row_H, column_W = (
        np.asarray((np.arange(side) - (side - 1) / 2) / side, np.float32) for side in (height, width)
    )
    return row_H[:, None], column_W[None, :]


def _shrink(plane_HW: Floats, side: int) -> Floats:
    height, width = plane_HW.shape
    scale = side / max(height, width)
    if scale >= 1:
        return plane_HW
    size = max(8, round(width * scale)), max(8, round(height * scale))
    return np.asarray(Image.fromarray(plane_HW).resize(size, Image.Resampling.BILINEAR))


def _limit_tone(fit: _Fit, one_R: Floats, other_R: Floats) -> tuple[_Fit, float]:
    """Gain and offset within what a copy may have, and the contrast of the first picture.

    A picture without structure shows nothing but its colour, so that another colour is another picture.
    """
    contrast, mean = float(one_R.std()), float(other_R.mean())
    gain = float(np.clip(fit.gain, 1 - MAX_GAIN, 1 + MAX_GAIN))
    offset = fit.offset + (fit.gain - gain) * mean
    if contrast > PLAIN_CONTRAST:
        return _Fit(fit.place_6, gain, float(np.clip(offset, -MAX_OFFSET, MAX_OFFSET))), contrast
    change = float(np.clip((gain - 1) * mean + offset, -PLAIN_OFFSET, PLAIN_OFFSET))
    return _Fit(fit.place_6, gain, change - (gain - 1) * mean), contrast


def _light_scores(
    one_HW: Floats, other_HW: Floats, slack_HW: Floats, seen_HW: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """What differs in each covered block, over what compression may change there."""
    seen = seen_HW.astype(np.float32)
    covered_HW = _average(seen, BLOCK)

    def mean(plane_HW: Floats) -> Floats:
        return np.asarray(_average(plane_HW * seen, BLOCK) / np.maximum(covered_HW, 1e-6), np.float32)

    power_HW: Floats = mean(np.square(_soften(one_HW - other_HW, slack_HW)))
    textures = [mean(np.square(each - 128)) - np.square(mean(each - 128)) for each in (one_HW, other_HW)]
    texture_HW = (np.maximum(0, textures[0]) + np.maximum(0, textures[1])) / 2
    score_HW = np.sqrt(np.maximum(0, power_HW) / (PLAIN_NOISE**2 + TEXTURE_NOISE * texture_HW))
    return score_HW[covered_HW >= min(MIN_COVERED, float(covered_HW.max()))]


def _largest_tint(
    one_HW: Floats, other_HW: Floats, slack_HW: Floats, seen_HW: npt.NDArray[np.bool_]
) -> float:
    seen = seen_HW.astype(np.float32)
    covered_HW = _average(seen, 2 * BLOCK + 1)
    differs_HW = _soften(one_HW - other_HW, slack_HW / np.float32(2))
    mean_HW = np.abs(_average(differs_HW * seen, 2 * BLOCK + 1)) / np.maximum(covered_HW, 1e-6)
    return float(mean_HW[covered_HW >= min(MIN_COVERED, float(covered_HW.max()))].max())


def _soften(differs_HW: Floats, slack_HW: Floats) -> Floats:
    """Differences without what clipping explains."""
    softened_HW: Floats = np.sign(differs_HW) * np.maximum(0, np.abs(differs_HW) - slack_HW)
    return softened_HW


def _average(plane_HW: Floats, side: int) -> Floats:
    average_HW: Floats = ndimage.uniform_filter(plane_HW, side, mode="constant")
    return average_HW
