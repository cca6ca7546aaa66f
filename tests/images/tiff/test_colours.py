"""What samples mean: their colours, their transparency, and what is told of them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from support.tiff_files import page, tiff, written
from unpool.errors import UnreadableImageError
from unpool.images.tiff.colours import Scale, TiffColours, tiff_colours
from unpool.images.values.rules import ValueRules
from unpool.images.values.scaling import Scaling

RNG = np.random.default_rng(0)
EIGHT = RNG.integers(0, 256, (6, 7, 4), np.uint8)
RAMP = np.linspace(0, 1, 42).reshape(6, 7)


def read(stream: io.BytesIO) -> tuple[TiffColours, np.ndarray]:
    stream.seek(0)
    with tifffile.TiffFile(stream) as opened:
        first = opened.pages[0]
        samples = first.asarray()
        if first.axes == "SYX":
            samples = np.moveaxis(samples, 0, -1)
        colours = tiff_colours(first)
    return colours, (samples[..., None] if samples.ndim == 2 else samples)[..., list(colours.used)]


def shown(stream: io.BytesIO, rules: ValueRules = ValueRules()) -> Image.Image:  # noqa: B008
    colours, samples = read(stream)
    return colours.to_image(samples, colours.find_scale(samples, Scaling(rules, "TIFF")))


def as_array(image: Image.Image) -> np.ndarray:
    return np.asarray(image).astype(int)


@pytest.mark.parametrize("factor", [1, 257], ids=["table of 8 bits", "table of 16 bits"])
def test_a_palette_is_read_in_both_depths_of_its_table(factor: int) -> None:
    table = np.stack([np.arange(256), 255 - np.arange(256), np.full(256, 7)]).astype(np.uint16)
    image = shown(written(EIGHT[..., 0], photometric="palette", colormap=table * factor))
    assert (as_array(image) == table.T[EIGHT[..., 0]]).all()


@pytest.mark.parametrize("dtype", ["uint16", "uint32", "uint64", "float32", "float64"])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_white_is_zero_shows_the_same_at_every_depth(dtype: str, byteorder: str) -> None:
    if dtype.startswith("f"):
        light = (1 - RAMP).astype(dtype)
    else:
        light = np.rint((1 - RAMP) * 65535).astype(dtype) * (np.iinfo(dtype).max // 65535)
    light = light.astype(light.dtype.newbyteorder(byteorder))
    image = shown(written(light, photometric="miniswhite", byteorder=byteorder))
    assert np.abs(as_array(image) - RAMP * 255).max() <= 1


def test_a_dark_picture_in_white_is_zero_is_scaled_like_its_twin() -> None:
    dark = (RAMP * 3000).astype(np.uint16)
    twin = shown(written(dark))
    assert (as_array(shown(written(65535 - dark, photometric="miniswhite"))) == as_array(twin)).all()
    assert (as_array(shown(written(4095 - dark, photometric="miniswhite"))) == as_array(twin)).all()


def test_negative_white_is_zero_is_mirrored() -> None:
    values = (RAMP * 40_000 - 20_000).astype(np.int16)
    assert np.abs(as_array(shown(written(values, photometric="miniswhite"))) - (1 - RAMP) * 255).max() <= 1


def test_no_data_in_white_is_zero_is_black_and_does_not_count() -> None:
    values = (RAMP * 1000).astype(np.int16)
    values[0, 0] = -9999
    image = as_array(
        shown(written(values, photometric="miniswhite", extratags=[(42113, "s", 0, "-9999", True)]))
    )
    assert image[0, 0] == 0
    assert image[0, 1] > 200


def test_the_users_range_holds_in_white_is_zero() -> None:
    values = np.array([[0, 100, 1100, 2100, 3000]], np.uint16)
    image = shown(written(values, photometric="miniswhite"), ValueRules(range=(100, 2100)))
    assert as_array(image)[0].tolist() == pytest.approx([255, 255, 127, 0, 0], abs=1)


def test_frames_in_white_is_zero_keep_their_order_in_a_collections_range() -> None:
    rules = ValueRules(assumed={"TIFF uint16 grey": [(0, 4095)]})
    bright, dark = (np.full((2, 2), value, np.uint16) + np.eye(2, dtype=np.uint16) for value in (500, 3000))
    images = [as_array(shown(written(each, photometric="miniswhite"), rules)) for each in (bright, dark)]
    assert images[0].min() == pytest.approx(255 - 501 / 4095 * 255, abs=1)
    assert images[1].max() == pytest.approx(255 - 3000 / 4095 * 255, abs=1)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_cmyk_is_ink_on_paper(dtype: type, planar: str) -> None:
    ink = EIGHT.astype(dtype) * (1 if dtype is np.uint8 else 257)
    values = np.moveaxis(ink, -1, 0).copy() if planar == "separate" else ink
    image = shown(written(values, photometric="separated", planarconfig=planar))
    assert image.mode == "CMYK"
    assert (as_array(image) == EIGHT).all()


def test_cmyk_as_dark_as_it_is_stays_dark() -> None:
    ink = np.full((4, 4, 4), 3000, np.uint16)
    assert as_array(shown(written(ink, photometric="separated"))).max() == round(3000 / 257), "no stretching"


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("kind", ["cielab", "icclab"])
def test_lab_has_its_colours(bits: int, kind: str) -> None:
    rgb = Image.fromarray(EIGHT[..., :3])
    convert = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    lab = ImageCms.applyTransform(rgb, convert)
    assert lab is not None
    values = np.dstack([np.asarray(band) for band in lab.split()])  # a and b around 128
    if bits == 16 and kind == "icclab":
        values = values.astype(np.uint16) * 256
    elif bits == 16:
        around_0 = (values[..., 1:].astype(np.int16) - 128) * 256
        values = np.dstack([values[..., :1].astype(np.uint16) * 257, around_0.view(np.uint16)])
    elif kind == "cielab":
        values = np.dstack([values[..., :1], values[..., 1:] ^ 128])
    assert (
        np.abs(as_array(shown(written(values, photometric=kind))) - np.asarray(lab.convert("RGB"))).max() <= 2
    )


@pytest.mark.parametrize("kind", ["unassalpha", "assocalpha"])
@pytest.mark.parametrize("num_colours", [1, 3])
@pytest.mark.parametrize("deep", [False, True])
def test_transparency_is_kept_straight(kind: str, num_colours: int, deep: bool) -> None:
    alpha, straight = RNG.integers(1, 256, (6, 7, 1)), EIGHT[..., :num_colours].astype(int)
    straight[0, 0] = 255
    stored = straight if kind == "unassalpha" else np.rint(straight * (alpha / 255)).astype(int)
    values = np.dstack([stored, alpha]).astype(np.uint8)
    if deep:
        values = values.astype(np.uint16) * 257
        values[0, 0] = 65535
    photometric = "rgb" if num_colours == 3 else "minisblack"
    image = shown(written(values, photometric=photometric, planarconfig="contig", extrasamples=[kind]))
    assert image.mode == ("RGBA" if num_colours == 3 else "LA")
    found = as_array(image)
    laid = found[..., :-1] * found[..., -1:] / 255
    wanted = straight * alpha / 255
    assert np.abs(laid - wanted)[1:].max() <= 1.01


@pytest.mark.parametrize(
    ("values", "options", "used", "detail"),
    [
        (EIGHT, {"photometric": "rgb", "extrasamples": [0]}, (0, 1, 2), "channels 1, 2, 3 of 4"),
        (EIGHT[..., :2], {"photometric": "minisblack", "planarconfig": "contig"}, (0,), "channel 1 of 2"),
        (
            EIGHT.astype(np.uint16),
            {"photometric": "minisblack", "planarconfig": "contig", "extrasamples": [0, 0, 0]},
            (0, 1, 2),
            "channels 1, 2, 3 of 4 as red, green, blue",
        ),
        (
            np.dstack([EIGHT, EIGHT[..., 0]]),
            {"photometric": "separated", "extrasamples": [0]},
            (0, 1, 2, 3),
            "channels 1, 2, 3, 4 of 5",
        ),
    ],
    ids=["near infrared", "two channels", "satellite", "CMYK and one more"],
)
def test_channels_that_are_not_shown_are_told(
    values: np.ndarray, options: dict[str, Any], used: tuple[int, ...], detail: str
) -> None:
    colours, _ = read(written(values, **options))
    assert (colours.used, colours.alpha) == (used, "none")
    assert [(note.kind, note.detail) for note in colours.notes] == [("channels", detail)]


def test_bands_have_the_order_that_gdal_names() -> None:
    items = "".join(
        f'<Item name="COLORINTERP" sample="{sample}" role="colorinterp">{name}</Item>'
        for sample, name in enumerate(("Blue", "Green", "Red", "Undefined"))
    )
    tag = (42112, "s", 0, f"<GDALMetadata>{items}</GDALMetadata>", True)
    colours, _ = read(
        written(
            EIGHT, photometric="minisblack", planarconfig="contig", extrasamples=[0, 0, 0], extratags=[tag]
        )
    )
    assert colours.used == (2, 1, 0)


@pytest.mark.parametrize(("shape", "space"), [((6, 7), "grey"), ((6, 7, 3), "rgb")])
def test_without_a_photometric_tag_the_assumption_is_told(shape: tuple[int, ...], space: str) -> None:
    values = EIGHT[..., 0] if len(shape) == 2 else EIGHT[..., :3].copy()
    colours, samples = read(tiff(page(shape, [values.tobytes()], None)))
    assert (colours.space, colours.is_inverted) == (space, False)
    assert [note.kind for note in colours.notes] == ["assumed-colours"]
    assert (as_array(colours.to_image(samples, Scale(0, 255))) == values).all()


@pytest.mark.parametrize("bits", [1, 2, 4])
@pytest.mark.parametrize("photometric", [0, 1])
def test_few_bits_use_all_greys(bits: int, photometric: int) -> None:
    levels = np.tile(np.arange(2**bits), 16 // 2**bits).astype(np.uint8)
    packed = np.packbits(((levels[:, None] >> np.arange(bits - 1, -1, -1)) & 1).astype(np.uint8))
    image = shown(tiff(page((1, len(levels)), [packed.tobytes()], photometric, bits)))
    wanted = levels * (255 // (2**bits - 1))
    assert (as_array(image)[0] == (255 - wanted if photometric == 0 else wanted)).all()


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (written(np.zeros((4, 5), np.complex64)), "values of type complex64"),
        (
            tiff(page((4, 5, 4), [bytes(80)], 5, more={332: ("H", 2)})),
            "of 4 inks of 8 bits; save it again as RGB",
        ),
        (tiff(page((4, 5, 3), [bytes(60)], 10)), "photometric interpretation 10"),
        (tiff(page((4, 5, 3), [bytes(240)], 8, 32)), "in Lab of 32 bits"),
    ],
    ids=["complex", "inks", "ITU Lab", "deep Lab"],
)
def test_what_cannot_be_shown_rightly_is_refused(stream: io.BytesIO, words: str) -> None:
    with pytest.raises(UnreadableImageError, match=words) as caught:
        read(stream)
    assert caught.value.problem == "unsupported"
