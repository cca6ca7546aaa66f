"""Decoding: right side up, right colours, right depth; every failure is one kind of error."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter

from support.hostile_files import HEIC, TURNS, bomb, make_hostile_folder, picture, save_turned
from unpool.errors import UnreadableImageError
from unpool.images.reading import decode
from unpool.images.reading.decode import read_picture, read_size
from unpool.images.resizing import square


def saved(file: Path, image: Image.Image | np.ndarray, **options: Any) -> Path:
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(file, **options)
    return file


def distance(a: np.ndarray, b: np.ndarray) -> float:
    assert a.shape == b.shape
    return float(np.abs(a.astype(float) - b).mean())


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.jpg", {"quality": 97, "subsampling": 0}),
        ("a.png", {}),
        ("a.webp", {"lossless": True}),
        ("a.tif", {}),
    ],
)
def test_every_orientation_comes_out_upright(
    tmp_path: Path, name: str, options: dict[str, Any], orientation: int
) -> None:
    upright = picture(48, 32)
    save_turned(upright, tmp_path / name, orientation, **options)
    read = read_picture(tmp_path / name)
    assert (read.width, read.height) == (48, 32) == read_size(tmp_path / name)
    assert distance(read.pixels, upright) < 2.5
    assert distance(picture(48, 32)[::-1], upright) > 25  # what the tolerance must tell apart


RGB = picture()
TRANSPARENT = np.dstack([RGB, np.where(np.arange(48) < 24, 0, 255)[None].repeat(32, 0).astype(np.uint8)])


def palette_with_hole() -> Image.Image:
    image = Image.new("P", (8, 8), 0)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.paste(1, (4, 0, 8, 8))
    return image


@pytest.mark.parametrize(
    ("name", "image", "options", "corner", "mode"),
    [
        ("a.png", Image.new("CMYK", (8, 8), (0, 255, 255, 0)), None, (254, 0, 0), "CMYK"),
        ("a.tif", Image.new("CMYK", (8, 8), (0, 255, 255, 0)), {}, (254, 0, 0), "CMYK"),
        ("a.tif", Image.new("YCbCr", (8, 8), (76, 85, 255)), {}, (254, 0, 0), "YCbCr"),
        ("a.png", Image.new("LA", (8, 8), (0, 0)), {}, (255, 255, 255), "LA"),
        ("a.png", Image.new("LA", (8, 8), (0, 255)), {}, (0, 0, 0), "LA"),
        ("a.png", Image.new("RGBA", (8, 8), (255, 0, 0, 51)), {}, (255, 204, 204), "RGBA"),
        ("a.png", Image.new("1", (8, 8), 1), {}, (255, 255, 255), "1"),
        ("a.png", palette_with_hole(), {}, (255, 0, 0), "P"),
        ("a.png", palette_with_hole(), {"transparency": 0}, (255, 255, 255), "P"),
        ("a.gif", palette_with_hole(), {"transparency": 0}, (255, 255, 255), "P"),
        ("a.png", Image.new("RGB", (8, 8), (9, 8, 7)), {"transparency": (9, 8, 7)}, (255, 255, 255), "RGB"),
        ("a.png", Image.new("L", (8, 8), 9), {"transparency": 9}, (255, 255, 255), "L"),
        ("a.tif", Image.new("LAB", (8, 8), (136, 208, 195)), {}, (254, 0, 0), "LAB"),
    ],
)
def test_colours_of_every_mode(
    tmp_path: Path,
    name: str,
    image: Image.Image,
    options: dict[str, Any] | None,
    corner: tuple[int, int, int],
    mode: str,
) -> None:
    file = tmp_path / (
        "a.jpg" if options is None else name
    )  # a CMYK JPEG of Pillow is an Adobe one, inverted
    read = read_picture(saved(file, image, **(options or {})))
    assert read.mode == mode
    tolerance = 12 if mode == "LAB" else 2
    assert np.abs(read.pixels[0, 0].astype(int) - corner).max() <= tolerance


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp", "a.bmp", "a.jp2", "a.ppm", "a.tga", "a.pcx"])
def test_lossless_formats_are_exact(tmp_path: Path, name: str) -> None:
    options = {"a.webp": {"lossless": True}}.get(name, {})
    read = read_picture(saved(tmp_path / name, RGB, **options))
    assert np.array_equal(read.pixels, RGB)
    assert not read.grey


def test_grey_means_no_colour_anywhere(tmp_path: Path) -> None:
    grey = np.repeat(picture()[..., :1], 3, axis=2)
    nearly = grey.copy()
    nearly[7, 5, 1] ^= 1
    assert read_picture(saved(tmp_path / "a.png", grey)).grey
    assert not read_picture(saved(tmp_path / "b.png", nearly)).grey
    assert read_picture(saved(tmp_path / "c.jpg", grey)).grey
    assert read_picture(saved(tmp_path / "d.png", grey[..., 0])).mode == "L"
    assert read_picture(saved(tmp_path / "d.png", grey[..., 0])).grey


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.webp", "a.tif"])
def test_the_first_frame_counts(tmp_path: Path, name: str) -> None:
    first, second = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    first.save(tmp_path / name, save_all=True, append_images=[second, second])
    red, _, blue = read_picture(tmp_path / name).pixels[4, 4]
    assert red > 240
    assert blue < 15


def test_heic_is_read_where_pi_heif_is_installed(tmp_path: Path) -> None:
    pytest.importorskip("pi_heif")
    (tmp_path / "a.heic").write_bytes(HEIC)
    read = read_picture(tmp_path / "a.heic")
    assert (read.width, read.height, read.mode) == (64, 48, "RGB")
    assert np.abs(read.pixels[5, 5].astype(int) - (200, 30, 30)).max() < 8
    assert read.pixels[40, 50].min() > 250


@pytest.mark.parametrize(("name", "options"), [("a.jpg", {"quality": 95}), ("a.png", {}), ("a.tif", {})])
def test_reduced_reading_equals_full_reading(tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    luck = np.random.default_rng(0)
    noise = Image.fromarray(luck.integers(0, 256, (1201, 1607, 3), dtype=np.uint8))
    file = saved(tmp_path / name, noise.filter(ImageFilter.GaussianBlur(2)), **options)
    full, reduced = read_picture(file), read_picture(file, min_side=64)
    assert (full.width, full.height) == (reduced.width, reduced.height) == (1607, 1201)
    assert full.id == reduced.id
    assert reduced.pixels.shape == (128, 171, 3)
    reference = square(full.pixels, 64).astype(float)
    assert distance(square(reduced.pixels, 64), reference) < 0.5
    nearest = np.asarray(Image.fromarray(full.pixels).resize((64, 64), Image.Resampling.NEAREST))
    assert distance(nearest, reference) > 3  # a careless reduction is seen


def test_the_id_is_that_of_the_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = saved(tmp_path / "a.png", RGB)
    expected = hashlib.blake2b(file.read_bytes(), digest_size=16).hexdigest()
    copy = tmp_path / "copy.jpg"
    copy.write_bytes(file.read_bytes())
    assert read_picture(file).id == read_picture(copy).id == expected
    monkeypatch.setattr(decode, "IN_MEMORY_BYTES", 10)  # as a file of gigabytes is read
    from_disk = read_picture(file)
    assert from_disk.id == expected
    assert np.array_equal(from_disk.pixels, RGB)


def test_a_bomb_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(bomb(60_000, 60_000))
    said = r"^too-large: the image is 60000 × 60000 pixels, above the limit of 300 million$"
    with pytest.raises(UnreadableImageError, match=said):
        read_picture(tmp_path / "a.png")
    assert read_size(tmp_path / "a.png") == (60_000, 60_000)
    with pytest.raises(UnreadableImageError, match=r"above the limit of 0.001 million"):
        read_picture(saved(tmp_path / "b.png", RGB), max_pixels=1000)


@pytest.mark.slow
def test_large_photographs_pass_in_silence(tmp_path: Path) -> None:
    """200 megapixels, above the limits at which Pillow warns and refuses; and damaged EXIF data."""
    Image.new("L", (20_000, 10_000), 7).save(tmp_path / "large.jpg")
    Image.new("1", (20_000, 10_000), 1).save(tmp_path / "large.tif", compression="group4")
    exif = b"Exif\0\0II*\0\x08\0\0\0\x05\0\x12\x01\x03\0\xff"
    Image.fromarray(RGB).save(tmp_path / "exif.jpg", exif=exif)
    code = (
        "import sys; from pathlib import Path; from unpool.images.reading.decode import read_picture\n"
        "for name in sys.argv[1:]: read_picture(Path(name), min_side=500)"
    )
    files = [str(tmp_path / name) for name in ("large.jpg", "large.tif", "exif.jpg")]
    done = subprocess.run([sys.executable, "-c", code, *files], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def mutate(content: bytearray, other: bytes, rng: random.Random) -> bytes:
    """Damage a file: bits, its head, an early end, zeros, the head of another file, foreign bytes."""
    at = rng.randrange(len(content))
    match rng.randrange(6):
        case 0:
            for _ in range(rng.choice([1, 3, 20])):
                content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        case 1:
            for _ in range(rng.choice([1, 5, 30])):
                content[rng.randrange(min(len(content), 400))] = rng.randrange(256)
        case 2:
            del content[max(1, at) :]
        case 3:
            content[at : at + 64] = bytes(min(64, len(content) - at))
        case 4:
            content[:32] = other[:32]
        case 5:
            content[at:at] = rng.randbytes(rng.choice([1, 40]))
    return bytes(content)


def test_damaged_files_raise_nothing_else(tmp_path: Path) -> None:
    make_hostile_folder(tmp_path / "in")
    frames = [Image.fromarray(picture(seed=seed)) for seed in range(3)]
    for name in ("moving.gif", "moving.png", "moving.webp"):
        frames[0].save(tmp_path / "in" / "formats" / name, save_all=True, append_images=frames[1:])
    files = [file for file in sorted((tmp_path / "in" / "formats").iterdir()) if file.stat().st_size < 50_000]
    contents = [file.read_bytes() for file in files]
    rng, errors = random.Random(0), []
    for number in range(500):
        which = number % len(files)
        damaged = tmp_path / files[which].name
        damaged.write_bytes(mutate(bytearray(contents[which]), rng.choice(contents), rng))
        try:
            read_picture(damaged, min_side=8)
        except UnreadableImageError as error:
            errors.append(str(error))
    assert 200 < len(errors) < 500
    assert not any("\n" in error for error in errors)


def test_many_threads_read_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "LARGE_PIXELS", 1000)  # all wait for the one lock
    files = [saved(tmp_path / f"{seed}.png", picture(seed=seed)) for seed in range(8)]
    before = threading.active_count()
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(read_picture, files * 8))
    assert all(np.array_equal(each.pixels, picture(seed=n % 8)) for n, each in enumerate(read))
    assert threading.active_count() <= before
