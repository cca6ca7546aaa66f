"""Files become rows in order, each decoded once; broken ones become rows of a problem."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unpool.images.reading.decode import Picture
from unpool.images.reading.scan import ImageFile
from unpool.images.source import FolderSource
from unpool.inference.embedding import CHUNK, decode_chunks, embed_chunks, embed_pixels
from unpool.networks.preprocessing import Preprocessing
from unpool.store.columns import COLUMNS

PREP = Preprocessing(size=8)
NUM = 2 * CHUNK + 3
BROKEN = 5


@pytest.fixture
def source(tmp_path: Path) -> FolderSource:
    for number in range(NUM):
        Image.new("RGB", (20, 10), (number, 100, 200)).save(tmp_path / f"{number:02}.png")
    (tmp_path / f"{BROKEN:02}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 50)
    return FolderSource(tmp_path)


def mean_of(pixels: np.ndarray) -> np.ndarray:
    return pixels.reshape(len(pixels), -1, 3).mean(axis=1).astype(np.float32)


@pytest.mark.parametrize("workers", [1, 3])
def test_rows_are_in_the_order_of_the_files(source: FolderSource, workers: int) -> None:
    files: list[ImageFile] = source.scan().files[::-1]
    rows = [row for chunk in embed_chunks(source, files, PREP, mean_of, workers) for row in chunk]
    assert [row["path"] for row in rows] == [file.path for file in files]
    for row in rows:
        number = int(row["path"][:2])
        if number == BROKEN:
            assert (row["status"], row.get("vector")) == ("skipped", None)
            assert row["problem"]
        else:
            assert row["vector"].tolist() == [number, 100, 200]
            assert (row["width"], row["height"], row["status"]) == (20, 10, "ok")
            assert row["thumbnail"][:4] == b"RIFF"


def test_a_row_clears_what_an_older_file_of_that_name_had(source: FolderSource) -> None:
    rows = [row for chunk in decode_chunks(source, source.scan().files, PREP, 2) for row in chunk.rows]
    derived = ("group", "probability", "x", "y", "outlier_score", "duplicate_of", "suggestion")
    assert all(row[name] is None for row in rows for name in derived)
    assert not any({"label", "wrong"} & set(row) for row in rows), "what a person said stays"
    assert {name for row in rows for name in row} <= {*COLUMNS, "vector"}


def test_pixels_belong_to_the_usable_rows(source: FolderSource) -> None:
    for chunk in decode_chunks(source, source.scan().files, PREP, 2):
        assert len(chunk.pixels_nSSC) == len(chunk.usable)
        for row, pixels in zip(chunk.usable, chunk.pixels_nSSC, strict=True):
            assert pixels[0, 0].tolist() == [int(row["path"][:2]), 100, 200]


def test_decoded_images_are_embedded_in_order() -> None:
    pixels = np.arange(150, dtype=np.uint8)[:, None, None, None].repeat(3, axis=3)
    found = np.concatenate(list(embed_pixels(pixels, mean_of, 2)))
    assert found[:, 0].tolist() == list(range(150))


class SlowDevice:
    """An encoder on a device of its own, which takes batches."""

    batch = 8

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.entered, self.goes_on = threading.Event(), threading.Event()

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        self.entered.set()
        assert self.goes_on.wait(timeout=20)
        self.sizes.append(len(pixels))
        return mean_of(pixels)


def test_a_device_gets_batches_and_the_same_rows_come_out(source: FolderSource) -> None:
    files = source.scan().files
    device = SlowDevice()
    device.goes_on.set()
    found = [row for rows in embed_chunks(source, files, PREP, device, 2) for row in rows]
    expected = [row for rows in embed_chunks(source, files, PREP, mean_of, 2) for row in rows]
    assert [row["path"] for row in found] == [row["path"] for row in expected]
    for one, other in zip(found, expected, strict=True):
        assert one.keys() == other.keys()
        assert np.array_equal(one.get("vector", []), other.get("vector", []))
    assert sum(device.sizes) == NUM - 1
    assert all(size >= device.batch for size in device.sizes[:-1])


def test_files_are_decoded_while_the_device_works_and_only_so_many(tmp_path: Path) -> None:
    for number in range(120):
        Image.new("RGB", (20, 10), (number, 100, 200)).save(tmp_path / f"{number:03}.png")
    source = Counting(tmp_path)
    device = SlowDevice()
    rows: list[object] = []
    embedding = threading.Thread(
        target=lambda: rows.extend(embed_chunks(source, source.scan().files, PREP, device, 2))
    )
    embedding.start()
    assert device.entered.wait(timeout=20)
    assert source.is_ahead.wait(timeout=20)  # of the batch that the device has
    time.sleep(0.2)
    assert source.num_read <= 8 * device.batch  # batches that wait, and what two workers have decoded ahead
    device.goes_on.set()
    embedding.join(timeout=20)
    assert sum(device.sizes) == source.num_read == 120


class Counting(FolderSource):
    """Counts the files that were read."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.num_read, self.is_ahead, self._lock = 0, threading.Event(), threading.Lock()

    def read(self, file: ImageFile, min_side: int | None = None) -> Picture:
        with self._lock:
            self.num_read += 1
            if self.num_read > 2 * SlowDevice.batch:
                self.is_ahead.set()
        return super().read(file, min_side)


def test_decoded_images_go_to_a_device_in_batches() -> None:
    pixels = np.arange(20, dtype=np.uint8)[:, None, None, None].repeat(3, axis=3)
    device = SlowDevice()
    device.goes_on.set()
    found = np.concatenate(list(embed_pixels(pixels, device, 2)))
    assert found[:, 0].tolist() == list(range(20))
    assert device.sizes == [8, 8, 4]
