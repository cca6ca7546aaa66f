"""Small images of every format that is read, and ways in which files are damaged.

    python tests/support/mutations.py DIR 2000

writes that many damaged files.
"""

from __future__ import annotations

import io
import random
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, features

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.hostile_files import HEIC, picture
from support.png_files import png

Mutate = Callable[[random.Random, bytes, bytes], bytes]


def make_images() -> dict[str, bytes]:
    """An image of each kind, by a file name that says it."""
    rgb = picture(40, 32)
    image = Image.fromarray(rgb)
    grey, alpha = image.convert("L"), Image.fromarray(np.dstack([rgb, rgb[..., 0]]))
    palette, deep = image.quantize(16), rgb[..., 0].astype(np.uint16) * 257
    pages = {"save_all": True, "append_images": [image.rotate(180)]}
    saves: dict[str, tuple[Image.Image, dict[str, object]]] = {
        "baseline.jpg": (image, {}), "progressive.jpg": (image, {"progressive": True}),
        "cmyk.jpg": (image.convert("CMYK"), {}), "grey.jpg": (grey, {}), "444.jpg": (image, {"subsampling": 0}),
        "restarts.jpg": (image, {"restart_marker_blocks": 2}), "optimised.jpg": (image, {"optimize": True}),
        "rgb.png": (image, {}), "grey.png": (grey, {}), "bit.png": (image.convert("1"), {}),
        "palette.png": (palette, {"bits": 4}), "alpha.png": (alpha, {}), "la.png": (alpha.convert("LA"), {}),
        "deep.png": (Image.fromarray(deep), {}), "animated.png": (image, pages),
        "plain.webp": (image, {}), "lossless.webp": (image, {"lossless": True}), "alpha.webp": (alpha, {}),
        "animated.webp": (image, pages), "plain.gif": (palette, {}), "animated.gif": (image, pages),
        "rgb.bmp": (image, {}), "grey.bmp": (grey, {}), "bit.bmp": (image.convert("1"), {}),
        "palette.bmp": (palette, {}), "rgb.ppm": (image, {}), "grey.pgm": (grey, {}),
        "bit.pbm": (image.convert("1"), {}), "deep.pgm": (Image.fromarray(deep), {}),
        "float.pfm": (Image.fromarray(deep.astype(np.float32)), {}), "plain.jp2": (image, {}),
        "lossy.jp2": (image, {"irreversible": True, "quality_layers": [20]}), "plain.j2k": (image, {}),
        "plain.ico": (image, {"sizes": [(32, 32)]}),
        "bitmap.ico": (image, {"bitmap_format": "bmp", "sizes": [(16, 16)]}),
        "rgb.tga": (image, {}), "packed.tga": (image, {"compression": "tga_rle"}), "grey.tga": (grey, {}),
        "plain.pcx": (image, {}), "grey.pcx": (grey, {}), "plain.qoi": (alpha, {}),
    }  # fmt: skip
    if features.check("avif"):
        saves |= {"plain.avif": (image, {}), "alpha.avif": (alpha, {})}
    found = {name: _saved(each, Path(name).suffix, options) for name, (each, options) in saves.items()}
    found |= {"phone.heic": HEIC, "colour.pam": _pam(rgb), "interlaced.png": png(rgb, is_interlaced=True)}
    found["flat.psd"] = _psd(rgb)
    return found | _tiffs(rgb, deep) | _deep_jpegs(rgb)


def _saved(image: Image.Image, ending: str, options: dict[str, object]) -> bytes:
    stream = io.BytesIO()
    kind = {".jpg": "JPEG", ".tif": "TIFF", ".jp2": "JPEG2000", ".j2k": "JPEG2000"}
    kind |= dict.fromkeys((".pgm", ".pbm", ".pfm"), "PPM")
    image.save(
        stream,
        kind.get(ending, ending[1:].upper()),
        **({"no_jp2": True} if ending == ".j2k" else {}),
        **options,
    )
    return stream.getvalue()


def _pam(rgb: np.ndarray) -> bytes:
    height, width = rgb.shape[:2]
    head = f"P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n"
    return head.encode() + rgb.tobytes()


def _psd(rgb: np.ndarray) -> bytes:
    height, width = rgb.shape[:2]
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, height, width, 8, 3)
    return head + struct.pack(">III", 0, 0, 0) + b"\0\0" + rgb.transpose(2, 0, 1).tobytes()


