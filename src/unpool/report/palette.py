"""One colour for each group, distinct in any colour vision.

All of them can be seen on white and on black.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

# Okabe and Ito, "Color Universal Design", 2008, without its black; the rest is grown from these.
OKABE_ITO = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442")
GREY = "#8a8a8a"
SCALE = ("#443983", "#31688e", "#21918c", "#35b779", "#8fd744", "#d8c522")
MAX_COLOURS = 64
DICHROMAT_WEIGHT = 2.0

# Viénot, Brettel and Mollon 1999: linear RGB as people see it who lack the red or the green cones.
_PROTANOPIA = np.array([[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]])
_DEUTERANOPIA = np.array([[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]])
# Ottosson 2020: linear RGB → cone responses → OKLab, where distance is difference as seen.
_TO_CONES = np.array(
    [
        [0.41222147, 0.53633254, 0.05144599],
        [0.21190350, 0.68069955, 0.10739696],
        [0.08830246, 0.28171884, 0.62997870],
    ]
)
_TO_LAB = np.array(
    [
        [0.21045426, 0.79361779, -0.00407205],
        [1.97799850, -2.42859221, 0.45059371],
        [0.02590404, 0.78277177, -0.80867577],
    ]
)


def group_colours(groups: list[int]) -> dict[int, str]:
    """Give each group number a hex colour.

    Negative ones, which are no groups, are grey; colours repeat after 64.

    >>> group_colours([-1, 0, 1])
    {-1: '#8a8a8a', 0: '#0072b2', 1: '#e69f00'}
    """
    colours = distinct_colours(min(MAX_COLOURS, max(groups, default=0) + 1))
    return {group: GREY if group < 0 else colours[group % MAX_COLOURS] for group in groups}


@functools.cache
def distinct_colours(count: int) -> tuple[str, ...]:
    """List `count` colours, as distinct as possible.

    Okabe–Ito first, then each time the colour farthest from all before it, also to a dichromat.
    """
    candidates_K3 = _candidates()
    colours = [rgb_of(colour) for colour in OKABE_ITO[: max(count, 1)]]
    nearest_K = np.min([_difference(candidates_K3, colour) for colour in colours], axis=0)
    while len(colours) < count:
        colours.append(candidates_K3[int(nearest_K.argmax())])
        nearest_K = np.minimum(nearest_K, _difference(candidates_K3, colours[-1]))
    return tuple("#" + "".join(f"{round(value * 255):02x}" for value in colour) for colour in colours)[:count]


def rgb_of(colour: str) -> NDArray[np.float64]:
    """Parse '#rrggbb' to three numbers from 0 to 1."""
    return np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])


def ink_on(colour: str) -> str:
    """Choose black or white text for a colour.

    Source: WCAG 2, contrast by relative luminance.
    """
    luminance = float(_linear(rgb_of(colour)) @ np.array([0.2126, 0.7152, 0.0722]))
    return "#000000" if (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) else "#ffffff"


def shade(share: float) -> str:
    """Choose a colour of a scale from low to high.

    Dark blue is low, bright yellow is high.

    Args:
        share: From 0 to 1.

    Source: viridis of matplotlib, at six places, between which it is interpolated.

    >>> shade(0), shade(1)
    ('#443983', '#d8c522')
    """
    place = share * (len(SCALE) - 1)
    below = min(int(place), len(SCALE) - 2)
    low_3, high_3 = rgb_of(SCALE[below]), rgb_of(SCALE[below + 1])
    colour_3 = low_3 + (high_3 - low_3) * (place - below)
    return "#" + "".join(f"{round(value * 255):02x}" for value in colour_3)


def _candidates() -> NDArray[np.float64]:
    steps = np.linspace(0, 1, 13)
    rgb_K3 = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    lab_K3 = _oklab(_linear(rgb_K3))
    chroma_K = np.hypot(lab_K3[:, 1], lab_K3[:, 2])
    # Neither lost on white nor on black, and never taken for the grey of "no group".
    seen_K = (lab_K3[:, 0] > 0.47) & (lab_K3[:, 0] < 0.83) & (chroma_K > 0.07)
    return np.asarray(rgb_K3[seen_K])


def _difference(rgb_K3: NDArray[np.float64], rgb_3: NDArray[np.float64]) -> NDArray[np.float64]:
    linear_K3, linear_3 = _linear(rgb_K3), _linear(rgb_3)
    usual_K = np.linalg.norm(_oklab(linear_K3) - _oklab(linear_3), axis=-1)
    dichromat_K = np.full(len(rgb_K3), np.inf)
    for vision in (_PROTANOPIA, _DEUTERANOPIA):
        seen_K3, seen_3 = (_oklab(np.clip(linear @ vision.T, 0, 1)) for linear in (linear_K3, linear_3))
        dichromat_K = np.minimum(dichromat_K, np.linalg.norm(seen_K3 - seen_3, axis=-1))
    # A dichromat's space is smaller: at full weight it would leave too few colours for everyone else.
    return np.asarray(np.minimum(usual_K, DICHROMAT_WEIGHT * dichromat_K))


def _linear(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4))


def _oklab(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.cbrt(linear @ _TO_CONES.T) @ _TO_LAB.T)
