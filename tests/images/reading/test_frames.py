"""Animations are shown by a frame that shows something, stills as before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, features

from support.pictures import make_photograph
from unpool.errors import UnreadableImageError
from unpool.images.reading import frames
from unpool.images.reading.decode import read_picture

SIZE = (80, 60)
KINDS: dict[str, dict[str, Any]] = {
    "a.gif": {},
    "a.png": {},
    "a.webp": {"lossless": True},
    "a.avif": {"quality": 90},
}
animated = pytest.mark.parametrize("name", KINDS)


def photograph(seed: int = 0) -> Image.Image:
    return make_photograph(seed, *SIZE)


def save(file: Path, pictures: list[Image.Image], **options: Any) -> Path:
    if file.suffix == ".avif" and not features.check("avif"):
        pytest.skip("this Pillow writes no AVIF")
    options |= {"duration": 100} | KINDS[file.name]
    pictures[0].save(file, save_all=True, append_images=pictures[1:], **options)
    return file


def difference(pixels: np.ndarray, image: Image.Image) -> float:
    return float(np.abs(pixels.astype(float) - np.asarray(image.convert("RGB"))).mean())


@animated
@pytest.mark.parametrize("sheet", ["white", "black", (200, 30, 30)])
def test_a_blank_first_frame_is_passed_over(tmp_path: Path, name: str, sheet: Any) -> None:
    blank, last = Image.new("RGB", SIZE, sheet), photograph()
    fading = [Image.blend(blank, last, step / 4) for step in range(5)]
    read = read_picture(save(tmp_path / name, fading))
    assert difference(read.pixels, last) < 6
    assert difference(np.asarray(blank), last) > 20
    assert [(note.kind, note.detail) for note in read.notes] == [("frame", "5 of 5")]
    assert not read.grey


@animated
def test_a_first_frame_that_shows_something_stays(tmp_path: Path, name: str) -> None:
    read = read_picture(save(tmp_path / name, [photograph(seed) for seed in range(7)]))
    assert difference(read.pixels, photograph(0)) < 6
    assert [note.detail for note in read.notes] == ["1 of 7"]


@animated
def test_stills_are_as_they_were(tmp_path: Path, name: str) -> None:
    if name == "a.avif" and not features.check("avif"):
        pytest.skip("this Pillow writes no AVIF")
    photograph().save(tmp_path / name, **KINDS[name])
    read = read_picture(tmp_path / name)
    assert np.array_equal(read.pixels, np.asarray(Image.open(tmp_path / name).convert("RGB")))
    assert read.notes == ()


def test_a_picture_before_the_animation_is_none_of_its_frames(tmp_path: Path) -> None:
    notice, shown = photograph(8), [photograph(1), photograph(2), photograph(3)]
    read = read_picture(save(tmp_path / "a.png", [notice, *shown], default_image=True))
    assert difference(read.pixels, shown[0]) < 1
    assert [note.detail for note in read.notes] == ["1 of 3"]


def test_fading_from_transparency(tmp_path: Path) -> None:
    clear, seen = Image.new("RGBA", SIZE, (0, 0, 0, 0)), photograph().convert("RGBA")
    read = read_picture(save(tmp_path / "a.webp", [clear, seen]))
    assert difference(read.pixels, photograph()) < 1


def test_few_frames_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = [Image.new("RGB", SIZE, (index, 9, 9)) for index in range(40)]
    pictures[30] = photograph()
    file = save(tmp_path / "a.webp", pictures)
    looked: list[float] = []
    measure = frames._measure_contrast
    monkeypatch.setattr(
        frames, "_measure_contrast", lambda frame: looked.append(measure(frame)) or looked[-1]
    )
    assert read_picture(file).notes[0].detail == "1 of 40"  # all of the five are blank
    assert len(looked) == 5
    monkeypatch.setattr(frames, "MAX_FRAME_PIXELS", 31 * SIZE[0] * SIZE[1])
    assert read_picture(file).notes[0].detail == "31 of 40"
    monkeypatch.setattr(frames, "MAX_FRAME_PIXELS", 1)
    assert read_picture(file).notes[0].detail == "1 of 40"


def test_an_icon_is_its_largest_picture(tmp_path: Path) -> None:
    photograph().resize((64, 64)).save(tmp_path / "a.ico", sizes=[(16, 16), (64, 64), (32, 32)])
    read = read_picture(tmp_path / "a.ico")
    assert (read.width, read.height) == (64, 64)
    assert [note.detail for note in read.notes] == ["the largest of 3"]


@pytest.mark.parametrize("has_composite", [True, False])
def test_a_psd_needs_the_picture_of_all_layers(tmp_path: Path, has_composite: bool) -> None:
    version = b"\0\0\0\1" + bytes([has_composite]) + bytes(8)
    resource = (
        b"8BIM" + (1057).to_bytes(2, "big") + b"\0\0" + len(version).to_bytes(4, "big") + version + b"\0"
    )
    planes = np.moveaxis(np.asarray(photograph()), 2, 0).tobytes()
    head = (
        b"8BPS\0\1" + bytes(6) + b"\0\3" + (60).to_bytes(4, "big") + (80).to_bytes(4, "big") + b"\0\x08\0\3"
    )
    content = head + bytes(4) + len(resource).to_bytes(4, "big") + resource + bytes(4) + b"\0\0" + planes
    (tmp_path / "a.psd").write_bytes(content)
    if has_composite:
        assert np.array_equal(read_picture(tmp_path / "a.psd").pixels, np.asarray(photograph()))
        return
    with pytest.raises(UnreadableImageError, match="unsupported: it holds layers only"):
        read_picture(tmp_path / "a.psd")
