"""PAM of every type, of 8 and of 16 bits, like the same picture as PNG."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.hostile_files import picture
from unpool.errors import UnreadableImageError
from unpool.images.masks.mask_file import read_mask
from unpool.images.reading.decode import read_picture, read_size
from unpool.images.reading.pam import PamFile, read_head
from unpool.images.reading.scan import scan_folder
from unpool.images.values.rules import ValueRules

RGB = picture(30, 20)
ALPHA = np.tile(np.linspace(0, 255, 30).astype(np.uint8), (20, 1))
KINDS = {
    "GRAYSCALE": RGB[..., :1],
    "GRAYSCALE_ALPHA": np.dstack([RGB[..., 0], ALPHA]),
    "RGB": RGB,
    "RGB_ALPHA": np.dstack([RGB, ALPHA]),
}


def pam(values: np.ndarray, kind: str | None, maxval: int = 255) -> bytes:
    height, width, depth = values.shape
    words = f"P7\n# by hand\nWIDTH {width}\nHEIGHT {height}\n\nDEPTH {depth}\nMAXVAL {maxval}\n"
    words += f"TUPLTYPE {kind}\nENDHDR\n" if kind else "ENDHDR\n"
    return words.encode() + values.astype(">u2" if maxval > 255 else np.uint8).tobytes()


@pytest.mark.parametrize("scale", [1, 257])
@pytest.mark.parametrize("is_named", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_pictures_are_those_of_the_png(kind: str, is_named: bool, scale: int, tmp_path: Path) -> None:
    values = KINDS[kind]
    (tmp_path / "a.pam").write_bytes(pam(values.astype(int) * scale, kind if is_named else None, 255 * scale))
    Image.fromarray(values if values.shape[2] > 1 else values[..., 0]).save(tmp_path / "a.png")
    found, wanted = read_picture(tmp_path / "a.pam"), read_picture(tmp_path / "a.png")
    assert np.abs(found.pixels.astype(int) - wanted.pixels).max() <= (1 if scale > 1 else 0)
    assert (found.grey, found.notes) == (wanted.grey, wanted.notes)
    assert read_size(tmp_path / "a.pam") == (30, 20)


@pytest.mark.parametrize("kind", KINDS)
def test_the_largest_value_is_white(kind: str, tmp_path: Path) -> None:
    values = np.full_like(KINDS[kind], 1, np.uint16)
    file = tmp_path / "a.pam"
    for maxval in (1, 100, 1000, 4095, 65535):
        file.write_bytes(pam(values * maxval, kind, maxval))
        assert (read_picture(file).pixels == 255).all()
        if "ALPHA" not in kind:
            file.write_bytes(pam(values * (maxval // 2), kind, maxval))
            wanted = 255 * (maxval // 2) / maxval
            assert np.abs(read_picture(file).pixels - wanted).max() <= 1


def test_a_range_is_one_of_the_files_values(tmp_path: Path) -> None:
    (tmp_path / "a.pam").write_bytes(pam(np.full((4, 5, 3), 1500), "RGB", 4095))
    assert (read_picture(tmp_path / "a.pam", rules=ValueRules(range=(1000, 2000))).pixels == 128).all()


def test_inks_and_black_and_white(tmp_path: Path) -> None:
    file = tmp_path / "a.pam"
    file.write_bytes(pam(np.full((4, 5, 4), 0), "CMYK"))
    assert (read_picture(file).pixels == 255).all()
    red = np.full((4, 5, 4), [0, 1, 1, 0])
    file.write_bytes(pam(red * 255, "CMYK"))
    wanted = read_picture(file).pixels
    file.write_bytes(pam(red * 65_535, "CMYK", 65_535))
    assert (read_picture(file).pixels == wanted).all()
    assert (wanted[..., 0] > wanted[..., 1]).all()
    bits = np.arange(20).reshape(4, 5, 1) % 2
    file.write_bytes(pam(bits, "BLACKANDWHITE", 1))
    assert (read_picture(file).pixels == bits * 255).all()
    assert np.array_equal(read_mask(file).value_HW, bits[..., 0])


def test_a_mask_keeps_its_numbers(tmp_path: Path) -> None:
    numbers = np.arange(20).reshape(4, 5, 1)
    for maxval in (255, 65535):
        (tmp_path / "a.pam").write_bytes(pam(numbers, "GRAYSCALE", maxval))
        assert np.array_equal(read_mask(tmp_path / "a.pam").value_HW, numbers[..., 0])


def test_a_scan_finds_it_by_name_and_by_content(tmp_path: Path) -> None:
    (tmp_path / "a.pam").write_bytes(pam(RGB, "RGB"))
    (tmp_path / "b.jpg").write_bytes(pam(RGB, "RGB"))
    assert [file.path for file in scan_folder(tmp_path).files] == ["a.pam", "b.jpg"]
    assert np.array_equal(read_picture(tmp_path / "b.jpg").pixels, RGB)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (pam(RGB, "RGB")[:-10], "truncated: the file ends before the image does"),
        (pam(np.zeros((4, 5, 5)), "multispectral"), "unsupported: a PAM of 5 channels of type multispectral"),
        (pam(np.zeros((4, 5, 5)), None), "unsupported: a PAM of 5 channels of type none"),
        (pam(RGB, "RGB").replace(b"MAXVAL 255", b"MAXVAL many"), r"corrupt: .*\(no MAXVAL\)"),
        (pam(RGB, "RGB").replace(b"MAXVAL 255", b"MAXVAL 0"), "corrupt: the PAM head is damaged"),
        (b"P7\nWIDTH 4\n" * 2000, r"corrupt: .*\(no ENDHDR\)"),
    ],
)
def test_damage_is_reported(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "a.pam").write_bytes(content)
    with pytest.raises(UnreadableImageError, match=words):
        read_picture(tmp_path / "a.pam")


def test_lost_rows_are_seen(tmp_path: Path) -> None:
    content = pam(np.random.default_rng(0).integers(30, 200, (40, 60, 3)), "RGB")
    (tmp_path / "a.pam").write_bytes(content[:5000] + bytes(len(content) - 5000))
    with pytest.raises(UnreadableImageError, match="the pixels have one value only"):
        read_picture(tmp_path / "a.pam")


def test_a_type_in_several_lines_is_one() -> None:
    head = b"P7\nWIDTH 1\nHEIGHT 2\nDEPTH 3\nMAXVAL 255\nTUPLTYPE A\nTUPLTYPE B\nENDHDR\nTUPLTYPE C"
    assert read_head(io.BytesIO(head))["TUPLTYPE"] == "A B"
    assert PamFile(io.BytesIO(pam(RGB, "RGB", 1000))).is_deep_colour
