"""Materials that a test draws, good and with defects.

Three textures, cloth, brushed metal and terrazzo; three parts that always lie at the same place, but for a little:
a washer, a board and a label. A defect is tiny and local (about ten pixels), large and faint, or a change of the whole.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import affine_transform, gaussian_filter

SIDE = 320  # of a drawing, pixels
FINER = 4  # pixels of a canvas for one of the drawing, so that outlines are smooth
DEFECTS = ("tiny", "faint", "whole")
FAINT = 0.12  # how much darker a large faint defect is
VISIBLE = 40.0  # by which a mark differs from what it lies on, at least

Colour = tuple[float, float, float]
Draw = Callable[[np.random.Generator], np.ndarray]


class Canvas:
    """A drawing whose outlines are smooth; places are in pixels of the picture."""

    def __init__(self, ground: Colour) -> None:
        self._image = Image.new("RGB", (SIDE * FINER, SIDE * FINER), _whole_numbers(ground))
        self._draw = ImageDraw.Draw(self._image)

    def circle(self, x: float, y: float, radius: float, colour: Colour) -> None:
        self._draw.ellipse(_scaled(x - radius, y - radius, x + radius, y + radius), _whole_numbers(colour))

    def box(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        self._draw.rectangle(_scaled(x, y, x + width, y + height), _whole_numbers(colour))

    def frame(self, margin: float, colour: Colour, thickness: float) -> None:
        inner = _scaled(margin, margin, SIDE - margin, SIDE - margin)
        self._draw.rectangle(inner, outline=_whole_numbers(colour), width=round(thickness * FINER))

    def line(self, x0: float, y0: float, x1: float, y1: float, colour: Colour, thickness: float) -> None:
        self._draw.line(_scaled(x0, y0, x1, y1), _whole_numbers(colour), round(thickness * FINER))

    def stone(self, x: float, y: float, axes: np.ndarray, turn: float, colour: Colour) -> None:
        """An ellipse that is turned."""
        t = np.linspace(0, 2 * np.pi, 24)
        right, down = axes[0] * np.cos(t), axes[1] * np.sin(t)
        outline = np.stack(
            [x + right * np.cos(turn) - down * np.sin(turn), y + right * np.sin(turn) + down * np.cos(turn)],
            1,
        )
        self._draw.polygon([tuple(point) for point in (outline * FINER).tolist()], _whole_numbers(colour))

    def text(self, x: float, y: float, text: str, height: float) -> None:
        font = ImageFont.load_default(height * FINER)
        self._draw.text((x * FINER, y * FINER), text, (30, 30, 30), font=font, stroke_width=FINER)

    def pixels(self) -> np.ndarray:
        """The picture, (SIDE, SIDE, 3) float32."""
        return np.asarray(self._image.resize((SIDE, SIDE), Image.Resampling.BOX), np.float32)


def _scaled(*places: float) -> list[float]:
    return [place * FINER for place in places]


def _whole_numbers(colour: Colour) -> tuple[int, int, int]:
    red, green, blue = (int(np.clip(value, 0, 255)) for value in colour)
    return red, green, blue


def smooth(rng: np.random.Generator, sigma: float) -> np.ndarray:
    """Noise that varies slowly, of spread 1."""
    small = max(1, int(sigma // 4))  # slow noise is made small and enlarged, which takes less time
    side = SIDE // small + 8
    noise = gaussian_filter(rng.standard_normal((side, side)).astype(np.float32), sigma / small)
    image = Image.fromarray(noise).resize((side * small, side * small), Image.Resampling.BICUBIC)
    noise = np.asarray(image)[4 : 4 + SIDE, 4 : 4 + SIDE]
    slow: np.ndarray = noise / noise.std()
    return slow


def turned(pixels: np.ndarray, degrees: float, down: float = 0, right: float = 0) -> np.ndarray:
    """A picture turned about its centre and moved; its border is repeated."""
    angle = np.deg2rad(degrees)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = (np.array(pixels.shape[:2]) - 1) / 2
    offset = centre - matrix @ (centre + np.array([down, right]))
    channels = [
        affine_transform(each, matrix, offset, order=1, mode="nearest") for each in np.moveaxis(pixels, 2, 0)
    ]
    return np.stack(channels, 2)


def _photographed(
    pixels: np.ndarray, rng: np.random.Generator, degrees: float, place: float, grain: tuple[float, float]
) -> np.ndarray:
    """A part as it lies below a camera: not quite in place, with noise and another light."""
    moved = turned(pixels, degrees * rng.standard_normal(), *(place * rng.standard_normal(2)))
    strength, sigma = grain
    noise = strength * smooth(rng, sigma) + 4 * rng.standard_normal((SIDE, SIDE)) + 5 * rng.standard_normal()
    photographed: np.ndarray = moved + noise[..., None]
    return photographed


def draw_cloth(rng: np.random.Generator, pitch: float = 8.0) -> np.ndarray:
    """Woven threads, `pitch` pixels apart."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    pitch *= 1 + 0.01 * rng.standard_normal()
    u, v = x + 1.2 * smooth(rng, 25), y + 1.2 * smooth(rng, 25)
    first, second = rng.uniform(0, 2 * np.pi, 2)
    weave = np.sin(2 * np.pi * u / pitch + first) * np.sign(np.sin(np.pi * v / pitch + second))
    weave += np.sin(2 * np.pi * v / pitch + second)
    noise = 8 * rng.standard_normal((SIDE, SIDE)) + 4 * smooth(rng, 40) + 6 * rng.standard_normal()
    cloth: np.ndarray = (130 + 22 * weave + noise)[..., None] * np.array([1, 0.92, 0.8])
    return cloth


