"""TIFFs read whole: by whom, which page, which way up, and what is refused."""

from __future__ import annotations

import io
import sys
import zlib
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from support.tiff_files import page, tiff, written
from unpool.errors import UnreadableImageError
from unpool.images.tiff.reader import TiffPicture, is_pillows, open_tiff, square_size, tiff_size
from unpool.images.values.rules import ValueRules
from unpool.images.values.scaling import Scaling

Y, X = np.mgrid[0:24, 0:32]
GREY = (20 + 6 * X + Y).astype(np.uint8)
RGB = np.dstack([GREY, 255 - GREY, Y * 10]).astype(np.uint8)
TURNED = np.ascontiguousarray(np.rot90(RGB))
UPRIGHT = (274, "H", 1, 6, True)


def read(stream: io.BytesIO) -> TiffPicture:
    with open_tiff(stream) as opened:
        return opened.read(Scaling(ValueRules(), "TIFF"))


def read_values(stream: io.BytesIO) -> np.ndarray:
    with open_tiff(stream) as opened:
        return opened.read_values().value_HWS


def pixels(picture: TiffPicture) -> np.ndarray:
    return np.asarray(picture.image.convert("RGB")).astype(int)


def kinds(picture: TiffPicture) -> list[str]:
    return [note.kind for note in picture.notes]


@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "packbits", "zstd", "lzma", "png"])
@pytest.mark.parametrize("layout", [{}, {"rowsperstrip": 5}, {"tile": (16, 16)}, {"tile": (64, 48)}])
@pytest.mark.parametrize("planes", ["contig", "separate"])
def test_every_layout_shows_the_same(compression: str | None, layout: dict[str, Any], planes: str) -> None:
    values = np.moveaxis(RGB, -1, 0).copy() if planes == "separate" else RGB
    stream = written(values, photometric="rgb", planarconfig=planes, compression=compression, **layout)
    assert (pixels(read(stream)) == RGB).all()


