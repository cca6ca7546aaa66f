"""One array for all images: rows, order, the cache on the disk, what is reported."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from support.hostile_files import picture
from unpool.errors import UnpoolError
from unpool.images import pixel_cache as batches
from unpool.images.pixel_cache import load_pixels, map_ordered
from unpool.images.reading.decode import read_picture
from unpool.images.reading.scan import ImageFile, Problem, scan_folder
from unpool.images.resizing import square


@pytest.fixture
def files(tmp_path: Path) -> list[ImageFile]:
    """Ten images, the fourth of them no image."""
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(10):
        Image.fromarray(picture(40 + number, 30, seed=number)).save(folder / f"{number}.png")
    (folder / "3.png").write_bytes(b"no image at all")
    return scan_folder(folder).files


def load(files: list[ImageFile], cache: Path | None = None, **changed: Any) -> tuple[np.ndarray, list[int]]:
    wishes: dict[str, Any] = {"size": 8, "channels": 3, "crop": "centre", "workers": 3}
    return load_pixels(files, cache=cache, **(wishes | changed))


@pytest.fixture
def count_reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    read: list[Path] = []

    def counted(file: Path, *, min_side: int) -> object:
        read.append(file)
        return read_picture(file, min_side=min_side)

    monkeypatch.setattr(batches, "read_picture", counted)
    return read


ON_DISK = {"memory_limit": 100}


@pytest.mark.parametrize("limit", [{}, ON_DISK])
@pytest.mark.parametrize(("channels", "crop"), [(3, "centre"), (1, "squash")])
def test_rows_are_the_usable_files_in_order(
    files: list[ImageFile], tmp_path: Path, limit: dict[str, int], channels: Any, crop: Any
) -> None:
    result: list[Problem] = []
    done: list[int] = []
    pixels, usable = load(
        files, tmp_path / "cache", channels=channels, crop=crop,
        on_problem=result.append, progress=done.append, **limit,
    )  # fmt: skip
    assert usable == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    assert pixels.dtype == np.uint8
    for row, index in zip(pixels, usable, strict=True):
        whole = read_picture(files[index].file).pixels
        assert np.array_equal(row, square(whole, 8, crop=crop, channels=channels))
    assert [(each.path, each.problem) for each in result] == [("3.png", "not-an-image")]
    assert done == list(range(1, 11))
    assert isinstance(pixels, np.memmap) == bool(limit)
    pixels[0] = 0  # writable, as torch wants it


def test_each_image_is_decoded_once_and_the_cache_is_found_again(
    files: list[ImageFile], tmp_path: Path, count_reads: list[Path]
) -> None:
    result: list[Problem] = []
    first, usable = load(files, tmp_path, **ON_DISK)
    assert sorted(count_reads) == sorted(file.file for file in files)
    kept = first.copy()
    first[:] = 0  # must not reach the file
    again, usable_again = load(files, tmp_path, on_problem=result.append, **ON_DISK)
    assert len(count_reads) == 10
    assert usable_again == usable
    assert np.array_equal(again, kept)
    assert kept.any()
    assert [each.path for each in result] == ["3.png"]


def test_a_changed_file_or_wish_is_decoded_anew(
    files: list[ImageFile], tmp_path: Path, count_reads: list[Path]
) -> None:
    load(files, tmp_path, **ON_DISK)
    for changed in ({"size": 9}, {"channels": 1}, {"crop": "squash"}):
        before = len(count_reads)
        load(files, tmp_path, **ON_DISK, **changed)
        assert len(count_reads) == before + 10
    os.utime(files[0].file, (1, 1))
    before = len(count_reads)
    load(scan_folder(files[0].file.parent).files, tmp_path, **ON_DISK)
    assert len(count_reads) == before + 10


def test_a_run_that_was_stopped_leaves_nothing_behind(
    files: list[ImageFile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(done: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(files, tmp_path / "cache", progress=stop, **ON_DISK)
    assert list((tmp_path / "cache").iterdir()) == []


def test_pixels_that_are_not_whole_are_not_used(
    files: list[ImageFile], tmp_path: Path, count_reads: list[Path]
) -> None:
    cache = tmp_path / "cache"
    load(files, cache, **ON_DISK)
    (pixels,), (notes,) = list(cache.glob("*.u8")), list(cache.glob("*.json"))
    pixels.write_bytes(pixels.read_bytes()[:-1])
    load(files, cache, **ON_DISK)
    assert len(count_reads) == 20
    notes.write_text("{")
    load(files, cache, **ON_DISK)
    assert len(count_reads) == 30
    content = json.loads(notes.read_text())
    content["problems"][0]["problem"] = "needs-heic"  # pi-heif may have been installed since
    notes.write_text(json.dumps(content))
    load(files, cache, **ON_DISK)
    assert len(count_reads) == 40


def test_the_oldest_caches_make_room(
    files: list[ImageFile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "CACHE_LIMIT", 5000)  # one of 8 × 8 × 3 × 10 takes 1,920, and notes
    cache = tmp_path / "cache"
    for number, size in enumerate((8, 7, 8, 6, 9)):
        load(files, cache, size=size, **ON_DISK)
        for file in cache.glob("*"):
            if file.stat().st_mtime > 1e9:
                os.utime(file, (number, number))
    sizes = {file.stat().st_size for file in cache.glob("*.u8")}
    assert sizes == {9 * 3 * 9 * 9, 9 * 3 * 6 * 6}


def test_caches_that_vanish_meanwhile_take_no_room(files: list[ImageFile], tmp_path: Path) -> None:
    (tmp_path / "pixels-gone.u8").symlink_to(tmp_path / "nowhere")  # listed, and gone when its size is due
    assert len(load(files, tmp_path, **ON_DISK)[0]) == 9  # one is broken


def test_what_does_not_fit_is_reported_before_anything_is_read(
    files: list[ImageFile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count_reads: list[Path]
) -> None:
    with pytest.raises(UnpoolError, match=r"^10 images of 8 pixels take 0.0 GB; give a folder to cache"):
        load(files, None, **ON_DISK)
    monkeypatch.setattr(batches, "CACHE_LIMIT", 1000)
    with pytest.raises(
        UnpoolError, match=r"^the decoded images take 0.0 GB and '.*' has room for 0.0 GB; free"
    ):
        load(files, tmp_path, **ON_DISK)
    assert count_reads == []


@pytest.mark.parametrize("limit", [0, 10**9])
def test_no_usable_image_gives_no_rows(tmp_path: Path, files: list[ImageFile], limit: int) -> None:
    assert load(files[3:4], tmp_path, memory_limit=limit)[0].shape == (0, 8, 8, 3)
    assert load([], tmp_path, memory_limit=limit)[0].shape == (0, 8, 8, 3)


def test_in_order_keeps_the_order_and_runs_little_ahead() -> None:
    started: list[int] = []
    before = threading.active_count()

    def work(number: int) -> int:
        started.append(number)
        time.sleep(0.002 * (number % 3))
        return number

    results = map_ordered(work, range(1000), workers=2)
    assert [next(results) for _ in range(20)] == list(range(20))
    time.sleep(0.1)
    assert 20 < len(started) <= 20 + 8 + 1
    results.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
