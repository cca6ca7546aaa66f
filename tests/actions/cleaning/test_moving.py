from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from unpool.actions.cleaning import moving
from unpool.actions.cleaning.moving import bring_back, move_file, partial_of
from unpool.core.file_identity import content_digest

TIME = 1_500_000_000_123_456_789


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "a.jpg"
    file.write_bytes(b"content" * 1000)
    os.utime(file, ns=(TIME, TIME))
    return file


@pytest.fixture
def digest(source: Path) -> str:
    return str(content_digest(source))


def refuse_renames(monkeypatch: pytest.MonkeyPatch, *, between: Path) -> None:
    """As two disks do: nothing is renamed into or out of a folder."""
    rename = Path.rename

    def rename_here(self: Path, target: Path) -> Path:
        if self.is_relative_to(between) != Path(target).is_relative_to(between):
            raise OSError(errno.EXDEV, "another disk")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", rename_here)


@pytest.mark.parametrize("other_disk", [False, True])
def test_a_file_goes_and_comes_back_with_its_time(
    source: Path, digest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other_disk: bool
) -> None:
    if other_disk:
        refuse_renames(monkeypatch, between=tmp_path / "out")
    target = tmp_path / "out" / "x" / "a.jpg"
    move_file(source, target, digest)
    assert (source.exists(), content_digest(target)) == (False, digest)
    os.utime(target, ns=(0, 0))
    bring_back(target, source, digest, TIME)
    assert (target.exists(), content_digest(source), source.stat().st_mtime_ns) == (False, digest, TIME)


def test_nothing_is_overwritten(source: Path, digest: str, tmp_path: Path) -> None:
    (tmp_path / "b.jpg").write_bytes(b"of the user")
    with pytest.raises(FileExistsError):
        move_file(source, tmp_path / "b.jpg", digest)
    assert (tmp_path / "b.jpg").read_bytes() == b"of the user"
    assert source.exists()


def test_a_file_that_cannot_be_removed_leaves_no_copy(
    source: Path, digest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_renames(monkeypatch, between=tmp_path / "out")
    unlink = Path.unlink

    def unlink_others(self: Path, missing_ok: bool = False) -> None:
        if self == source:
            raise PermissionError(errno.EACCES, "Permission denied")
        unlink(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink_others)
    with pytest.raises(PermissionError):
        move_file(source, tmp_path / "out" / "a.jpg", digest)
    assert source.exists()
    assert list((tmp_path / "out").iterdir()) == []


def test_a_copy_that_differs_leaves_the_file(
    source: Path, digest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_renames(monkeypatch, between=tmp_path / "out")
    monkeypatch.setattr(moving, "content_digest", lambda file: "other")
    with pytest.raises(OSError, match="differs"):
        move_file(source, tmp_path / "out" / "a.jpg", digest)
    assert source.exists()
    assert list((tmp_path / "out").iterdir()) == []
    assert partial_of(Path("x/a.jpg")) == Path("x/.partial-a.jpg")
