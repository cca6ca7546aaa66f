"""unpool.yaml remembers, and says so where it is damaged."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from unpool.errors import UnpoolError
from unpool.store.state import (
    FORMAT,
    STATE,
    check_format,
    default_workspace,
    groups_stamp,
    new_grouping_id,
    read_state,
    write_state,
)


def test_changes_are_added_and_the_rest_stays(tmp_path: Path) -> None:
    assert read_state(tmp_path) == {}
    write_state(tmp_path, images="/a/ö", groups=3)
    write_state(tmp_path, groups=None)
    state = read_state(tmp_path)
    assert state["images"] == "/a/ö"
    assert "groups" not in state
    assert set(state["versions"]) >= {"torch", "pylance"}
    assert "ö" in (tmp_path / STATE).read_text("utf-8"), "people read this file"


@pytest.mark.parametrize("text", ["a: [", "- 1\n- 2", "\xff"])
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / STATE).write_bytes(text.encode("latin-1"))
    with pytest.raises(UnpoolError, match=r"unpool\.yaml .*`unpool doctor --work .*` rebuilds it"):
        read_state(tmp_path)


def test_a_workspace_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / STATE).write_text("images: /a\nformat: 2\nversions:\n  unpool: 9.1\n", "utf-8")
    for read in (read_state, check_format):
        with pytest.raises(UnpoolError, match=r"unpool 9\.1 in format 2, .* up to format 1; upgrade it: pip"):
            read(tmp_path)
    (tmp_path / STATE).write_text("images: /a\nversions:\n  unpool: 9.1\n", "utf-8")
    assert read_state(tmp_path)["images"] == "/a", "a newer version may write the same format"
    assert write_state(tmp_path)["format"] == FORMAT == 1


def test_the_file_runs_no_code(tmp_path: Path) -> None:
    (tmp_path / STATE).write_text("a: !!python/object/apply:os.mkdir [exploded]", "utf-8")
    with pytest.raises(UnpoolError):
        read_state(tmp_path)


def test_each_grouping_has_its_own_stamp(tmp_path: Path) -> None:
    assert groups_stamp(tmp_path) == ""
    new_grouping_id(tmp_path)
    first = groups_stamp(tmp_path)
    new_grouping_id(tmp_path)
    assert first
    assert groups_stamp(tmp_path) != first


@pytest.mark.parametrize(
    ("place", "name"), [("a/b c/", "b c.unpool"), ("mnist:test", "mnist-test.unpool"), ("/", "images.unpool")]
)
def test_the_default_name(place: str, name: str) -> None:
    assert default_workspace(place).name == name


def test_the_current_folder_gives_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert default_workspace(".").name == "here.unpool"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (os.fsdecode(b"caf\xe9"), "caf\\xe9.unpool"),
        ("new\nline", "new\\nline.unpool"),
        ("cafe\u0301", "cafe\u0301.unpool"),
        ("-x", "-x.unpool"),
        ("C:", "C-.unpool"),
    ],
)
def test_a_folder_of_any_name_has_a_workspace(source: str, name: str) -> None:
    assert default_workspace(source).name == name


def test_a_folder_of_a_long_name_has_a_workspace_too() -> None:
    names = [default_workspace("ü" * 126 + end).name for end in "ab"]
    assert all(name.endswith(".unpool") and len(name.encode()) <= 255 for name in names)
    assert names[0] != names[1]
