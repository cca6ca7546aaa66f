"""Photographs of signs, five in English and five in Chinese, turned a little.

The Chinese ones are pictures beside this file, drawn in WenQuanYi Micro Hei (Apache-2.0), since few machines have such
a font.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from support.pictures import make_photograph

DRAWN = Path(__file__).parent / "signs"
ENGLISH = ("EXIT", "Fresh Bread", "No Parking", "Railway Station", "OPEN 24 HOURS")
CHINESE = {
    "exit": "出口",
    "bread": "新鲜面包",
    "no-parking": "禁止停车",
    "station": "火车站",
    "open": "二十四小时营业",
}
COLOURS = (
    ("white", "navy"),
    ("black", "gold"),
    ("white", "firebrick"),
    ("darkgreen", "white"),
    ("white", "black"),
)


def make_signs(folder: Path) -> dict[str, str]:
    """Write a photograph of each sign; returns what stands on it, by path."""
    folder.mkdir(parents=True, exist_ok=True)
    signs = [(text, _letters(text)) for text in ENGLISH]
    signs += [(text, Image.open(DRAWN / f"{name}.png").convert("L")) for name, text in CHINESE.items()]
    texts = {}
    for number, (text, mask) in enumerate(signs):
        path = f"{number}.jpg"
        _photograph(mask, number).save(folder / path, quality=88)
        texts[path] = text
    return texts


def _letters(text: str) -> Image.Image:
    font = ImageFont.load_default(48)
    left, top, right, bottom = (round(side) for side in font.getbbox(text))
    mask = Image.new("L", (right - left + 8, bottom - top + 8))
    ImageDraw.Draw(mask).text((4 - left, 4 - top), text, 255, font)
    return mask


def _photograph(mask: Image.Image, number: int) -> Image.Image:
    ink, paint = COLOURS[number % len(COLOURS)]
    board = Image.new("RGBA", (mask.width + 60, mask.height + 40), paint)
    board.paste(ink, (30, 20), mask)
    turned = board.rotate((-8, -4, 0, 4, 8)[number % 5], Image.Resampling.BICUBIC, expand=True)
    scene = make_photograph(number, width=720, height=540)
    scene.paste(turned, ((720 - turned.width) // 2, 180), turned)
    return scene
