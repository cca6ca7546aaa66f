"""A folder and a named set are read in one way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unpool.errors import UnreadableImageError
from unpool.images.source import FolderSource, NamedSource, open_source


@pytest.fixture(scope="module")
def digits() -> NamedSource:
    source = open_source("digits")
    assert isinstance(source, NamedSource)
    return source


def test_a_folder_of_a_sets_name_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert isinstance(open_source("digits"), NamedSource)
    (tmp_path / "digits").mkdir()
    assert isinstance(open_source("digits"), FolderSource)


def test_a_folder_is_scanned_read_and_measured(tmp_path: Path) -> None:
    Image.new("RGB", (30, 20), (10, 20, 30)).save(tmp_path / "a.png")
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "out").mkdir()
    Image.new("RGB", (9, 9)).save(tmp_path / "out" / "b.png")
    source = open_source(str(tmp_path), leave_out=tmp_path / "out")
    files = {file.path: file for file in source.scan().files}
    assert set(files) == {"a.png", "bad.png"}
    assert source.location == str(tmp_path.resolve())
    assert source.size(files["a.png"]) == (30, 20)
    assert source.size(files["bad.png"]) is None
    assert source.read(files["a.png"], 8).pixels[0, 0].tolist() == [10, 20, 30]
    with pytest.raises(UnreadableImageError):
        source.read(files["bad.png"], 8)


def test_digits_have_paths_pixels_and_stable_digests(digits: NamedSource) -> None:
    scan = digits.scan()
    paths = [file.path for file in scan.files]
    assert paths == sorted(paths)
    assert len(set(paths)) == 1797
    file = scan.files[100]
    picture = digits.read(file, 8)
    assert picture.pixels.shape == (8, 8, 3)
    assert picture.grey
    assert digits.size(file) == (8, 8)
    assert picture.id == digits.read(file, 224).id
    other = digits.read(scan.files[101], 8)
    assert picture.id != other.id


def test_all_pixels_at_once_only_in_their_own_size(digits: NamedSource) -> None:
    files = digits.scan().files[:5]
    assert digits.pixels(files, 16) is None
    together = digits.pixels(files, 8)
    assert together is not None
    for row, file in zip(together, files, strict=True):
        assert (row[..., 0] == digits.read(file, 8).pixels[..., 0]).all()
    assert together.dtype == np.uint8
