"""Formats with and without losses, by content and not by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.pictures import make_photograph
from unpool.images.reading.losses import is_lossless

SAVED = {
    "a.png": ({}, True), "b.bmp": ({}, True), "c.tif": ({"compression": "tiff_lzw"}, True),
    "d.tif": ({"compression": "jpeg"}, False), "e.webp": ({"quality": 80}, False), "f.webp": ({"lossless": True}, True),
    "g.jp2": ({"irreversible": False}, True), "h.jp2": ({"irreversible": True}, False), "i.jpg": ({}, False),
    "j.ppm": ({}, True), "k.gif": ({}, True), "l.avif": ({}, False),
}  # fmt: skip


@pytest.mark.parametrize("name", SAVED)
def test_a_format_says_whether_it_loses(tmp_path: Path, name: str) -> None:
    options, expected = SAVED[name]
    make_photograph().save(tmp_path / name, **options)
    assert is_lossless(tmp_path / name) is expected
    renamed = (tmp_path / name).rename(tmp_path / "picture.dat")
    assert is_lossless(renamed) is expected


def test_what_cannot_be_opened_is_unknown(tmp_path: Path) -> None:
    assert is_lossless(tmp_path / "none.png") is None
    (tmp_path / "text.png").write_text("no picture")
    assert is_lossless(tmp_path / "text.png") is None
