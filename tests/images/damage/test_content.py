"""The bytes of a stream in memory, and of one on the disk."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from unpool.images.damage.content import content_of


def test_both_kinds_of_streams(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"some bytes")
    in_memory = io.BytesIO(b"some bytes")
    in_memory.seek(4)
    assert content_of(in_memory) == b"some bytes"
    with (tmp_path / "a").open("rb") as stream:
        stream.seek(4)
        mapped = content_of(stream)
        assert mapped[:] == b"some bytes"
        assert stream.tell() == 4


def test_a_closed_file_is_an_error() -> None:
    with pytest.raises(ValueError, match="closed"):
        content_of(None)
