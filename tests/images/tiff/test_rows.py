"""Large TIFFs by rows: the pixels that `read_picture` gives, of all that people write, and no more than needed."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from support.tiff_files import page, tiff
from unpool.errors import UnreadableImageError
from unpool.images.reading.decode import read_picture
from unpool.images.tiff import rows as module
from unpool.images.tiff.rows import TiffRows, open_rows

H, W = 61, 45
RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (H, W), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (H, W, 3), dtype=np.uint8)
FOUR = RNG.integers(0, 256, (H, W, 4), dtype=np.uint8)
DEEP = RNG.integers(100, 4000, (H, W), dtype=np.uint16)
DEEP_COLOUR = RNG.integers(0, 65536, (H, W, 3), dtype=np.uint16)

WRITTEN: dict[str, tuple[np.ndarray, dict[str, Any]]] = {
    "grey": (GREY, {}),
    "white is zero": (GREY, {"photometric": "miniswhite"}),
    "colour": (COLOUR, {"photometric": "rgb"}),
    "planes": (COLOUR.transpose(2, 0, 1), {"photometric": "rgb", "planarconfig": "separate"}),
    "16 bits": (DEEP, {}),
    "16 bits, other order": (DEEP, {"byteorder": ">"}),
    "16 bits, BigTIFF": (DEEP, {"bigtiff": True}),
    "16 bits far from 0": (DEEP // 8 + 30_000, {}),
    "16-bit colour": (DEEP_COLOUR, {"photometric": "rgb"}),
    "floats": ((DEEP / 4096).astype(np.float32), {}),
    "transparency": (FOUR, {"photometric": "rgb", "extrasamples": ["unassalpha"]}),
    "a fourth channel": (FOUR, {"photometric": "rgb", "extrasamples": ["unspecified"]}),
    "grey, transparency": (
        FOUR[..., :2],
        {"photometric": "minisblack", "planarconfig": "contig", "extrasamples": ["unassalpha"]},
    ),
    "CMYK": (FOUR, {"photometric": "separated"}),
    "CMYK, 16 bits": (FOUR.astype(np.uint16) * 257, {"photometric": "separated"}),
    "a palette": (
        GREY,
        {"photometric": "palette", "colormap": RNG.integers(0, 65536, (3, 256), dtype=np.uint16)},
    ),
    "Lab": (COLOUR, {"photometric": "cielab"}),
    "16 bits, white is zero": (DEEP, {"photometric": "miniswhite"}),
    "signed": (DEEP.astype(np.int16) - 2000, {}),
    "near infrared, 16 bits": (FOUR.astype(np.uint16) * 257, {"photometric": "rgb", "extrasamples": [0]}),
    "bands of a satellite": (
        FOUR.astype(np.uint16) * 16,
        {"photometric": "minisblack", "planarconfig": "contig", "extrasamples": [0, 0, 0]},
    ),
    "transparency, 16 bits": (FOUR.astype(np.uint16) * 257, {"photometric": "rgb", "extrasamples": [2]}),
    "black and white": (GREY > 99, {}),
    "white and black": (GREY > 99, {"photometric": "miniswhite"}),
}
LAYOUTS: dict[str, dict[str, Any]] = {
    "one strip": {},
    "strips": {"rowsperstrip": 7},
    "compressed": {"rowsperstrip": 7, "compression": "zlib"},
    "compressed as one": {"compression": "zlib"},
    "tiles": {"tile": (16, 32), "compression": "zlib", "predictor": True},
}


def written(folder: Path, values: np.ndarray, **options: Any) -> Path:
    tifffile.imwrite(folder / "a.tif", values, **options)
    return folder / "a.tif"


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", WRITTEN)
def test_rows_are_those_of_the_whole_image(kind: str, layout: str, tmp_path: Path) -> None:
    values, options = WRITTEN[kind]
    more = dict(LAYOUTS[layout])
    if values.dtype.kind in "bf":
        more.pop("predictor", None)
    file = written(tmp_path, values, **options, **more)
    whole = read_picture(file).pixels
    with open_rows(file) as rows:
        assert (rows.height, rows.width) == (H, W)
        for top, bottom in ((0, H), (0, 1), (13, 14), (6, 29), (50, H)):
            found = rows.read(top, bottom)
            assert found.shape == (bottom - top, W, 3)
            assert (found == whole[top:bottom]).all(), (top, bottom)


def test_colour_under_multiplied_transparency_lies_on_white(tmp_path: Path) -> None:
    alpha = FOUR[..., 3:]
    multiplied = np.concatenate([np.rint(COLOUR * (alpha / 255)).astype(np.uint8), alpha], axis=-1)
    file = written(tmp_path, multiplied, photometric="rgb", extrasamples=["assocalpha"])
    with open_rows(file) as rows:
        found = rows.read(0, H)
    wanted = COLOUR * (alpha / 255) + 255 - alpha.astype(np.float64)
    assert np.abs(found - wanted).max() <= 1.5


@pytest.mark.parametrize("kind", ["colour", "planes", "16 bits"])
def test_one_strip_of_any_size_is_read_by_rows(kind: str, tmp_path: Path, monkeypatch) -> None:
    """As `tifffile.imwrite` writes it by default."""
    values, options = WRITTEN[kind]
    file = written(tmp_path, values, **options)
    monkeypatch.setattr(module, "MAX_SEGMENT_PIXELS", 100)
    read: list[int] = []
    real = TiffRows._bytes

    def counting(self: TiffRows, offset: int, count: int) -> bytes:
        read.append(count)
        return real(self, offset, count)

    with open_rows(file) as rows:
        assert len(rows.page.dataoffsets) == (3 if kind == "planes" else 1)
        monkeypatch.setattr(TiffRows, "_bytes", counting)
        found = rows.read(20, 23)
    assert (found == read_picture(file).pixels[20:23]).all()
    assert sum(read) == 3 * values.nbytes // H


def test_one_compressed_piece_is_decoded_once_and_too_large_a_one_is_refused(
    tmp_path: Path, monkeypatch
) -> None:
    file = written(tmp_path, COLOUR, photometric="rgb", compression="zlib")
    decoded: list[int] = []
    real = TiffRows._segment

    def counting(self: TiffRows, index: int) -> np.ndarray:
        decoded.append(index)
        return real(self, index)

    monkeypatch.setattr(TiffRows, "_segment", counting)
    with open_rows(file) as rows:
        for top in range(0, 60, 10):
            rows.read(top, top + 10)
    assert decoded == [0]
    monkeypatch.setattr(module, "MAX_SEGMENT_PIXELS", 100)
    with pytest.raises(UnreadableImageError, match="one compressed piece; save it again in strips"):
        open_rows(file).__enter__()


def test_pieces_that_the_writer_left_out_are_empty(tmp_path: Path) -> None:
    tiles = [np.full((16, 16, 3), 90, np.uint8), None, None, np.full((16, 16, 3), 40, np.uint8)]
    tifffile.imwrite(
        tmp_path / "a.tif", iter(tiles), shape=(32, 32, 3), dtype=np.uint8, tile=(16, 16), photometric="rgb",
        compression="zlib",
    )  # fmt: skip
    with open_rows(tmp_path / "a.tif") as rows:
        found = rows.read(0, 32)
    assert found[0, 0].tolist() == [90] * 3
    assert found[0, 31].tolist() == [0] * 3
    assert found[31, 31].tolist() == [40] * 3


@pytest.mark.parametrize(
    ("layout", "damage"),
    [
        *product(LAYOUTS, ["cut in the middle", "cut in the head", "wrong head"]),
        *product(["compressed", "compressed as one", "tiles"], ["zeros in the pixels"]),
    ],
)
def test_damage_is_an_image_that_cannot_be_read(layout: str, damage: str, tmp_path: Path) -> None:
    file = written(tmp_path, DEEP, **(LAYOUTS[layout] | {"metadata": None}))
    content = bytearray(file.read_bytes())
    if damage == "zeros in the pixels":
        content[-800:-100] = bytes(700)
    elif damage == "wrong head":
        content[4:8] = b"\xff\xff\xff\x7f"
    else:
        content = content[: len(content) // 2 if damage == "cut in the middle" else 12]
    file.write_bytes(content)
    with pytest.raises(UnreadableImageError) as result, open_rows(file) as rows:
        rows.read(0, H)
    assert result.value.problem in ("corrupt", "truncated")


def test_a_missing_decoder_is_reported_with_the_remedy(tmp_path: Path, monkeypatch) -> None:
    file = written(tmp_path, COLOUR, photometric="rgb", compression="lzw", rowsperstrip=8)

    def missing(*_: Any, **__: Any) -> None:
        raise ValueError("<COMPRESSION.LZW: 5> requires the 'imagecodecs' package")

    with open_rows(file) as rows:
        monkeypatch.setattr(rows.page, "decode", missing)
        with pytest.raises(UnreadableImageError, match=r"unsupported: .* pip install tifffile imagecodecs"):
            rows.read(0, 9)


def test_what_else_goes_wrong_while_a_file_is_open_is_not_the_files_fault(tmp_path: Path) -> None:
    file = written(tmp_path, GREY)
    with pytest.raises(ValueError, match="of somebody else"), open_rows(file):
        raise ValueError("a fault of somebody else")


@pytest.mark.parametrize(
    ("values", "options", "words"),
    [
        (GREY, {"extratags": [(274, "H", 1, 6, True)]}, "this one is turned"),
        (GREY, {"resolution": (204, 98), "resolutionunit": 2}, "this one has oblong pixels"),
        (np.stack([GREY, GREY]), {"volumetric": True, "photometric": "minisblack"}, "this one is a volume"),
    ],
)
def test_kinds_that_are_not_read_by_rows_are_reported(
    values: np.ndarray, options: dict[str, Any], words: str, tmp_path: Path
) -> None:
    file = written(tmp_path, values, **options)
    with pytest.raises(UnreadableImageError, match=words) as result:
        open_rows(file).__enter__()
    assert result.value.problem == "unsupported"


def test_the_page_is_chosen_as_for_whole_images(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(COLOUR[::4, ::4], photometric="rgb", subfiletype=1)
        file.write(COLOUR, photometric="rgb", subfiletype=0)
    with open_rows(tmp_path / "a.tif") as rows:
        assert (rows.read(0, H) == COLOUR).all()


def test_raw_files_are_refused(tmp_path: Path) -> None:
    file = written(tmp_path, DEEP, photometric=32803)
    with pytest.raises(UnreadableImageError, match="a raw file of a camera"):
        open_rows(file).__enter__()


@pytest.mark.parametrize("num_opaque", [0, 40])
def test_a_fourth_channel_without_a_name_is_judged_as_a_whole(num_opaque: int, tmp_path: Path) -> None:
    """Where half of the picture is opaque, the channel is transparency, in the other half too."""
    four = FOUR.copy()
    four[:num_opaque, :, 3] = 255
    file = tmp_path / "a.tif"
    file.write_bytes(tiff(page(four.shape, [four.tobytes()], 2)).getvalue())
    whole = read_picture(file).pixels
    with open_rows(file) as rows:
        assert (np.concatenate([rows.read(0, 30), rows.read(30, H)]) == whole).all()


SMOOTH = np.kron(RNG.integers(0, 256, (8, 8, 3)), np.ones((16, 16, 1))).astype(np.uint8)


@pytest.mark.parametrize("compression", ["jpeg", "jpeg2000", "zstd"])
def test_lost_ends_of_compressed_tiles_are_no_pixels(compression: str, tmp_path: Path) -> None:
    noisy = np.clip(SMOOTH + RNG.integers(-9, 9, SMOOTH.shape), 0, 255).astype(np.uint8)
    file = written(tmp_path, noisy, photometric="rgb", tile=(64, 64), compression=compression)
    with open_rows(file) as rows:
        assert np.abs(rows.read(0, 128).astype(int) - noisy).mean() < 9
        start, size = rows.page.dataoffsets[3], rows.page.databytecounts[3]
    content = bytearray(file.read_bytes())
    content[start + size // 2 : start + size] = bytes(size - size // 2)
    file.write_bytes(content)
    with pytest.raises(UnreadableImageError) as result, open_rows(file) as rows:
        rows.read(0, 128)
    assert result.value.problem in ("corrupt", "truncated")