@pytest.mark.parametrize("dtype", ["uint16", "uint32", "int16", "float16", "float32", "float64"])
@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize("predictor", [False, True])
def test_deep_colour_of_every_type(dtype: str, byteorder: str, bigtiff: bool, predictor: bool) -> None:
    values = RGB / 255 if dtype.startswith("f") else RGB.astype(np.int64) * (np.iinfo(dtype).max // 255)
    stream = written(
        values.astype(np.dtype(dtype).newbyteorder(byteorder)), photometric="rgb", byteorder=byteorder,
        bigtiff=bigtiff, compression="zlib", predictor=predictor and dtype != "float16",
    )  # fmt: skip
    assert np.abs(pixels(read(stream)) - RGB).max() <= 1


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt", "tiff_lzw", "tiff_adobe_deflate"])
def test_faxes(compression: str) -> None:
    drawing, stream = GREY > 128, io.BytesIO()
    Image.fromarray(drawing).save(stream, "TIFF", compression=compression)
    assert (pixels(read(stream)) == drawing[..., None] * 255).all()


@pytest.mark.parametrize("backwards", [False, True])
def test_a_damaged_fax_is_reported(backwards: bool) -> None:
    drawing = np.random.default_rng(0).random((24, 64)) < np.linspace(0, 1, 64)
    stream = io.BytesIO()
    Image.fromarray(drawing).save(stream, "TIFF", compression="group4")
    stream.seek(0)
    with tifffile.TiffFile(stream) as file:
        start, size = file.pages[0].dataoffsets[0], file.pages[0].databytecounts[0]
    strip = np.frombuffer(stream.getvalue(), np.uint8, size, start).copy()
    for damage in (0, 0x24):
        strip[size // 4] ^= damage
        bits = np.packbits(np.unpackbits(strip, bitorder="little")) if backwards else strip
        tags = {259: ("H", 4), 266: ("H", 2 if backwards else 1)}
        fax = tiff(page(drawing.shape, [bits.tobytes()], 1, 1, tags))
        if damage:
            for reader in (read, read_values):
                with pytest.raises(UnreadableImageError, match="corrupt: two decoders read different"):
                    reader(fax)
        else:
            assert (pixels(read(fax)) == drawing[..., None] * 255).all()


@pytest.mark.parametrize("bits", [1, 8])
def test_bits_in_the_other_order(bits: int) -> None:
    values = np.packbits(GREY > 128, axis=1) if bits == 1 else GREY
    backwards = np.packbits(np.unpackbits(values, bitorder="little"))
    shown = pixels(read(tiff(page(GREY.shape, [backwards.tobytes()], 1, bits, {266: ("H", 2)}))))
    assert (shown[..., 0] == ((GREY > 128) * 255 if bits == 1 else GREY)).all()


@pytest.mark.parametrize("subsampling", [(1, 1), (2, 1), (2, 2)])
@pytest.mark.parametrize("compression", [1, 8, "jpeg"])
def test_ycbcr(subsampling: tuple[int, int], compression: int | str) -> None:
    smooth = np.asarray(Image.fromarray(RGB[:16:8, ::16]).resize((32, 16), Image.Resampling.BICUBIC))
    if compression == "jpeg":
        stream = written(smooth, photometric="rgb", compression="jpeg", subsampling=subsampling)
    else:
        wide, high = subsampling
        ycc = np.asarray(Image.fromarray(smooth).convert("YCbCr"))
        blocks = ycc.reshape(16 // high, high, 32 // wide, wide, 3).swapaxes(1, 2)
        light = blocks[..., 0].reshape(*blocks.shape[:2], -1)
        data = np.concatenate([light, blocks[..., 1:].mean((2, 3)).astype(np.uint8)], axis=-1).tobytes()
        packed = zlib.compress(data) if compression == 8 else data
        tags = {530: ("H", list(subsampling)), 259: ("H", compression)}
        stream = tiff(page(smooth.shape, [packed], 6, more=tags))
    assert np.abs(pixels(read(stream)) - smooth).mean() < 4


@pytest.mark.parametrize(("values", "who"), [(TURNED, True), (TURNED.astype(np.uint16) * 257, False)])
def test_a_turn_is_followed_once(values: np.ndarray, who: bool) -> None:
    stream = written(values, photometric="rgb", extratags=[UPRIGHT])
    with open_tiff(stream) as opened:
        assert is_pillows(opened.page) is who
    assert (pixels(read(stream)) == RGB).all()
    assert tiff_size(stream) == (32, 24)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_both_readers_turn_alike(orientation: int) -> None:
    tag = [(274, "H", 1, orientation, True)]
    eight = pixels(read(written(RGB, photometric="rgb", extratags=tag)))
    deep_stream = written(RGB.astype(np.uint16) * 257, photometric="rgb", extratags=tag)
    assert (pixels(read(deep_stream)) == eight).all()
    with open_tiff(deep_stream) as opened:
        assert opened.read_values().orientation == orientation


@pytest.mark.parametrize(
    ("x", "y", "size"),
    [
        (204, 98, (32, 50)),
        (204, 196, (32, 25)),
        (100, 200, (64, 24)),
        (300, 300, (32, 24)),
        (300, 1, (32, 24)),
    ],
    ids=["coarse fax", "fine fax", "wide", "square", "nonsense"],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_oblong_pixels_are_made_square(x: int, y: int, size: tuple[int, int], dtype: type) -> None:
    stream = written(GREY.astype(dtype), resolution=(x, y), resolutionunit=2)
    picture = read(stream)
    assert picture.image.size == size == tiff_size(stream)
    assert ("oblong" in kinds(picture)) == (size != (32, 24))


def test_oblong_pixels_that_are_turned() -> None:
    stream = written(TURNED, photometric="rgb", resolution=(100, 200), resolutionunit=2, extratags=[UPRIGHT])
    assert read(stream).image.size == tiff_size(stream) == (32, 48)


def test_square_size_stretches_the_coarser_side() -> None:
    assert (square_size(10, 20, 2.0), square_size(10, 20, 0.5)) == ((10, 40), (20, 20))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_a_page_that_shows_something_is_taken_and_told(dtype: type, compression: str | None) -> None:
    noise = np.random.default_rng(0).integers(0, 4, GREY.shape)
    pages = [noise, GREY // 4, GREY, GREY // 2]
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as file:
        for values in pages:
            file.write(values.astype(dtype) * (257 if dtype is np.uint16 else 1), photometric="minisblack",
                       metadata=None, compression=compression)  # fmt: skip
    picture = read(stream)
    assert (pixels(picture)[..., 0] == GREY).all()
    assert [(note.kind, note.detail) for note in picture.notes] == [("frame", "page 3 of 4")]


def test_a_first_page_that_pillow_does_not_know_hides_no_other() -> None:
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        writer.write(GREY > 99, photometric="mask", subfiletype=4)
        writer.write(RGB, photometric="rgb", subfiletype=0)
    assert np.array_equal(pixels(read(stream)), RGB)


def test_the_first_of_pages_that_show_something_is_taken() -> None:
    for dtype in (np.uint8, np.uint16):
        dim = GREY // 3 * 2
        stack = np.stack([dim, GREY, GREY]).astype(dtype) * dtype(257 if dtype is np.uint16 else 1)
        picture = read(written(stack, photometric="minisblack", metadata=None))
        assert [note.detail for note in picture.notes] == ["page 1 of 3"]
        assert np.abs(pixels(picture)[..., 0] - dim).max() <= 1
    blank = written(np.zeros((3, 24, 32), np.uint16), photometric="minisblack", metadata=None)
    assert [note.detail for note in read(blank).notes] == ["page 1 of 3"]


def test_a_volume_shows_its_first_slice() -> None:
    stream = written(np.stack([GREY, GREY // 2]), volumetric=True, photometric="minisblack")
    assert (pixels(read(stream))[..., 0] == GREY).all()


@pytest.mark.parametrize(
    ("channel", "is_alpha"),
    [(np.full_like(GREY, 255), True), ((GREY > 99) * np.uint8(255), True), (GREY, False)],
    ids=["opaque", "cut out", "near infrared"],
)
def test_a_fourth_channel_without_a_name(channel: np.ndarray, is_alpha: bool) -> None:
    four = np.dstack([RGB, channel])
    picture = read(tiff(page(four.shape, [four.tobytes()], 2)))
    assert picture.image.mode == ("RGBA" if is_alpha else "RGB")
    assert kinds(picture) == ["channels"]
    assert (pixels(picture) == RGB).all()


def test_the_profile_comes_along() -> None:
    stream = written(RGB.astype(np.uint16), photometric="rgb", iccprofile=b"a profile")
    assert read(stream).image.info["icc_profile"] == b"a profile"


def test_values_for_masks_are_those_of_the_file() -> None:
    values = np.array([[0, 70_000, -3]], np.int32)
    with open_tiff(written(values, extratags=[UPRIGHT])) as opened:
        found = opened.read_values()
    assert (found.value_HWS[..., 0].tolist(), found.orientation, found.is_lossy) == (
        values.tolist(),
        6,
        False,
    )
    with open_tiff(written(RGB, photometric="rgb", compression="jpeg")) as opened:
        assert opened.read_values().is_lossy


def test_oblong_values_are_repeated_not_mixed() -> None:
    values = np.array([[1, 9], [2, 7], [3, 5]], np.uint16)
    with open_tiff(written(values, resolution=(100, 200), resolutionunit=2)) as opened:
        found = opened.read_values().value_HWS[..., 0]
    assert found.tolist() == values.repeat(2, axis=1).tolist()
    with open_tiff(written(values, resolution=(200, 100), resolutionunit=2)) as opened:
        assert opened.read_values().value_HWS[..., 0].tolist() == values.repeat(2, axis=0).tolist()


@pytest.mark.parametrize("compression", [1, 8])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint32])
def test_missing_parts_are_no_black_rest(compression: int, dtype: type) -> None:
    rows = GREY.astype(dtype)
    strips = [rows[:8].tobytes(), rows[8:16].tobytes(), rows[16:].tobytes()]
    if compression == 8:
        strips = [zlib.compress(strip) for strip in strips]
    more = {259: ("H", compression), 278: ("I", 8)}
    whole = page(GREY.shape, strips, 1, np.dtype(dtype).itemsize * 8, more)
    assert np.ptp(pixels(read(tiff(whole)))) > 100
    lacking = page(GREY.shape, strips[:2], 1, np.dtype(dtype).itemsize * 8, more)
    with pytest.raises(
        UnreadableImageError, match="truncated: the TIFF lists 2 parts, but its picture has 3"
    ):
        read(tiff(lacking))
    for sizes in ([10**6, 10, 10], [10, 0, 10]):
        damaged = page(GREY.shape, strips, 1, np.dtype(dtype).itemsize * 8, more | {279: ("I", sizes)})
        with pytest.raises(UnreadableImageError, match="truncated: the file ends"):
            read(tiff(damaged))


def test_without_decoders_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = written(RGB.astype(np.uint16), photometric="rgb")
    monkeypatch.setitem(sys.modules, "tifffile", None)
    with pytest.raises(UnreadableImageError, match=r"unsupported: .*pip install tifffile imagecodecs"):
        read(stream)


def stopped(values: np.ndarray, start: int, end: int) -> np.ndarray:
    damaged = values.copy()
    damaged.reshape(-1)[start:end] = 0
    return damaged


NOISE = np.random.default_rng(0).integers(30, 200, (40, 60, 3), np.uint8)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_lost_rows_are_looked_for_as_they_are_stored(orientation: int, dtype: type) -> None:
    turned = {"photometric": "rgb", "extratags": [(274, "H", 1, orientation, True)]}
    options = turned | {"resolution": (204, 98)}  # pixels are oblong
    noise = NOISE.astype(dtype) * dtype(257 if dtype is np.uint16 else 1)
    read(written(noise, **options))
    lost = stopped(noise, 10 * 180 + 60, 20 * 180 + 90)
    with pytest.raises(UnreadableImageError, match="the pixels have one value only"):
        read(written(lost, **options))
    read(written(lost, **turned, compression="zlib"))  # what decompresses is whole


def test_lost_rows_of_planes_and_of_palettes() -> None:
    planes = stopped(NOISE.transpose(2, 0, 1).copy(), 1000, 1500)
    with pytest.raises(UnreadableImageError, match="the pixels have one value only"):
        read(written(planes, photometric="rgb", planarconfig="separate"))
    table = np.random.default_rng(1).integers(0, 65536, (3, 256), dtype=np.uint16)
    for values in (NOISE[..., 0], stopped(NOISE[..., 0].copy(), 1000, 1500)):
        stream = written(values, photometric="palette", colormap=table)
        if values.all():
            read(stream)
            continue
        with pytest.raises(UnreadableImageError, match="the pixels have one value only"):
            read(stream)


def test_the_rules_of_the_page_that_is_shown_are_kept() -> None:
    """The first page is nearly empty: what was found is of the other one."""
    deep = GREY.astype(np.uint16) * 100
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as file:
        for values in (deep // 5000, deep):
            file.write(values, photometric="minisblack")
    scaling = Scaling(ValueRules(), "TIFF")
    with open_tiff(stream) as opened:
        opened.read(scaling)
    assert scaling.found is not None
    assert (scaling.found.extent.high, scaling.range) == (deep.max(), (0, 65535))
