"""A workspace knows where its images are."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from unpool.errors import UnpoolError
from unpool.images.source import FolderSource, NamedSource
from unpool.store.origin import check_same_images, folder_of, source_of
from unpool.store.state import write_state


def test_a_folder_is_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (4, 4)).save(tmp_path / "photos" / "a.png")
    write_state(tmp_path, images=str(tmp_path / "photos"), place="photos")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    source = source_of(tmp_path)
    assert isinstance(source, FolderSource)
    assert [file.path for file in source.scan().files] == ["a.png"]
    assert folder_of(tmp_path) == tmp_path / "photos"


def test_a_named_set_has_no_folder(tmp_path: Path) -> None:
    write_state(tmp_path, images="digits", place="digits")
    assert isinstance(source_of(tmp_path), NamedSource)
    assert folder_of(tmp_path) is None


def test_a_workspace_that_does_not_say_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(UnpoolError, match=r"does not know where its images are; give `unpool embed FOLDER"):
        source_of(tmp_path)


def test_a_workspace_holds_one_collection(tmp_path: Path) -> None:
    check_same_images(tmp_path, "/a")
    write_state(tmp_path, images="/a")
    check_same_images(tmp_path, "/a")
    with pytest.raises(UnpoolError, match=r"holds the images of /a, not of /b; name another with --work"):
        check_same_images(tmp_path, "/b")