def draw_brushed(rng: np.random.Generator, *, upright: bool = False) -> np.ndarray:
    """Brushed metal; its lines lie, or stand upright."""
    lines = gaussian_filter(rng.standard_normal((SIDE, SIDE)).astype(np.float32), (0.8, 40), mode="wrap")
    lines = (lines.T if upright else lines) / lines.std()
    noise = 5 * rng.standard_normal((SIDE, SIDE)) + 8 * smooth(rng, 60) + 8 * rng.standard_normal()
    metal: np.ndarray = (140 + 14 * lines + noise)[..., None] * np.array([1, 1.01, 1.03])
    return metal


STONES = np.array([(120, 110, 100), (80, 80, 85), (225, 220, 215), (165, 120, 95)])


def draw_terrazzo(rng: np.random.Generator, size: float = 1.0, count: int = 260) -> np.ndarray:
    """Stones of four colours in light cement."""
    canvas = Canvas((200, 195, 185))
    for _ in range(count):
        x, y = rng.uniform(0, SIDE, 2)
        colour = STONES[rng.integers(4)] + 5 * rng.standard_normal(3)
        canvas.stone(x, y, rng.uniform(3, 10, 2) * size + 0.5, rng.uniform(0, np.pi), tuple(colour.tolist()))
    noise = 4 * smooth(rng, 2) + 4 * rng.standard_normal((SIDE, SIDE)) + 5 * rng.standard_normal()
    floor: np.ndarray = canvas.pixels() + noise[..., None]
    return floor


def draw_washer(rng: np.random.Generator, missing: int | None = None) -> np.ndarray:
    """A ring with six holes; one of them may be missing."""
    canvas, centre, dark = Canvas((60, 60, 60)), SIDE / 2, (60.0, 60.0, 60.0)
    canvas.circle(centre, centre, 130, (165, 168, 172))
    canvas.circle(centre, centre, 45, dark)
    for number in range(6):
        if number != missing:
            angle = np.pi * number / 3
            canvas.circle(centre + 88 * np.cos(angle), centre + 88 * np.sin(angle), 14, dark)
    return _photographed(canvas.pixels(), rng, 1.0, 2.0, (6, 3))


NUM_PIECES = 14


def draw_board(rng: np.random.Generator, missing: int | None = None) -> np.ndarray:
    """Pieces of many colours on a green board, always the same; one of them may be missing."""
    canvas, plan = Canvas((30, 95, 55)), np.random.default_rng(7)
    for _ in range(18):
        x, top, bottom = plan.integers(0, SIDE, 3)
        canvas.line(x, top, x, bottom, (60, 140, 90), 2)
    for number in range(NUM_PIECES):  # side by side, none above another
        row, column = divmod(number, 4)
        x, y = 20 + 75 * column + plan.integers(0, 15), 20 + 75 * row + plan.integers(0, 15)
        width, height, colour = plan.integers(20, 50), plan.integers(20, 50), plan.integers(90, 230, 3)
        if number != missing:
            canvas.box(x, y, width, height, tuple(colour.tolist()))
    return _photographed(canvas.pixels(), rng, 0.5, 1.5, (3, 1))


