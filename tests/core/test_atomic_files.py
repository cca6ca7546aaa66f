"""Files are written whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from unpool.core.atomic_files import (
    PARTIAL,
    sweep,
    whole_folder,
    write_bytes,
    write_json,
    write_text,
    write_whole,
)


def test_a_failing_writer_leaves_the_old_file_and_no_scratch(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail(part: Path) -> None:
        part.write_text("half")
        raise ValueError("stopped")

    with pytest.raises(ValueError, match="stopped"):
        write_whole(path, fail)
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() == "old"


def test_the_folder_is_made_and_the_umask_counts(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "b.bin"

    def private(part: Path) -> None:
        part.touch(0o600)
        part.write_bytes(b"x")

    before = os.umask(0o027)
    try:
        write_whole(path, private)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640


def test_an_error_without_a_file_names_the_one_written(tmp_path: Path) -> None:
    def full(part: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match=r"c\.txt"):
        write_whole(tmp_path / "c.txt", full)


def test_text_json_and_bytes(tmp_path: Path) -> None:
    write_text(tmp_path / "t", "é\udcff")
    assert (tmp_path / "t").read_bytes() == b"\xc3\xa9\\udcff"
    write_json(tmp_path / "j", {"é": [1, None]})
    assert json.loads((tmp_path / "j").read_text("utf-8")) == {"é": [1, None]}
    assert '  "é"' in (tmp_path / "j").read_text("utf-8")
    assert write_bytes(tmp_path / "b", b"\x00").read_bytes() == b"\x00"


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "model"
    target.mkdir()
    (target / "old").touch()

    def fail() -> None:
        with whole_folder(target) as part:
            (part / "new").touch()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [file.name for file in target.iterdir()] == ["old"]
    with whole_folder(target) as part:
        (part / "new").touch()
    assert [file.name for file in target.iterdir()] == ["new"]
    assert [file.name for file in tmp_path.iterdir()] == ["model"]


def test_sweep_removes_only_what_was_left_half_written(tmp_path: Path) -> None:
    (tmp_path / f"{PARTIAL}1-a").touch()
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / f"{PARTIAL}2-b").mkdir()
    (tmp_path / "kept").touch()
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["inner", "kept"]


def test_a_folder_is_replaced_or_put_back_after_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "model"
    for content in ("first", "second"):
        with whole_folder(model) as part:
            (part / "a.txt").write_text(content)
    assert (model / "a.txt").read_text() == "second"
    replace, calls = Path.replace, []

    def die(self: Path, target: Path) -> Path:
        calls.append(self)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return replace(self, target)

    def write() -> None:
        with whole_folder(model) as part:
            (part / "a.txt").write_text("third")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", die)
        with pytest.raises(KeyboardInterrupt):
            write()
    assert not model.exists()
    sweep(tmp_path)
    assert (model / "a.txt").read_text() == "second"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_folder_that_cannot_be_moved_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "model"
    with whole_folder(target) as part:
        (part / "old").touch()
    replace, calls = Path.replace, []

    def fail(self: Path, to: Path) -> Path:
        calls.append(self)
        if len(calls) == 2:
            raise PermissionError("a virus scanner holds it")
        return replace(self, to)

    def write() -> None:
        with whole_folder(target) as part:
            (part / "new").touch()

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(PermissionError):
        write()
    assert [path.relative_to(tmp_path).as_posix() for path in sorted(tmp_path.rglob("*"))] == [
        "model",
        "model/old",
    ]
