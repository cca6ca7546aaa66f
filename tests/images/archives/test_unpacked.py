from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from support.archives import jpeg, write_tar, write_zip
from unpool.errors import UnpoolError
from unpool.images.archives import unpacked
from unpool.images.archives.archive_source import ArchiveSource
from unpool.images.archives.container import Container, Member
from unpool.images.archives.unpacked import as_folder_of_files


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNPOOL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()
    }


def test_files_lie_under_names_that_lead_nowhere(tmp_path: Path, cache: Path) -> None:
    contents = {"x/1.jpg": jpeg(1), "../../2.jpg": jpeg(2), "/classes.txt": b"a\n", "x": b"a folder too"}
    location = write_zip(tmp_path / "pairs.zip", contents)
    folder = as_folder_of_files(location)
    assert folder.is_relative_to(cache)
    assert folder.name == "pairs.zip"
    assert files_in(folder) == {"x/1.jpg": jpeg(1), "2.jpg": jpeg(2), "classes.txt": b"a\n"}
    assert as_folder_of_files(location) == folder
    assert {path.name for path in tmp_path.iterdir()} == {"pairs.zip", "cache"}


def test_a_folder_inside_is_one_of_its_own(tmp_path: Path) -> None:
    location = write_tar(tmp_path / "pairs.tar", {"images/1.jpg": jpeg(1), "masks/1.png": b"2"})
    assert files_in(as_folder_of_files(location / "masks")) == {"1.png": b"2"}


def test_other_places_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    for location in (tmp_path, tmp_path / "a.jpg", tmp_path / "missing"):
        assert as_folder_of_files(location) == location


def test_what_does_not_fit_is_refused(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacked, "FREE_BYTES", 1 << 60)
    with pytest.raises(UnpoolError, match="does not fit"):
        as_folder_of_files(write_zip(tmp_path / "pairs.zip", {"1.jpg": jpeg()}))
    assert list(cache.iterdir()) == []


def test_a_damaged_file_is_left_to_its_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_zip(tmp_path / "pairs.zip", {"1.jpg": jpeg(), "2.jpg": jpeg(2)}, 0)
    raw = bytearray(file.read_bytes())
    raw[60] ^= 255
    file.write_bytes(raw)
    assert files_in(as_folder_of_files(file)) == {"1.jpg": b"", "2.jpg": jpeg(2)}


def test_damaged_labels_are_refused(tmp_path: Path, cache: Path) -> None:
    file = write_zip(tmp_path / "labels.zip", {"1.txt": b"0 0.1 0.1 0.9 0.1 0.9 0.9\n", "1.jpg": jpeg()}, 0)
    raw = bytearray(file.read_bytes())
    raw[40] ^= 255
    file.write_bytes(raw)
    with pytest.raises(UnpoolError, match=r"1\.txt in .*labels\.zip cannot be used: it is damaged"):
        as_folder_of_files(file)
    assert list(cache.iterdir()) == []


def test_large_files_without_an_image_s_name_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = ArchiveSource.members.func  # type: ignore[attr-defined]

    def enlarged(self: ArchiveSource) -> dict[str, tuple[Container, Member]]:
        return {name: (file, replace(each, bytes=1 << 30)) for name, (file, each) in source(self).items()}

    monkeypatch.setattr(ArchiveSource, "members", property(enlarged))
    file = write_zip(tmp_path / "labels.zip", {"coco.json": b"{}"})
    assert files_in(as_folder_of_files(file)) == {"coco.json": b"{}"}
