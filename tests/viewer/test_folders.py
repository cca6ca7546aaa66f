"""Only folders under the root can be named and listed."""

from __future__ import annotations

from pathlib import Path

import pytest

from unpool.errors import UnpoolError
from unpool.store.state import write_state
from unpool.viewer import folders as module
from unpool.viewer.folders import RunFolders


@pytest.fixture
def folders(tmp_path: Path) -> RunFolders:
    (tmp_path / "root" / "b" / "inner").mkdir(parents=True)
    (tmp_path / "root" / "A").mkdir()
    (tmp_path / "root" / ".hidden").mkdir()
    for name in ("1.png", "2.JPG", "notes.txt"):
        (tmp_path / "root" / "b" / name).touch()
    return RunFolders(tmp_path / "root")


def test_folders_and_images_are_listed(folders: RunFolders) -> None:
    assert folders.list("") == {"root": str(folders.root), "folder": "", "folders": ["A", "b"], "images": 0}
    assert folders.list("b") == {"root": str(folders.root), "folder": "b", "folders": ["inner"], "images": 2}


def test_a_long_list_ends(folders: RunFolders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FOLDERS", 1)
    assert folders.list("")["folders"] == ["A"]


@pytest.mark.parametrize("name", ["..", "/etc", "b/../..", "c:\\x", "b\0", "..\\x"])
def test_no_name_leads_out(folders: RunFolders, name: str) -> None:
    with pytest.raises(UnpoolError, match="is no folder under"):
        folders.resolve(name)


def test_no_link_leads_out(folders: RunFolders, tmp_path: Path) -> None:
    (folders.root / "out").symlink_to(tmp_path)
    with pytest.raises(UnpoolError, match="leads out of"):
        folders.resolve("out")


def test_what_is_no_folder_cannot_be_listed(folders: RunFolders) -> None:
    with pytest.raises(UnpoolError, match="there is no folder 'none'"):
        folders.list("none")


def test_a_run_writes_beside_the_folders(folders: RunFolders) -> None:
    assert folders.workspace_of(folders.resolve("b")) == folders.root / "b.unpool"


def test_folders_of_one_name_have_workspaces_of_their_own(folders: RunFolders) -> None:
    for year in ("2020", "2021"):
        (folders.root / year / "trip").mkdir(parents=True)
    first = folders.workspace_of(folders.resolve("2020/trip"))
    write_state(first, images=str(folders.resolve("2020/trip")))
    assert first == folders.root / "trip.unpool"
    assert folders.workspace_of(folders.resolve("2020/trip")) == first
    assert folders.workspace_of(folders.resolve("2021/trip")) == folders.root / "2021-trip.unpool"


def test_folders_of_the_system_are_not_offered(folders: RunFolders) -> None:
    before = folders.list("")["folders"]
    (folders.root / "@eaDir").mkdir()
    assert folders.list("")["folders"] == before
