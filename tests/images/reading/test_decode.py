"""Decoding: right side up, right colours, right depth; every failure is one kind of error."""

from __future__ import annotations

import hashlib
import io
import random
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter

from support.hostile_files import HEIC, TURNS, bomb, make_hostile_folder, picture, save_turned
from support.pictures import make_photograph
from unpool.errors import UnreadableImageError
from unpool.images.reading import decode
from unpool.images.reading.decode import brightness, read_picture, read_size, sharpness, square, thumbnail


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


def test_turned_and_reduced_go_together(tmp_path: Path) -> None:
    save_turned(picture(480, 320), tmp_path / "a.jpg", 6, quality=97)
    read = read_picture(tmp_path / "a.jpg", min_side=20)
    assert read.pixels.shape == (40, 60, 3)
    assert (read.width, read.height) == (480, 320)
    assert distance(read.pixels, np.asarray(Image.fromarray(picture(480, 320)).reduce(8))) < 2.5


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


def test_a_reduced_transparent_picture_has_no_dark_rim(tmp_path: Path) -> None:
    hidden = np.zeros((32, 32, 4), np.uint8)
    hidden[:, 16:] = 255  # black where transparent, white where not: white on white
    file = saved(tmp_path / "a.png", hidden)
    assert read_picture(file, min_side=3).pixels.min() == 255


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


def test_heic_without_pi_heif_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    (tmp_path / "a.jpg").write_bytes(HEIC)  # phones do that
    with pytest.raises(
        UnreadableImageError, match=r'^needs-heic: HEIC images need: pip install "unpool\[heic\]"$'
    ):
        read_picture(tmp_path / "a.jpg")


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


def test_a_folder_a_gap_and_a_broken_link_are_reported(tmp_path: Path) -> None:
    (tmp_path / "link.jpg").symlink_to(tmp_path / "gone")
    for name, problem in (("", "not-a-file"), ("gone.jpg", "missing"), ("link.jpg", "broken-link")):
        with pytest.raises(UnreadableImageError) as error:
            read_picture(tmp_path / name)
        assert error.value.problem == problem


@pytest.mark.parametrize(
    "error", [ValueError, SyntaxError, OverflowError, RecursionError, KeyError, MemoryError]
)
def test_whatever_a_reader_raises_is_one_kind_of_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def fail(*_: object) -> None:
        raise error("said\nso")

    file = saved(tmp_path / "a.png", RGB)
    monkeypatch.setattr(decode, "_averageable", fail)
    with pytest.raises(UnreadableImageError) as result:
        read_picture(file)
    assert result.value.problem == ("too-large" if error is MemoryError else "corrupt")
    assert "\n" not in str(result.value)


def test_damaged_files_raise_nothing_else(tmp_path: Path) -> None:
    make_hostile_folder(tmp_path / "in")
    files = [file for file in sorted((tmp_path / "in" / "formats").iterdir()) if file.stat().st_size < 50_000]
    luck, result = random.Random(0), 0
    for number in range(400):
        content = bytearray(files[number % len(files)].read_bytes())
        for _ in range(luck.choice([1, 5, 30])):
            content[luck.randrange(min(len(content), 400))] = luck.randrange(256)
        damaged = tmp_path / files[number % len(files)].name
        damaged.write_bytes(content[: luck.choice([len(content), luck.randrange(1, len(content))])])
        try:
            read_picture(damaged, min_side=8)
        except UnreadableImageError:
            result += 1
    assert 100 < result < 400


def test_many_threads_read_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "LARGE_PIXELS", 1000)  # all wait for the one lock
    files = [saved(tmp_path / f"{seed}.png", picture(seed=seed)) for seed in range(8)]
    before = threading.active_count()
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(read_picture, files * 8))
    assert all(np.array_equal(each.pixels, picture(seed=n % 8)) for n, each in enumerate(read))
    assert threading.active_count() <= before


def test_square_takes_the_centre_or_all() -> None:
    stripes = np.zeros((10, 30, 3), np.uint8)
    stripes[:, :10], stripes[:, 10:20], stripes[:, 20:] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    assert np.array_equal(square(stripes, 10), stripes[:, 10:20])
    squashed = square(stripes, 30, crop="squash")
    assert squashed[15, [3, 15, 27]].tolist() == [[255, 0, 0], [0, 255, 0], [0, 0, 255]]
    assert (square(stripes, 5, channels=1)[:, 2, 0] == 150).all()  # 0.587 × 255
    assert np.array_equal(square(stripes[..., :1], 10), np.zeros((10, 10, 3)))
    with pytest.raises(ValueError, match="crop is 'center'"):
        square(stripes, 5, crop="center")  # type: ignore[arg-type]


def test_square_is_antialiased() -> None:
    checks = np.indices((64, 64)).sum(0)[..., None].repeat(3, 2) % 2 * 255
    assert np.abs(square(checks.astype(np.uint8), 8).astype(int) - 127).max() <= 8


def test_thumbnails_keep_the_shape_and_never_grow() -> None:
    def opened(content: bytes) -> Image.Image:
        image = Image.open(io.BytesIO(content))
        assert image.format == "WEBP"
        return image.convert("RGB")

    large, small = picture(400, 200), picture(20, 10)
    assert opened(thumbnail(large)).size == (160, 80)
    assert opened(thumbnail(picture(1, 3000))).size == (1, 160)
    assert np.array_equal(np.asarray(opened(thumbnail(small))), small)
    assert np.array_equal(np.asarray(opened(thumbnail(small[..., :1])))[..., 0], small[..., 0])
    reference = np.asarray(Image.fromarray(large).reduce(2).resize((160, 80)))
    assert distance(np.asarray(opened(thumbnail(large))), reference) < 3


def independent_sharpness(grey: np.ndarray) -> float:
    from scipy.ndimage import laplace

    return float(laplace(grey.astype(float), mode="nearest").var())


def test_sharpness_is_the_variance_of_the_laplacian(tmp_path: Path) -> None:
    luck = np.random.default_rng(1)
    noise = luck.integers(0, 256, (200, 256, 1), dtype=np.uint8)
    assert sharpness(noise) == pytest.approx(independent_sharpness(noise[..., 0]), rel=1e-5)
    assert sharpness(noise[:1, :1]) == 0.0
    blur: Callable[[float], np.ndarray] = lambda radius: np.asarray(  # noqa: E731
        Image.fromarray(noise[..., 0]).filter(ImageFilter.GaussianBlur(radius))
    )[..., None]
    assert sharpness(noise) > 10 * sharpness(blur(1)) > 100 * sharpness(blur(4))


def test_brightness_is_the_mean_luma() -> None:
    weights = np.array([0.299, 0.587, 0.114])
    assert brightness(RGB) == pytest.approx((RGB @ weights).mean() / 255, abs=0.002)
    assert brightness(np.zeros((3, 3, 1), np.uint8)) == 0.0


@pytest.mark.parametrize("height", [224, 297, 301, 533, 2001])
@pytest.mark.parametrize("width", [225, 400, 511])
def test_centre_square_is_that_of_torchvision(height: int, width: int) -> None:
    from torchvision.transforms import v2

    pixels = np.asarray(make_photograph(2, width, height))
    expected = v2.CenterCrop(224)(v2.Resize(224, v2.InterpolationMode.BICUBIC)(Image.fromarray(pixels)))
    difference = np.abs(square(pixels, 224).astype(int) - np.asarray(expected))
    assert difference.max() <= 2  # a quarter pixel of shift would make 6
    assert difference.mean() < 0.05
