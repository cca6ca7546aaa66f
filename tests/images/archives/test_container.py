from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from unpool.errors import UnreadableImageError
from unpool.images.archives import container
from unpool.images.archives.container import Container, Index, Member, content_tag, keep_index
from unpool.images.reading.scan import Problem

MEMBER = Member("a.jpg", 4, 1.0, "t", 0)


class Bytes(Container):
    """A member in two parts."""

    def build_index(self, count: Callable[[int], None] | None = None) -> Index:
        return Index([MEMBER], [Problem("b.jpg", "empty", "none")], 1)

    def parts(self, member: Member) -> Iterator[bytes]:
        yield b"ab"
        yield b"cd"


def test_an_index_is_built_once_for_each_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNPOOL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(container, "stamp_of", lambda status: f"{status.st_size:x}")
    file, built = tmp_path / "a.tar", []

    def build() -> Index:
        built.append(file.stat().st_size)
        return Bytes(file).build_index()

    file.write_bytes(b"1")
    first, again = keep_index(file, build), keep_index(file, build)
    assert first == again
    assert built == [1]
    file.write_bytes(b"22")
    keep_index(file, build)
    assert built == [1, 2]


def test_what_may_still_change_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNPOOL_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "a.tar"
    file.write_bytes(b"1")
    built: list[int] = []
    for _ in range(2):
        keep_index(file, lambda: built.append(1) or Index())  # type: ignore[func-returns-value]
    assert len(built) == 2


def test_a_member_is_copied_in_parts(tmp_path: Path) -> None:
    Bytes(tmp_path / "a.zip").write_copy(MEMBER, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"abcd"
    assert Bytes(tmp_path / "a.zip").read_start(MEMBER, 3) == b"abc"


def test_a_member_of_many_bytes_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "MAX_MEMBER_BYTES", 3)
    with pytest.raises(UnreadableImageError, match="4 bytes"):
        Bytes(tmp_path / "a.zip").write_copy(MEMBER, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_tags_change_with_content() -> None:
    assert content_tag([b"a", b"b"]) == content_tag([b"ab"]) != content_tag([b"ac"])
