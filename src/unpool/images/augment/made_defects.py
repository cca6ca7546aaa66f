"""Defects made on good images, to try inspectors with.

Kinds after Li et al. 2021, CutPaste (arXiv:2104.04015), and Zavrtanik et al. 2021, DRAEM (arXiv:2108.07610): cut and
paste, scratches, blobs, noise, blur, a faint stain, another tone, another scale or direction of the whole.

H, W height and width.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

MAX_TONE = 110.0  # by which pixels change at most
CONTRAST = (2.0, 12.0)  # of spots and scratches, in grains of the material
DEPTH = (0.05, 0.2)  # of a stain, as a share of the brightness
TINTED = 0.5  # share of marks with a colour of their own
SCALES, ANGLES = (0.85, 1.18), (-12, 12, 90, 180)

Floats = npt.NDArray[np.floating]
Maker = Callable[[Floats, np.random.Generator, Sequence[np.ndarray]], Floats]


def make_defect(
    pixels_HW3: np.ndarray, kind: str, rng: np.random.Generator, others: Sequence[np.ndarray]
) -> np.ndarray:
    """Make a defect on a good image.

    Args:
        pixels_HW3: uint8.
        kind: One of `DEFECTS`.
        rng: Chooses place, size and strength.
        others: Good images, (H, W, 3) each, that pieces are cut from.

    Returns:
        (H, W, 3) uint8; grey where the image is.
    """
    made = DEFECTS[kind](pixels_HW3.astype(np.float32), rng, others)
    if not np.ptp(pixels_HW3, axis=2).any():
        made = np.repeat(made.mean(2, keepdims=True), 3, axis=2)
    return np.clip(made, 0, 255).astype(np.uint8)


def grain(image_HW3: np.ndarray) -> float:
    """Measure how much neighbouring pixels differ, at least 2."""
    grey = image_HW3.mean(2)
    return float(np.median(np.abs(grey - gaussian_filter(grey, 1.5)))) * 1.5 + 2


def _uniform_log(rng: np.random.Generator, bounds: tuple[float, float]) -> float:
    return float(np.exp(rng.uniform(*np.log(bounds))))


def _tone(rng: np.random.Generator, image_HW3: np.ndarray) -> Floats:
    """By how much the colour of a mark differs, (3,)."""
    strength = min(_uniform_log(rng, CONTRAST) * grain(image_HW3), MAX_TONE)
    sign = 1 if rng.random() < 0.4 else -1
    if rng.random() < TINTED and np.ptp(image_HW3, axis=2).any():
        return strength * rng.standard_normal(3)
    return strength * (rng.standard_normal(3) * 0.03 + sign)


def _blob(
    rng: np.random.Generator, shape: tuple[int, int], radius: float, margin: float = 0.1, rough: float = 0.35
) -> Floats:
    """A rounded region (H, W, 1), 0 to 1."""
    height, width = shape
    row, column = np.mgrid[:height, :width]
    down = row - rng.uniform(margin, 1 - margin) * height
    right = column - rng.uniform(margin, 1 - margin) * width
    noise = gaussian_filter(rng.standard_normal(shape).astype(np.float32), max(1.5, radius / 2))
    noise /= noise.std() + 1e-6
    longer, angle = rng.uniform(0.6, 1.7) ** 0.5, rng.uniform(0, np.pi)
    first = (right * np.cos(angle) + down * np.sin(angle)) * longer
    second = (-right * np.sin(angle) + down * np.cos(angle)) / longer
    inside = (1 + rough * noise - np.hypot(first, second) / radius) * radius / 2 + 0.5
    blob: np.ndarray = np.clip(inside, 0, 1)[..., None]
    return blob


def _spot(image: Floats, rng: np.random.Generator, others: Sequence[np.ndarray]) -> Floats:
    mask = _blob(rng, image.shape[:2], rng.uniform(0.008, 0.03) * image.shape[0])
    return image + mask * _tone(rng, image)


def _scratch(image: Floats, rng: np.random.Generator, others: Sequence[np.ndarray]) -> Floats:
    height, width = image.shape[:2]
    place, angle = rng.uniform(0.1, 0.9, 2) * (width, height), rng.uniform(0, 2 * np.pi)
    bend, points = rng.standard_normal() * 0.03, []
    for _ in range(max(2, int(rng.uniform(0.04, 0.35) * height))):
        points.append(tuple(4 * place))
        place = place + np.array([np.cos(angle), np.sin(angle)])
        angle += bend * rng.uniform(0, 1)
    canvas = Image.new("L", (4 * width, 4 * height))  # drawn large, so that its border is smooth
    thickness = max(3, round(4 * rng.uniform(0.004, 0.014) * height))
    ImageDraw.Draw(canvas).line(points, 255, thickness, joint="curve")
    mask = np.asarray(canvas.resize((width, height), Image.Resampling.BOX), np.float32)[..., None] / 255
    return image + mask * _tone(rng, image)


def _stain(image: Floats, rng: np.random.Generator, others: Sequence[np.ndarray]) -> Floats:
    radius = rng.uniform(0.12, 0.3) * image.shape[0]
    mask = gaussian_filter(
        _blob(rng, image.shape[:2], radius, 0.2, 0.15)[..., 0], radius * rng.uniform(0.15, 0.5)
    )
    sign = 1 if rng.random() < 0.6 else -1
    stained: Floats = image * (1 - sign * _uniform_log(rng, DEPTH) * mask[..., None])
    return stained


def _paste(image: Floats, rng: np.random.Generator, others: Sequence[np.ndarray]) -> Floats:
    height, width = image.shape[:2]
    other = others[int(rng.integers(len(others)))].astype(np.float32)
    other = np.rot90(other, int(rng.integers(4))) if height == width else other[::-1]
    other = np.roll(other, (rng.integers(height), rng.integers(width)), (0, 1))
    mask = _blob(rng, (height, width), rng.uniform(0.04, 0.16) * height)
    pasted: Floats = image * (1 - mask) + other * mask
    return pasted


def _blur(image: Floats, rng: np.random.Generator, others: Sequence[np.ndarray]) -> Floats:
    mask = _blob(rng, image.shape[:2], rng.uniform(0.06, 0.2) * image.shape[0])
    sigma = rng.uniform(1.5, 4)
    blurred: Floats = image * (1 - mask) + gaussian_filter(image, (sigma, sigma, 0)) * mask
    return blurred


def _noise(image: Floats, rng: np.random.Generator, others: Sequence[np.ndarray]) -> Floats:
    mask = _blob(rng, image.shape[:2], rng.uniform(0.04, 0.16) * image.shape[0])
    strength = _uniform_log(rng, CONTRAST) * grain(image)
    return image + mask * rng.standard_normal((*image.shape[:2], 1)) * min(strength, MAX_TONE)


def _tonal(image: Floats, rng: np.random.Generator, others: Sequence[np.ndarray]) -> Floats:
    factor_3 = np.exp(rng.normal(0, 0.12) + rng.normal(0, 0.04, 3))
    toned: Floats = image * factor_3
    return toned


def _whole(image: Floats, rng: np.random.Generator, others: Sequence[np.ndarray]) -> Floats:
    """Another scale or direction; what is missing at the border is mirrored."""
    from scipy.ndimage import affine_transform

    angle, scale = (0.0, rng.choice(SCALES)) if rng.random() < 0.5 else (np.deg2rad(rng.choice(ANGLES)), 1.0)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / scale
    centre = (np.array(image.shape[:2]) - 1) / 2
    offset = centre - matrix @ centre
    changed = [affine_transform(image[..., c], matrix, offset, order=1, mode="reflect") for c in range(3)]
    return np.stack(changed, 2)


DEFECTS: dict[str, Maker] = {
    "spot": _spot, "scratch": _scratch, "stain": _stain, "paste": _paste, "blur": _blur, "noise": _noise,
    "tone": _tonal, "whole": _whole,
}  # fmt: skip
