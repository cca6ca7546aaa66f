"""EXIF data become lines for people, and damaged ones nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import ExifTags, Image

from unpool.images.reading.exif import MAX_LENGTH, read_metadata


def save(path: Path, tags: dict[int, object]) -> Path:
    exif = Image.Exif()
    for number, value in tags.items():
        exif[number] = value
    Image.new("RGB", (8, 8)).save(path, exif=exif)
    return path


def test_names_and_values(tmp_path: Path) -> None:
    file = save(tmp_path / "a.jpg", {ExifTags.Base.Make: "ACME", ExifTags.Base.Orientation: 6})
    assert dict(read_metadata(file)) == {"Make": "ACME", "Orientation": "6"}


def test_long_values_are_cut_and_control_characters_left_out(tmp_path: Path) -> None:
    file = save(tmp_path / "a.jpg", {ExifTags.Base.Model: "x" * 500, ExifTags.Base.Make: "a\x07\nb"})
    values = dict(read_metadata(file))
    assert values["Model"] == "x" * (MAX_LENGTH - 1) + "…"
    assert values["Make"] == "ab"


def test_binary_values_and_makers_notes_are_left_out(tmp_path: Path) -> None:
    exif = Image.Exif()
    ifd = exif.get_ifd(ExifTags.IFD.Exif)
    ifd[ExifTags.Base.MakerNote] = b"secret"
    ifd[ExifTags.Base.ExifVersion] = b"0230"
    ifd[ExifTags.Base.UserComment] = b"\xff\xfe"
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg", exif=exif)
    assert dict(read_metadata(tmp_path / "a.jpg")) == {"ExifVersion": "0230"}


@pytest.mark.parametrize("content", [b"", b"no image", b"\xff\xd8\xff\xe1\x00\x08Exif\0\0"])
def test_no_image_no_lines(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    assert read_metadata(tmp_path / "a.jpg") == []
    Image.new("RGB", (8, 8)).save(tmp_path / "plain.png")
    assert read_metadata(tmp_path / "plain.png") == []
