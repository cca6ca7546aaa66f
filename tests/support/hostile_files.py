"""A folder as bad as folders get: every kind of file that a walk through people's disks turns up.

    python tests/support/hostile_files.py DIR

makes one; tests import `make_hostile_folder`.
"""

from __future__ import annotations

import base64
import os
import shutil
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.png_files import SIGNATURE, chunk

# A 64 × 48 HEIC, white with a red upper left quarter: there is no free encoder to make it with.
HEIC = zlib.decompress(
    base64.b64decode(
        "eNpjYGCQSSupLMhIzUxmAILczDRDEDs3MzGNgYGxNje1JJEBAhQzUnKKoGyGgszkEgY0oJSZkw82xMWBgREIgYBxIYQGAlMg"
        "Vs7MzEsD80CiokBOKhOUl1GWbAhi8hVkluTClfzNLCgqANJ3MwuS84F0GVCZMyMzSGgCWJHcB4Y/f3/8YGDgZ04A6pBwYORh"
        "/P8fpIAZpIIZhOR2MTkkAiW1nBgZ0WQWKDSyTnv1ZNnOHRwZBgpAIWYQwaCYBFTO5sJ4sPhAJ9AS4eT8nKK85JwKoCgvA1sD"
        "UEgks7ggFeozByjWSM5JLICyQY43gNIgwPT///8PIBqIBQoyKzJBgswcHBxASiKzIBcWyMBwY21kYmZtAbJtc1MSQYFsqMG4"
        "XrLheyvv/5Pbqk83h+6o82NjPX0nJX3D5ciYlKR1Hz9cOKfOtu9EyY6Jcn4hM+f+dAAAOAJibw=="
    )
)


def picture(width: int = 48, height: int = 32, seed: int = 0) -> np.ndarray:
    """(height, width, 3) uint8: smooth colours, unlike in any two corners, so that a turned copy shows."""
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    colours = np.stack([x, y, 0.5 + 0.5 * np.sin(6 * x * y + seed)], axis=-1)
    return np.rint(255 * colours).astype(np.uint8)


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few dozen bytes that claims any size."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 100)
    return SIGNATURE + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


# How EXIF's eight orientations undo: stored = turn(upright).
TURNS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, -1),
}


