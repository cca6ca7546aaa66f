"""Damaged files of every format are reported or rightly read: no other error, no crash, no hang."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from support.mutations import make_images, mutate, write_mutated
from support.states import make_base
from unpool.errors import UnreadableImageError
from unpool.images.reading.decode import Picture, read_picture, read_size
from unpool.images.reading.formats import ENDINGS
from unpool.images.reading.opening import _READERS
from unpool.store.table import ImageTable

NUM_QUICK, NUM_SLOW = 200, 2000
MAX_SECONDS = 20.0  # for one of these small files; most take milliseconds
PROBLEMS = {
    "missing", "broken-link", "no-permission", "not-a-file", "unreadable", "empty", "not-an-image", "unsupported",
    "needs-heic", "truncated", "corrupt", "too-large", "too-slow", "crash",
}  # fmt: skip


@pytest.fixture(scope="module")
def images() -> dict[str, bytes]:
    return make_images()


def read(file: Path) -> Picture | str:
    """The picture, or the word for what is wrong with the file."""
    start = time.perf_counter()
    result, detail = _try_to_read(file)
    assert time.perf_counter() - start < MAX_SECONDS, file
    assert not isinstance(result, str) or result in PROBLEMS, file
    assert detail, file
    assert "\n" not in detail, file
    try:
        read_size(file)
    except UnreadableImageError:
        assert isinstance(result, str) or "flip" in file.name or "extreme" in file.name, file
    return result


def _try_to_read(file: Path) -> tuple[Picture | str, str]:
    try:
        return read_picture(file, min_side=8), "read"
    except UnreadableImageError as error:
        return error.problem, error.detail


def test_every_format_that_is_read_is_drawn(images: dict[str, bytes], tmp_path: Path) -> None:
    assert {ENDINGS[Path(name).suffix] for name in images} == set(_READERS)
    for name, content in images.items():
        (tmp_path / name).write_bytes(content)
        result = read(tmp_path / name)
        if isinstance(result, str):
            assert (name, result) in {("phone.heic", "needs-heic"), ("twelve.jpg", "unsupported")}, (
                name,
                result,
            )


def check(file: Path, images: dict[str, bytes]) -> None:
    """A file is read, or reported; one that was cut shows what it showed before, or is reported."""
    result = read(file)
    if isinstance(result, str):
        return
    assert result.pixels.ndim == 3
    assert result.pixels.shape[2] == 3
    kind, _, name = file.name.partition("-")[2].rpartition("-")
    if kind == "cut":
        whole = file.with_name(f"whole-{name}")
        whole.write_bytes(images[name])
        before = read(whole)
        assert isinstance(before, Picture)
        np.testing.assert_array_equal(result.pixels, before.pixels, err_msg=file.name)


def test_some_damaged_files(images: dict[str, bytes], tmp_path: Path) -> None:
    for file in write_mutated(tmp_path, NUM_QUICK):
        check(file, images)


@pytest.mark.slow
def test_two_thousand_damaged_files_by_several_threads(images: dict[str, bytes], tmp_path: Path) -> None:
    files = write_mutated(tmp_path / "mutated", NUM_SLOW, first=10_000)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda file: check(file, images), files))


@pytest.mark.slow
def test_a_run_over_damaged_files_comes_to_its_end(tmp_path: Path) -> None:
    files = write_mutated(tmp_path / "mutated", NUM_SLOW)
    make_base(tmp_path / "base")
    words = ["embed", "mutated", "--model", "base/model", "--work", "w.unpool", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "unpool", *words], cwd=tmp_path, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    result = json.loads(done.stdout)
    named = [file for file in files if file.suffix in ENDINGS]
    frame = ImageTable(tmp_path / "w.unpool").frame(["path", "status", "problem"])
    assert set(frame["path"]) == {file.name for file in named}
    assert result["images"] + result["skipped"] == len(named)
    assert set(frame["problem"].dropna()) <= PROBLEMS


def test_the_same_number_is_the_same_damage(images: dict[str, bytes]) -> None:
    assert mutate(images, 7) == mutate(images, 7)
    assert mutate(images, 7) != mutate(images, 8)
