"""A decoder that crashes, hangs or takes all memory costs one file, and nothing else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from support import fake_decoders
from support.fake_decoders import fake
from support.hostile_files import HEIC
from support.mutations import make_images
from unpool.errors import UnreadableImageError
from unpool.images.isolation import pool
from unpool.images.reading import decode
from unpool.images.reading.decode import find_values, read_picture, read_picture_here, read_size
from unpool.images.values.rules import NO_RULES

Problem = Callable[[bytes], tuple[str, str]]


@pytest.fixture(autouse=True)
def _no_process_is_left() -> Iterator[None]:
    yield
    pool.end_idle()


@pytest.fixture
def problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Problem:
    """Read a file by the fake decoders; what is said of it."""
    pool.end_idle()
    monkeypatch.setattr(pool, "COMMAND", [sys.executable, fake_decoders.__file__])
    monkeypatch.setattr(pool, "MAX_BYTES", 1 << 30)
    monkeypatch.setenv(pool.SECONDS_VARIABLE, "10")

    def read(content: bytes) -> tuple[str, str]:
        file = tmp_path / f"{len(list(tmp_path.iterdir()))}.heic"
        file.write_bytes(content)
        with pytest.raises(UnreadableImageError) as error:
            read_picture(file)
        return error.value.problem, error.value.detail

    return read


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_crashes_are_problems_of_their_file(problem: Problem, tmp_path: Path) -> None:
    assert problem(fake("exit")) == ("crash", "the HEIF content makes its decoder crash (exit code 3)")
    assert problem(fake("crash")) == ("crash", "the HEIF content makes its decoder crash (signal 11)")
    assert problem(fake(f"once {tmp_path / 'mark'}"))[1].endswith("(second time)"), "it was tried again"
    assert problem(fake("print"))[1].endswith("(printed)"), "what libraries print is no answer"


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of memory")
def test_memory_without_end_is_a_problem_of_its_file(problem: Problem) -> None:
    assert problem(fake("memory")) == ("too-large", "the image does not fit into memory")


def test_hanging_decoders_are_ended(problem: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(pool.SECONDS_VARIABLE, "1")
    start = time.perf_counter()
    for word in ("sleep", "spin"):
        kind, detail = problem(fake(word))
        assert kind == "too-slow"
        assert detail.startswith("the HEIF content was not decoded within 1 s, and was given up")
    assert time.perf_counter() - start < 20


@pytest.mark.parametrize("name", ["deep.tif", "planes.tif", "plain.jp2", "plain.avif", "phone.heic"])
def test_pixels_are_those_of_this_process(name: str, tmp_path: Path) -> None:
    images = make_images() | {"phone.heic": HEIC}
    if name not in images:
        pytest.skip("this Pillow cannot write it")
    file = tmp_path / name
    file.write_bytes(images[name])
    if name == "phone.heic":
        pytest.importorskip("pi_heif")
    expected = read_picture_here(file, 16, 10**8, NO_RULES)
    found = read_picture(file, min_side=16)
    np.testing.assert_array_equal(found.pixels, expected.pixels)
    for fact in ("width", "height", "mode", "grey", "id", "notes"):
        assert getattr(found, fact) == getattr(expected, fact), fact
    assert len(pool._idle) == 1, "the process waits for the next file"
    assert read_size(file) == (expected.width, expected.height)
    assert find_values(file) == decode.find_values_here(file, ())


def test_large_pictures_wait_for_each_other(tmp_path: Path) -> None:
    """The lock is this process's: while it is held, no other process decodes a large picture."""
    file = tmp_path / "large.tif"
    import tifffile

    tifffile.imwrite(file, np.zeros((5600, 5600), np.uint8), compression="deflate")
    read_size(file)
    with ThreadPoolExecutor(1) as threads:
        with pool.large_picture:
            waiting = threads.submit(read_picture, file, min_side=16)
            time.sleep(0.5)
            assert not waiting.done()
        assert waiting.result(60).width == 5600


def test_without_processes_files_are_read_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pool.end_idle()
    monkeypatch.setattr(pool, "COMMAND", [str(tmp_path / "no-program")])
    file = tmp_path / "a.tif"
    file.write_bytes(make_images()["plain.tif"])
    assert read_picture(file).width == 40
    assert read_size(file) == (40, 32)


def test_the_limit_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for text, seconds in (("7", 7.0), ("0", 1.0), ("x", pool.MAX_SECONDS)):
        monkeypatch.setenv(pool.SECONDS_VARIABLE, text)
        assert pool.max_seconds() == seconds


def test_what_browsers_decode_is_decoded_here() -> None:
    assert not any(pool.needs_process(name) for name in ("JPEG", "PNG", "GIF", "WEBP", "BMP", "PPM"))
    assert all(pool.needs_process(name) for name in ("HEIF", "AVIF", "JPEG2000", "TIFF"))
