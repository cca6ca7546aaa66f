"""What was decoded when a process ended is decoded apart by the next."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unpool.errors import UnreadableImageError
from unpool.images.isolation import pool, trail
from unpool.images.isolation.trail import FILE, NUM_SLOTS, is_suspect, leaving_trail, mark, read_trail
from unpool.images.reading.decode import format_apart, read_picture

DIES = """
import os, sys
from pathlib import Path
from unpool.images.isolation.trail import leaving_trail
from unpool.images.reading import decode
decode._decode = lambda *_: os._exit(7)
with leaving_trail(Path(sys.argv[1])):
    decode.read_picture(Path(sys.argv[2]))
"""


def test_marks_go_with_what_they_are_for(tmp_path: Path) -> None:
    with leaving_trail(tmp_path) as count:
        assert count == 0
        with mark("/a"), mark("/b\udce9"):
            assert read_trail(tmp_path / FILE) == {"/a", "/b\udce9"}
        with pytest.raises(KeyError), mark("c"):
            raise KeyError
        assert read_trail(tmp_path / FILE) == frozenset()
    assert not (tmp_path / FILE).exists()
    with mark("d"):
        assert not is_suspect("d")


def test_a_relative_path_is_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with leaving_trail(tmp_path), mark("a.png"):
        assert read_trail(tmp_path / FILE) == {str(tmp_path / "a.png")}
    monkeypatch.setattr(trail, "_suspects", frozenset({str(tmp_path / "a.png")}))
    assert is_suspect("a.png")
    assert not is_suspect("b.png")


def test_a_full_disk_hinders_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", fail)
    with leaving_trail(tmp_path), mark("/a"):
        assert read_trail(tmp_path / FILE) == frozenset()


def test_more_threads_than_slots_go_on(tmp_path: Path) -> None:
    with leaving_trail(tmp_path):
        marks = [mark(str(number)) for number in range(NUM_SLOTS + 3)]
        for each in marks:
            each.__enter__()
        assert len(read_trail(tmp_path / FILE)) == NUM_SLOTS
        for each in marks:
            each.__exit__(None, None, None)
        assert read_trail(tmp_path / FILE) == frozenset()


def test_the_file_of_a_process_that_ended_is_decoded_apart(tmp_path: Path) -> None:
    file, other = tmp_path / "a.png", tmp_path / "b.png"
    for each in (file, other):
        Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(each)
    ended = subprocess.run([sys.executable, "-c", DIES, str(tmp_path), str(file)], check=False)
    assert ended.returncode == 7
    assert read_trail(tmp_path / FILE) == {str(file)}
    with leaving_trail(tmp_path) as count:
        assert count == 1
        assert (format_apart(file), format_apart(other)) == ("PNG", "")
        assert read_picture(file).width == 8
    assert format_apart(file) == ""
    pool.end_idle()


def test_a_file_to_blame_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.png"
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(file)
    monkeypatch.setattr(trail, "_suspects", frozenset({str(file)}))
    monkeypatch.setattr(pool, "COMMAND", [sys.executable, "-c", f"import os; os._exit({os.EX_SOFTWARE})"])
    with pytest.raises(UnreadableImageError) as error:
        read_picture(file)
    assert error.value.detail == f"the PNG content makes its decoder crash (exit code {os.EX_SOFTWARE})"


def test_a_file_stays_suspected_until_a_run_has_come_to_its_end(tmp_path: Path) -> None:
    def stop() -> None:
        with leaving_trail(tmp_path, ["/crashed"]):
            assert is_suspect("/a")
            assert is_suspect("/crashed")
            raise KeyboardInterrupt

    (tmp_path / FILE).write_bytes(b"/a\0")
    with pytest.raises(KeyboardInterrupt):
        stop()
    assert read_trail(tmp_path / FILE) == {"/a"}