def _tiffs(rgb: np.ndarray, deep: np.ndarray) -> dict[str, bytes]:
    """Compressions, tiles, planes, both sizes of offsets and both orders of bytes."""
    import tifffile

    kinds: dict[str, tuple[np.ndarray, dict[str, object]]] = {
        "plain.tif": (rgb, {}), "deep.tif": (deep, {}), "float.tif": (deep.astype(np.float32), {}),
        "tiles.tif": (rgb, {"tile": (16, 16)}), "big.tif": (rgb, {"bigtiff": True}),
        "motorola.tif": (rgb, {"byteorder": ">"}),
        "planes.tif": (rgb.transpose(2, 0, 1).copy(), {"planarconfig": "separate"}),
        "predicted.tif": (rgb, {"compression": "lzw", "predictor": True}),
        **{f"{name}.tif": (rgb, {"compression": name})
           for name in ("lzw", "deflate", "packbits", "jpeg", "zstd", "webp", "jpeg2000", "lzma")},
    }  # fmt: skip
    found = {}
    for name, (pixels, options) in kinds.items():
        stream = io.BytesIO()
        colours = {"photometric": "rgb"} if pixels.ndim == 3 else {"photometric": "minisblack"}
        tifffile.imwrite(stream, pixels, **colours, **options)
        found[name] = stream.getvalue()
    bits = Image.fromarray(rgb).convert("1")
    found |= {f"{name}.tif": _saved(bits, ".tif", {"compression": name}) for name in ("group3", "group4")}
    return found


def _deep_jpegs(rgb: np.ndarray) -> dict[str, bytes]:
    """JPEG of 12 bits and without losses, where the encoder can."""
    import imagecodecs

    found = {}
    for name, options in {"twelve.jpg": {"bitspersample": 12}, "lossless.jpg": {"lossless": True}}.items():
        try:
            values = rgb[..., 0].astype(np.uint16) * 16 if "bitspersample" in options else rgb[..., 0]
            found[name] = bytes(imagecodecs.jpeg_encode(values.copy(), **options))
        except (TypeError, ValueError, RuntimeError):
            continue
    return found


def _flip(rng: random.Random, content: bytes, _: bytes) -> bytes:
    """Some bits anywhere."""
    changed = bytearray(content)
    for _number in range(rng.choice((1, 1, 2, 8, 64))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _flip_head(rng: random.Random, content: bytes, _: bytes) -> bytes:
    """Some bytes among the first, where sizes and tables are."""
    changed = bytearray(content)
    for _number in range(rng.choice((1, 2, 4))):
        changed[rng.randrange(min(160, len(changed)))] = rng.randrange(256)
    return bytes(changed)


def _cut(rng: random.Random, content: bytes, _: bytes) -> bytes:
    return content[: rng.randrange(1, len(content))]


def _swap_head(rng: random.Random, content: bytes, other: bytes) -> bytes:
    """The first bytes of another file before the rest of this one."""
    size = rng.choice((4, 8, 16, 32, 64, 256))
    return other[:size] + content[size:]


def _blank(rng: random.Random, content: bytes, _: bytes) -> bytes:
    """A run of one byte, as a broken disk leaves it."""
    start = rng.randrange(len(content))
    size = rng.choice((4, 32, 512))
    return content[:start] + bytes([rng.choice((0, 255))]) * size + content[start + size :]


def _repeat(rng: random.Random, content: bytes, _: bytes) -> bytes:
    """A piece twice, or another file's piece within."""
    start, size = rng.randrange(len(content)), rng.choice((1, 16, 256))
    return content[: start + size] + content[start : start + size] + content[start + size :]


def _extreme(rng: random.Random, content: bytes, _: bytes) -> bytes:
    """A number of four bytes that is as large as they go, or nearly."""
    start = rng.randrange(max(1, min(len(content) - 4, 256)))
    number = rng.choice((0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x00FFFFFF, 65535))
    return content[:start] + number.to_bytes(4, rng.choice(("big", "little"))) + content[start + 4 :]


MUTATIONS: dict[str, Mutate] = {
    "flip": _flip, "flip-head": _flip_head, "cut": _cut, "swap-head": _swap_head, "blank": _blank, "repeat": _repeat,
    "extreme": _extreme,
}  # fmt: skip


def mutate(images: dict[str, bytes], number: int) -> tuple[str, bytes]:
    """The damaged file of a number: its name, which says of what and how, and its content."""
    rng, names = random.Random(number), sorted(images)
    name = names[number % len(names)]
    kind = rng.choice(sorted(MUTATIONS))
    content = MUTATIONS[kind](rng, images[name], images[rng.choice(names)])
    return f"{number:05}-{kind}-{name}", content


def write_mutated(folder: Path, count: int, first: int = 0) -> list[Path]:
    """Write damaged files; their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    images, files = make_images(), []
    for number in range(first, first + count):
        name, content = mutate(images, number)
        file = folder / name
        file.write_bytes(content)
        files.append(file)
    return files


if __name__ == "__main__":
    print(len(write_mutated(Path(sys.argv[1]), int(sys.argv[2]))), "files")
