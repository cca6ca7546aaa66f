"""Pictures that the benchmark draws itself, where it is given no folder.

They are much easier than photographs: figures on them say little beyond that everything runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIZE = (400, 300)
KINDS = ("disc", "square", "triangle", "ring", "cross", "stripes", "checks", "dots", "diamond", "frame")
SCENE_SIZE = (480, 352)
SCENE_CLASSES = 6  # sky, ground, road, house, tree, vehicle


def draw_photographs(out: Path, count: int, seed: int = 0) -> None:
    """Draw JPEGs of ten kinds, each in a folder of its name, on noisy backgrounds of any colour."""
    rng = np.random.default_rng(seed)
    for index in range(count):
        kind = KINDS[index % len(KINDS)]
        (out / kind).mkdir(parents=True, exist_ok=True)
        _picture(kind, rng).save(out / kind / f"{index:05}.jpg", quality=88)


def _picture(kind: str, rng: np.random.Generator) -> Image.Image:
    noise = rng.normal(rng.uniform(40, 215, 3), 18, (SIZE[1] // 4, SIZE[0] // 4, 3)).clip(0, 255)
    image = Image.fromarray(noise.astype(np.uint8)).resize(SIZE, Image.Resampling.BICUBIC)
    draw, colour = ImageDraw.Draw(image), tuple(int(value) for value in rng.uniform(0, 255, 3))
    side, width = int(rng.uniform(110, 240)), int(rng.uniform(10, 26))
    x, y = int(rng.uniform(0, SIZE[0] - side)), int(rng.uniform(0, SIZE[1] - side))
    box, middle = (x, y, x + side, y + side), (x + side // 2, y + side // 2)
    steps = range(0, side, 2 * width)
    if kind in ("disc", "ring"):
        draw.ellipse(box, fill=colour if kind == "disc" else None, outline=colour, width=width)
    elif kind in ("square", "frame"):
        draw.rectangle(box, fill=colour if kind == "square" else None, outline=colour, width=width)
    elif kind == "triangle":
        draw.polygon([(middle[0], y), (x, box[3]), (box[2], box[3])], fill=colour)
    elif kind == "diamond":
        draw.polygon([(middle[0], y), (x, middle[1]), (middle[0], box[3]), (box[2], middle[1])], fill=colour)
    elif kind == "cross":
        draw.line((x, y, box[2], box[3]), fill=colour, width=width)
        draw.line((x, box[3], box[2], y), fill=colour, width=width)
    for step in steps if kind in ("stripes", "checks", "dots") else ():
        if kind == "stripes":
            draw.rectangle((x, y + step, box[2], y + step + width), fill=colour)
        for other in steps if kind != "stripes" else ():
            mark = (x + step, y + other, x + step + width, y + other + width)
            (draw.ellipse if kind == "dots" else draw.rectangle)(mark, fill=colour)
    return image.filter(ImageFilter.GaussianBlur(1))


def draw_scenes(out: Path, count: int, seed: int = 0) -> None:
    """Draw street-like pictures with masks: images/NAME.jpg and masks/NAME.png."""
    rng = np.random.default_rng(seed)
    for folder in ("images", "masks"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    for index in range(count):
        image, mask = _scene(rng)
        image.save(out / "images" / f"{index:05}.jpg", quality=90)
        mask.save(out / "masks" / f"{index:05}.png")


def _scene(rng: np.random.Generator) -> tuple[Image.Image, Image.Image]:
    width, height = SCENE_SIZE
    mask = Image.new("L", SCENE_SIZE, 0)
    draw = ImageDraw.Draw(mask)
    horizon = int(rng.uniform(0.4, 0.6) * height)
    draw.rectangle((0, horizon, width, height), fill=1)
    left, right = sorted(rng.uniform(0, width, 2))
    draw.polygon(
        [(left, horizon), (left + 30, horizon), (right + 160, height), (right - 160, height)], fill=2
    )
    for value, box in _objects(rng, horizon):
        (draw.ellipse if value == 4 else draw.rectangle)(box, fill=value)
    colours = rng.uniform((110, 60, 70, 90, 20, 60), (215, 150, 120, 200, 90, 235), (3, SCENE_CLASSES)).T
    pixels = colours[np.array(mask)] + rng.normal(0, 22, (height, width, 1))
    image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.8))
    return image, mask


def _objects(rng: np.random.Generator, horizon: int) -> Iterator[tuple[int, tuple[float, ...]]]:
    for value, low, high in ((3, 60, 140), (3, 60, 140), (4, 30, 90), (4, 30, 90), (5, 20, 70)):
        side, x = rng.uniform(low, high), rng.uniform(0, SCENE_SIZE[0])
        bottom = horizon + (rng.uniform(20, 90) if value == 5 else 10)
        yield value, (x, bottom - side, x + side * rng.uniform(0.7, 1.5), bottom)
