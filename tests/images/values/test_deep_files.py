"""Which files have more than 8 bits, by their first bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.deep_files import GREY, SHOWN, spread, write_png16
from unpool.images.reading.scan import ImageFile
from unpool.images.values.deep_files import MAX_PICTURES, find_deep_files, pick_some


def names(folder: Path) -> list[str]:
    files = [ImageFile(file.name, file, 1, 0.0) for file in sorted(folder.iterdir())]
    return [file.path for of_format in find_deep_files(files).values() for file in of_format]


def test_deep_files_are_found_in_every_format(tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile")
    twelve = spread(SHOWN, 12)
    write_png16(tmp_path / "a.png", twelve)
    Image.fromarray(GREY.astype(np.uint16) * 257).save(tmp_path / "b.jp2")
    (tmp_path / "c.pfm").write_bytes(b"Pf\n2 2\n-1.0\n" + bytes(16))
    tifffile.imwrite(tmp_path / "d.tif", twelve[..., 0])
    tifffile.imwrite(tmp_path / "e.tif", twelve, photometric="rgb", bigtiff=True)
    tifffile.imwrite(tmp_path / "f.tif", twelve, photometric="rgb", byteorder=">")
    tifffile.imwrite(tmp_path / "g.tif", GREY.astype(np.float32))
    tifffile.imwrite(tmp_path / "h.tif", GREY.astype(np.int8), photometric="minisblack")
    with tifffile.TiffWriter(tmp_path / "i.tif") as file:
        file.write(GREY, photometric="minisblack", subfiletype=1)
        file.write(twelve[..., 0], photometric="minisblack")
    assert names(tmp_path) == ["a.png", "b.jp2", "c.pfm", *(f"{letter}.tif" for letter in "defghi")]


def test_files_of_eight_bits_and_damaged_ones_are_not(tmp_path: Path) -> None:
    image = Image.fromarray(SHOWN)
    for name in ("a.png", "b.tif", "c.jpg", "d.jp2", "e.ppm"):
        image.save(tmp_path / name)
    image.convert("1").save(tmp_path / "f.tif")
    (tmp_path / "g.tif").write_bytes(b"II*\0\xff\xff\xff\0")
    (tmp_path / "h.tif").write_bytes(b"II*\0\x08\0\0\0\xff")
    (tmp_path / "i.png").write_bytes(b"")
    assert names(tmp_path) == []


def test_of_many_files_some_are_looked_at() -> None:
    files = [ImageFile(str(number), Path("a"), 1, 0.0) for number in range(1000)]
    some = pick_some(files)
    assert MAX_PICTURES / 2 < len(some) <= MAX_PICTURES
    assert [int(file.path) for file in some] == list(range(0, 1000, 4))
    assert pick_some(files[:5]) == files[:5]
    large = [ImageFile(str(number), Path("a"), 10**9, 0.0) for number in range(1000)]
    assert 8 <= len(pick_some(large)) <= 16
