"""Masks keep their exact values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unpool.errors import UnreadableImageError
from unpool.images.masks.mask_file import pack_rgb, read_mask

VALUES = np.array([[0, 1, 2], [7, 254, 255]], np.uint8)


def saved(path: Path, image: Image.Image, **more: object) -> Path:
    image.save(path, **more)
    return path


def test_grey_palette_and_wide_values(tmp_path: Path) -> None:
    grey = read_mask(saved(tmp_path / "g.png", Image.fromarray(VALUES)))
    assert (grey.value_HW == VALUES).all()
    assert (grey.is_coloured, grey.is_lossy, grey.in_colours) == (False, False, False)
    image = Image.fromarray(VALUES, "P")
    image.putpalette([value for index in range(256) for value in (index, 255 - index, 9)])
    palette = read_mask(saved(tmp_path / "p.png", image))
    assert (palette.value_HW == VALUES).all()
    assert palette.palette_HW is not None
    assert palette.palette_HW[1, 0] == 0x07F809
    wide = VALUES.astype(np.uint16) * 200
    assert (read_mask(saved(tmp_path / "w.png", Image.fromarray(wide))).value_HW == wide).all()


def test_one_bit_is_0_and_1(tmp_path: Path) -> None:
    mask = read_mask(saved(tmp_path / "b.png", Image.fromarray(VALUES > 3)))
    assert mask.value_HW.dtype == np.uint8
    assert mask.value_HW.tolist() == [[0, 0, 0], [1, 1, 1]]


def test_colours_are_packed_and_grey_ones_stay_numbers(tmp_path: Path) -> None:
    rgb = np.stack([VALUES, VALUES // 2, VALUES * 0], axis=2)
    mask = read_mask(saved(tmp_path / "c.png", Image.fromarray(rgb)))
    assert mask.is_coloured
    assert (mask.value_HW == pack_rgb(rgb)).all()
    grey = read_mask(saved(tmp_path / "d.png", Image.fromarray(np.repeat(VALUES[..., None], 3, 2))))
    assert (grey.is_coloured, grey.in_colours) == (False, True)
    assert (grey.value_HW == VALUES).all()


def test_transparency_is_left_out(tmp_path: Path) -> None:
    rgba = np.dstack([VALUES, VALUES // 2, VALUES * 0, np.zeros_like(VALUES)])
    mask = read_mask(saved(tmp_path / "a.png", Image.fromarray(rgba)))
    assert (mask.value_HW == pack_rgb(rgba[..., :3])).all()


@pytest.mark.parametrize(("name", "more", "lossy"), [
    ("a.jpg", {}, True), ("a.webp", {}, True), ("b.webp", {"lossless": True}, False), ("a.png", {}, False),
])  # fmt: skip
def test_formats_that_change_values_are_marked(
    tmp_path: Path, name: str, more: dict[str, object], lossy: bool
) -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 255, (9, 9, 3), np.uint8))
    assert read_mask(saved(tmp_path / name, image, **more)).is_lossy is lossy


def test_fractions_are_no_classes_and_whole_numbers_are(tmp_path: Path) -> None:
    import tifffile

    values = VALUES.astype(np.float32)
    file = tmp_path / "f.tif"
    tifffile.imwrite(file, values)
    assert read_mask(file).value_HW.tolist() == VALUES.tolist()
    values[0, 0] = np.nan
    tifffile.imwrite(file, values)
    mask = read_mask(file)
    assert mask.void_HW is not None
    assert mask.void_HW.tolist() == [[True, False, False], [False, False, False]]
    values[1, 1] = 0.5
    tifffile.imwrite(file, values)
    with pytest.raises(UnreadableImageError, match=r"a mask of fractions, such as 0.5 \(1 pixels\)"):
        read_mask(file)


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.uint16, np.int32, np.uint32, np.float64])
def test_wide_and_signed_numbers_are_exact(tmp_path: Path, dtype: type) -> None:
    import tifffile

    values = np.array([[0, 1, 2], [7, 126, 127]], dtype)
    if np.iinfo(np.int16).max < 10**9 and dtype in (np.uint32, np.int32, np.float64):
        values[1, 2] = 2_000_000_000
    if dtype not in (np.uint16, np.uint32):
        values[0, 0] = -1
    tifffile.imwrite(tmp_path / "a.tif", values)
    assert read_mask(tmp_path / "a.tif").value_HW.tolist() == values.astype(np.int64).tolist()


def test_white_is_zero_is_turned_round(tmp_path: Path) -> None:
    import tifffile

    for values, name in ((np.array([[0, 1]], bool), "a.tif"), (np.array([[255, 254]], np.uint8), "b.tif")):
        tifffile.imwrite(tmp_path / name, values, photometric="miniswhite")
    assert read_mask(tmp_path / "a.tif").value_HW.tolist() == [[1, 0]]
    assert read_mask(tmp_path / "b.tif").value_HW.tolist() == [[0, 1]]


def test_tables_of_colours_and_planes_of_tiffs(tmp_path: Path) -> None:
    import tifffile

    table = np.zeros((3, 256), np.uint16)
    table[:, 1] = (65535, 257, 0)
    tifffile.imwrite(tmp_path / "p.tif", VALUES, photometric="palette", colormap=table)
    mask = read_mask(tmp_path / "p.tif")
    assert mask.palette_HW is not None
    assert mask.palette_HW[0].tolist() == [0, 0xFF0100, 0]
    planes = np.stack([VALUES, VALUES * 0, VALUES // 2])
    tifffile.imwrite(tmp_path / "s.tif", planes, photometric="rgb", planarconfig="separate")
    assert (read_mask(tmp_path / "s.tif").value_HW == pack_rgb(planes.transpose(1, 2, 0))).all()


def test_what_was_rubbed_out_is_no_value(tmp_path: Path) -> None:
    rgba = np.zeros((2, 4, 4), np.uint8)
    rgba[0] = [
        (255, 0, 0, 255),
        (255, 0, 0, 40),
        (255, 0, 0, 0),
        (0, 0, 0, 0),
    ]  # solid, faint, hidden, nothing
    mask = read_mask(saved(tmp_path / "a.png", Image.fromarray(rgba)))
    assert mask.clear_HW is not None
    assert mask.clear_HW[0].tolist() == [False, True, True, True]
    faint = rgba.copy()
    faint[0, 0, 3] = 60  # drawn with a faint brush, all of it
    mask = read_mask(saved(tmp_path / "b.png", Image.fromarray(faint)))
    assert mask.clear_HW is not None
    assert mask.clear_HW[0].tolist() == [False, False, True, True]


@pytest.mark.parametrize("ending", ["png", "gif"])
def test_clear_entries_of_a_palette_are_no_values_beside_an_opaque_ground(
    ending: str, tmp_path: Path
) -> None:
    def clear(transparency: bytes | int, values: list[int]) -> list[bool] | None:
        image = Image.fromarray(np.array([values], np.uint8), "P")
        image.putpalette(np.arange(768).astype(np.uint8).tolist())
        image.save(tmp_path / f"a.{ending}", transparency=transparency, optimize=False)
        found = read_mask(tmp_path / f"a.{ending}")
        return None if found.clear_HW is None else found.clear_HW[0].tolist()

    assert clear(3, [0, 1, 3]) == [False, False, True]
    assert clear(0, [0, 1, 3]) is None, "the ground"
    assert clear(255, [0, 1, 255]) is None, "no class"
    assert clear(3, [3, 3, 3]) is None, "all of it"
    if ending == "png":
        assert clear(bytes([255, 200, 255, 100]), [0, 1, 3]) == [False, False, True]


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (np.array([[0, 1, 2]], np.uint8), [[0, 1, 2]]),
        (np.array([[0, 0, 0]], np.uint16), [[0, 0, 0]]),
        (np.array([[0, 40_000, 65_535]], np.uint32), [[0, 40_000, 65_535]]),
        (np.array([[0, 65_535]], np.uint16), [[65_535, 0]]),
        (np.array([[65_535, 65_534]], np.uint16), [[0, 1]]),
        (np.array([[0, -1]], np.int16), [[0, -1]]),
    ],
    ids=["classes", "nothing", "objects", "painted", "counted down", "signed"],
)
def test_tiffs_that_say_that_0_is_white(tmp_path: Path, values: np.ndarray, wanted: list[list[int]]) -> None:
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="miniswhite")
    assert read_mask(tmp_path / "a.tif").value_HW.tolist() == wanted


def test_the_page_and_channels_of_a_tiff_are_those_of_pictures(tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile")
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(np.zeros((1, 2), np.uint8), photometric="minisblack", subfiletype=1)
        file.write(VALUES, photometric="minisblack", subfiletype=0)
    assert (read_mask(tmp_path / "a.tif").value_HW == VALUES).all()
    four = np.dstack([VALUES, VALUES, 255 - VALUES, VALUES])
    tifffile.imwrite(tmp_path / "b.tif", four, photometric="rgb", extrasamples=["unspecified"])
    mask = read_mask(tmp_path / "b.tif")
    assert (mask.value_HW == pack_rgb(four[..., :3])).all()
    assert mask.clear_HW is None
    tifffile.imwrite(tmp_path / "c.tif", four, photometric="separated")
    with pytest.raises(
        UnreadableImageError, match="unsupported: a mask in CMYK has no classes; save it as PNG"
    ):
        read_mask(tmp_path / "c.tif")
    tifffile.imwrite(
        tmp_path / "d.tif", np.zeros((16, 16, 3), np.uint8), photometric="rgb", compression="jpeg"
    )
    assert read_mask(tmp_path / "d.tif").is_lossy


@pytest.mark.parametrize("largest", [2, 20, 255, 300, 65535])
def test_the_numbers_of_pgm_and_pam_are_those_of_the_file(tmp_path: Path, largest: int) -> None:
    value_HW = np.array([[0, 1, 2], [2, 1, 0]], np.uint8 if largest < 256 else np.dtype(">u2"))
    (tmp_path / "m.pgm").write_bytes(f"P5\n3 2\n{largest}\n".encode() + value_HW.tobytes())
    head = f"P7\nWIDTH 3\nHEIGHT 2\nDEPTH 1\nMAXVAL {largest}\nTUPLTYPE GRAYSCALE\nENDHDR\n"
    (tmp_path / "m.pam").write_bytes(head.encode() + value_HW.tobytes())
    for name in ("m.pgm", "m.pam"):
        assert read_mask(tmp_path / name).value_HW.tolist() == value_HW.tolist(), name


def test_the_numbers_of_a_deep_jpeg_2000_are_those_of_the_file(tmp_path: Path) -> None:
    imagecodecs = pytest.importorskip("imagecodecs")
    value_HW = np.tile(np.array([[0, 1], [2, 700]], np.uint16), (8, 8))
    content = imagecodecs.jpeg2k_encode(value_HW, level=0, reversible=True, bitspersample=12)
    (tmp_path / "m.jp2").write_bytes(content)
    assert (read_mask(tmp_path / "m.jp2").value_HW == value_HW).all()


@pytest.mark.parametrize("kind", ["GRAYSCALE_ALPHA", "RGB", "RGB_ALPHA"])
def test_small_numbers_in_channels_of_16_bits_are_kept(kind: str, tmp_path: Path) -> None:
    imagecodecs = pytest.importorskip("imagecodecs")
    value_HW = np.arange(24, dtype=np.uint16).reshape(4, 6)
    channels = [value_HW] * (3 if "RGB" in kind else 1)
    alpha = [np.full_like(value_HW, 65_535)] if "ALPHA" in kind else []
    samples_HWC = np.dstack([*channels, *alpha])
    depth = samples_HWC.shape[2]
    head = f"P7\nWIDTH 6\nHEIGHT 4\nDEPTH {depth}\nMAXVAL 65535\nTUPLTYPE {kind}\nENDHDR\n"
    (tmp_path / "m.pam").write_bytes(head.encode() + samples_HWC.astype(">u2").tobytes())
    (tmp_path / "m.png").write_bytes(imagecodecs.png_encode(samples_HWC))
    for name in ("m.pam", "m.png"):
        assert read_mask(tmp_path / name).value_HW.tolist() == value_HW.tolist(), name


@pytest.mark.parametrize("factor", [256, 257])
def test_colours_of_8_bits_in_16_are_those_of_8(factor: int, tmp_path: Path) -> None:
    imagecodecs = pytest.importorskip("imagecodecs")
    colours_HW3 = np.array([[[255, 0, 0], [1, 2, 3]]], np.uint16)
    for ending, encode in (("png", imagecodecs.png_encode), ("tif", imagecodecs.tiff_encode)):
        (tmp_path / f"m.{ending}").write_bytes(encode(colours_HW3 * np.uint16(factor)))
        assert read_mask(tmp_path / f"m.{ending}").value_HW.tolist() == [[0xFF0000, 0x010203]]
    (tmp_path / "m.png").write_bytes(imagecodecs.png_encode(colours_HW3 * np.uint16(200)))
    with pytest.raises(UnreadableImageError, match="save it as PNG of 8 bits"):
        read_mask(tmp_path / "m.png")
