"""Which facts prove that a file is the same, and which bytes of it are looked at."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from unpool.core.file_identity import COARSEST_SECONDS, WHOLE_BYTES, content_digest, sample_of, stamp_of


def test_files_that_change_places_have_other_stamps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "ab":
        (tmp_path / name).write_text(name)
        os.utime(tmp_path / name, (1000, 1000))
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 60)
    before = [stamp_of((tmp_path / name).stat()) for name in "ab"]
    assert len(set(before)) == 2
    (tmp_path / "a").rename(tmp_path / "c")
    (tmp_path / "b").rename(tmp_path / "a")
    assert stamp_of((tmp_path / "a").stat()) != before[0]


def test_a_file_that_has_just_changed_proves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").touch()
    status = (tmp_path / "a").stat()
    assert stamp_of(status) == ""
    monkeypatch.setattr(time, "time", lambda: status.st_ctime + COARSEST_SECONDS + 0.1)
    assert stamp_of(status) != ""


def test_a_sample_sees_the_whole_of_a_small_file_and_parts_of_a_large_one(tmp_path: Path) -> None:
    small, large = bytearray(1000), bytearray(WHOLE_BYTES + 40_000)
    file = tmp_path / "a"

    def sample(content: bytes) -> str | None:
        file.write_bytes(content)
        return sample_of(file)

    before = sample(small)
    small[517] = 1
    assert sample(small) != before
    before = sample(large)
    for place in (slice(0, 1), slice(-1, None), slice(len(large) // 3, len(large) // 3 + 20_000)):
        changed = np.zeros(len(large), np.uint8)
        changed[place] = 1
        assert sample(changed.tobytes()) != before
    assert sample(large + b"\0") != before, "the size counts, whatever the bytes"
    assert sample(large) == before
    assert sample_of(tmp_path / "gone") is None


def test_the_digest_is_of_all_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "b").write_bytes(b"one")
    (tmp_path / "c").write_bytes(b"two")
    digests = [content_digest(tmp_path / name) for name in "abc"]
    assert digests[0] == digests[1] != digests[2]
    assert content_digest(tmp_path / "gone") is None