def save_turned(upright: np.ndarray, file: Path, orientation: int, **options: object) -> None:
    """Save a picture turned, with the EXIF mark that turns it back."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = np.ascontiguousarray(TURNS[orientation](upright))
    Image.fromarray(turned).save(file, exif=exif, **options)


def make_hostile_folder(root: Path) -> tuple[set[str], dict[str, str]]:
    """Fill a folder; return the keys of the usable images, and of the unusable ones with their problem.

    `needs-heic` stands for an image that is usable where pi-heif is installed. All other files must be left
    alone. What this file system or this user cannot make (undecodable names, pipes) is left out.
    """
    root.mkdir(parents=True, exist_ok=True)
    good: set[str] = set()
    _formats(root, good)
    _names(root, good)
    _left_alone(root)
    bad = _broken(root)
    _links(root, good, bad)
    return good, bad


def _formats(root: Path, good: set[str]) -> None:
    folder = root / "formats"
    folder.mkdir()
    rgb, deep = picture(), (picture()[..., 0].astype(np.uint16) * 257)
    image = Image.fromarray(rgb)
    alpha = Image.fromarray(np.dstack([rgb, picture(seed=3)[..., 1]]))
    palette = image.quantize(16)
    pages = [image, image.rotate(180)]
    saves: dict[str, tuple[Image.Image, dict[str, object]]] = {
        "plain.jpg": (image, {}), "progressive.jpg": (image, {"progressive": True}),
        "cmyk.jpg": (image.convert("CMYK"), {}), "grey.jpg": (image.convert("L"), {}),
        "plain.png": (image, {}), "palette.png": (palette, {}), "alpha.png": (alpha, {}),
        "palette-transparent.png": (palette, {"transparency": 0}),
        "grey-alpha.png": (alpha.convert("LA"), {}),
        "one-bit.png": (image.convert("1"), {}), "sixteen.png": (Image.fromarray(deep), {}),
        "colour-key.png": (image, {"transparency": (0, 0, 127)}),
        "animated.png": (image, {"save_all": True, "append_images": pages[1:]}),
        "sixteen.tif": (Image.fromarray(deep), {}), "cmyk.tif": (image.convert("CMYK"), {}),
        "float.tiff": (Image.fromarray(deep.astype(np.float32) / 65535), {}),
        "int.tif": (Image.fromarray(deep.astype(np.int32)), {}), "lab.tif": (image.convert("LAB"), {}),
        "lzw.tif": (image, {"compression": "tiff_lzw"}),
        "pages.tif": (image, {"save_all": True, "append_images": pages[1:]}),
        "animated.gif": (image, {"save_all": True, "append_images": pages[1:]}),
        "plain.webp": (image, {}), "animated.webp": (image, {"save_all": True, "append_images": pages[1:]}),
        "plain.bmp": (image, {}), "plain.ppm": (image, {}), "grey.pgm": (image.convert("L"), {}),
        "plain.tga": (image, {}), "plain.pcx": (image, {}), "plain.jp2": (image, {}),
        "dot.png": (image.crop((0, 0, 1, 1)), {}),
        "line.png": (Image.fromarray(picture(1, 3000)), {}),
        "wide.jpg": (Image.fromarray(picture(3000, 2)), {}),
    }  # fmt: skip
    for name, (each, options) in saves.items():
        each.save(folder / name, **options)
    for orientation in TURNS:
        save_turned(rgb, folder / f"turned-{orientation}.jpg", orientation, quality=95)
    names = [*saves, *(f"turned-{orientation}.jpg" for orientation in TURNS)]
    good.update(f"formats/{name}" for name in names)


def _names(root: Path, good: set[str]) -> None:
    jpeg, png = (root / "formats/plain.jpg").read_bytes(), (root / "formats/plain.png").read_bytes()
    contents = {
        "UPPER.JPG": jpeg, "mixed.JpEg": jpeg, "really-a-png.jpg": png, "really-a-jpeg.gif": jpeg,
        "no-ending": jpeg, "wrong.txt": png, "two.dots.png": png, "deep/er/and/deeper/a.jpg": jpeg,
        "with space/a b.jpg": jpeg, "日本語/写真 é ñ.png": png, "emoji 🌻.jpg": jpeg, "new\nline.jpg": jpeg,
        "quote\"'.png": png, "comma,semi;.jpg": jpeg, "-dash.jpg": jpeg, "100%.jpg": jpeg,
        "back\\slash.png": png, "[brackets]*.jpg": jpeg,
    }  # fmt: skip
    for name, content in contents.items():
        _put(root, name, content)
    good.update(contents)
    try:
        _put(root, os.fsdecode(b"latin-\xe9.jpg"), jpeg)
        good.add("latin-\\xe9.jpg")
    except (OSError, UnicodeError):  # macOS and Windows keep names Unicode
        pass


def _left_alone(root: Path) -> None:
    jpeg = (root / "formats/plain.jpg").read_bytes()
    for name, content in {
        ".hidden.jpg": jpeg, ".git/a.jpg": jpeg, "deep/.cache/a.png": jpeg, "._plain.jpg": b"\0\5\x16\7",
        "notes.txt": b"no image", "table.csv": b"a,b\n1,2\n", "Thumbs.db": b"\xd0\xcf\x11\xe0",
        "empty.txt": b"",
        "film.mp4": b"\0\0\0\x18ftypisom\0\0\2\0isommp42", "model.bin": bytes(range(256)),
        "BMW.md": b"BM W is a car maker, and this is no bitmap", "old.unpool/report/map.png": jpeg,
        "renamed/images.lance/data/a.bin": b"x", "renamed/report/map.png": jpeg,
    }.items():  # fmt: skip
        _put(root, name, content)


def _broken(root: Path) -> dict[str, str]:
    jpeg, png = (root / "formats/plain.jpg").read_bytes(), (root / "formats/plain.png").read_bytes()
    files = {name: (root / f"formats/{name}").read_bytes() for name in ("plain.webp", "lzw.tif", "plain.bmp")}
    cases = {
        "empty.jpg": (b"", "empty"), "empty.PNG": (b"", "empty"),
        "half.jpg": (jpeg[: len(jpeg) // 2], "truncated"), "half.png": (png[: len(png) // 2], "truncated"),
        "most.jpg": (jpeg[:-60], "truncated"), "most.png": (png[:-60], "truncated"),
        "head.jpg": (jpeg[:30], "truncated"), "head.png": (png[:20], "truncated"),
        "chunk.png": (png[:38], "truncated"),
        "half.webp": (files["plain.webp"][:200], "truncated"),
        "half.bmp": (files["plain.bmp"][:200], "truncated"),
        "half.heic": (HEIC[:200], "truncated"),
        "garbage.png": (png[:60] + b"\xaa" * 40 + png[100:], "corrupt"),
        "text.jpg": (b"this is text, not an image", "not-an-image"),
        "page.png": (b"<!DOCTYPE html><html>404</html>", "not-an-image"),
        "zeros.jpg": (bytes(5000), "not-an-image"),
        "zero-size.png": (bomb(0, 0), "corrupt"), "bomb.png": (bomb(60_000, 60_000), "too-large"),
        "raw.nef": (files["lzw.tif"], "unsupported"), "drawing.svg": (b"<svg></svg>", "unsupported"),
        "phone.heic": (HEIC, "needs-heic"),
    }  # fmt: skip
    bad = {}
    for name, (content, problem) in cases.items():
        _put(root, f"broken/{name}", content)
        bad[f"broken/{name}"] = problem
    if hasattr(os, "mkfifo"):
        os.mkfifo(root / "broken" / "pipe.jpg")
        bad["broken/pipe.jpg"] = "not-a-file"
        os.mkfifo(root / "broken" / "pipe")
    if hasattr(os, "geteuid") and os.geteuid() != 0:  # root may read everything
        _put(root, "broken/secret.jpg", jpeg).chmod(0)
        bad["broken/secret.jpg"] = "no-permission"
    return bad


def _links(root: Path, good: set[str], bad: dict[str, str]) -> None:
    """Links to what was read already, to what lies hidden, to nothing, and round in circles."""
    folder = root / "a-links"  # sorts before the real names, which must win all the same
    folder.mkdir()
    try:
        (folder / "again.jpg").symlink_to(root / "formats/plain.jpg")
    except OSError:  # Windows without the right to make links
        shutil.rmtree(folder)
        return
    (folder / "all").symlink_to(root / "formats", target_is_directory=True)
    (folder / "up").symlink_to(root, target_is_directory=True)
    (folder / "above").symlink_to(root.parent, target_is_directory=True)
    (folder / "self").symlink_to(folder / "self")
    (folder / "nowhere.jpg").symlink_to(root / "gone.jpg")
    (folder / "nowhere").symlink_to(root / "gone")
    (folder / "shown.jpg").symlink_to(root / ".hidden.jpg")
    (folder / "shown-twice.jpg").symlink_to(root / ".hidden.jpg")
    bad["a-links/nowhere.jpg"] = "broken-link"
    good |= {"a-links/shown.jpg", "a-links/shown-twice.jpg"}


def _put(root: Path, name: str, content: bytes) -> Path:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


if __name__ == "__main__":
    usable, unusable = make_hostile_folder(Path(sys.argv[1]))
    print(f"{len(usable)} usable images, {len(unusable)} unusable")