def draw_label(rng: np.random.Generator, *, upside_down: bool = False) -> np.ndarray:
    """Print, a frame and bars on paper; the whole may be upside down."""
    canvas = Canvas((225, 222, 214))
    canvas.frame(25, (40, 60, 140), 4)
    canvas.text(50, 80, "LOT 2481", 46)
    for number in range(30):
        canvas.line(50 + 7 * number, 190, 50 + 7 * number, 260, (20, 20, 20), 1 + number * 7 % 4)
    pixels = canvas.pixels()
    return _photographed(pixels[::-1, ::-1] if upside_down else pixels, rng, 0.6, 1.5, (2, 1))


GOOD: dict[str, Draw] = {
    "cloth": draw_cloth, "brushed": draw_brushed, "terrazzo": draw_terrazzo, "washer": draw_washer,
    "board": draw_board, "label": draw_label,
}  # fmt: skip
PARTS = ("washer", "board", "label")
CHANGED: dict[str, Draw] = {
    "cloth": lambda rng: draw_cloth(rng, pitch=9.2),
    "brushed": lambda rng: draw_brushed(rng, upright=True),
    "terrazzo": lambda rng: draw_terrazzo(rng, size=0.7, count=500),
    "washer": lambda rng: draw_washer(rng, missing=int(rng.integers(6))),
    "board": lambda rng: draw_board(rng, missing=int(rng.integers(NUM_PIECES))),
    "label": lambda rng: draw_label(rng, upside_down=True),
}
SPOT: dict[str, Colour] = {"terrazzo": (40, 90, 200)}  # where a dark one is but another stone


def draw(material: str, defect: str | None, rng: np.random.Generator) -> np.ndarray:
    """Draw a picture of a material, good or with one of `DEFECTS`; uint8."""
    if defect == "whole":
        return _clipped(CHANGED[material](rng))
    pixels = GOOD[material](rng)
    if defect == "tiny":
        pixels = _with_mark(pixels, rng, SPOT.get(material))
    elif defect == "faint":
        pixels = _with_shade(pixels, rng)
    return _clipped(pixels)


def write_drawn(folder: Path, material: str, defect: str | None, count: int, seed: int) -> list[Path]:
    """Write pictures as PNG; each seed gives others."""
    rng = np.random.default_rng(
        [seed, list(GOOD).index(material), ("good", *DEFECTS).index(defect or "good")]
    )
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{number:03}.png" for number in range(count)]
    for file in files:
        Image.fromarray(draw(material, defect, rng)).save(file, compress_level=1)
    return files


def _clipped(pixels: np.ndarray) -> np.ndarray:
    return np.clip(pixels, 0, 255).astype(np.uint8)


def _with_mark(pixels: np.ndarray, rng: np.random.Generator, colour: Colour | None) -> np.ndarray:
    """A spot of ten pixels or a scratch of twice that, where it can be seen."""
    colour_3 = np.array(colour or (pixels.mean((0, 1)) * 0.35).tolist())
    while True:
        mask = _mark(rng)[..., None]
        difference = float((mask * np.abs(pixels - colour_3)).sum() / mask.sum() / 3)
        if difference > VISIBLE:
            marked: np.ndarray = pixels * (1 - mask) + colour_3 * mask
            return marked


def _mark(rng: np.random.Generator) -> np.ndarray:
    """Where a mark is, (SIDE, SIDE), 0 to 1."""
    canvas = Image.new("L", (SIDE * FINER, SIDE * FINER))
    x, y = rng.integers(60, SIDE - 60, 2)
    if rng.random() < 0.5:
        ImageDraw.Draw(canvas).ellipse(_scaled(x - 5, y - 5, x + 5, y + 5), 255)
    else:
        angle = rng.uniform(0, np.pi)
        right, down = 11 * np.cos(angle), 11 * np.sin(angle)
        ImageDraw.Draw(canvas).line(_scaled(x - right, y - down, x + right, y + down), 255, 3 * FINER)
    return np.asarray(canvas.resize((SIDE, SIDE), Image.Resampling.BOX), np.float32) / 255


def _with_shade(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A third of the picture a little darker, without an edge."""
    y, x = np.mgrid[:SIDE, :SIDE]
    (row, column), radius = rng.uniform(90, SIDE - 90, 2), rng.uniform(45, 75)
    depth = FAINT * np.exp(-((((x - column) ** 2 + (y - row) ** 2) / radius**2) ** 2))
    shaded: np.ndarray = pixels * (1 - depth)[..., None]
    return shaded
