"""What systems and programs leave beside photographs is known by its name; photographs are not."""

from __future__ import annotations

import pytest

from unpool.core.system_files import sidecar_of, system_folder


@pytest.mark.parametrize(
    "name",
    [
        "@eaDir", "#recycle", ".@__thumb", "$RECYCLE.BIN", "System Volume Information", "lost+found", "__MACOSX",
        ".Trash-1000", ".thumbnails", "Catalogue Previews.lrdata", "THMBNL",
    ],
)  # fmt: skip
def test_folders_of_systems_are_known(name: str) -> None:
    assert system_folder(name)


@pytest.mark.parametrize(
    "name", ["photos", "recycle", "eaDir", "trash", "100CANON", "thumbnails", "lost and found"]
)
def test_folders_of_people_are_read(name: str) -> None:
    assert not system_folder(name)


def test_of_apples_library_the_originals_are_read() -> None:
    library = "Photos Library.photoslibrary"
    assert not system_folder("originals", library)
    assert not system_folder(library)
    assert system_folder("resources", library)
    assert not system_folder("resources", "photos")


NAMES = {"dem.tif", "dem.tif.msk", "MVI_1.MOV", "b.CR2", "c.jpg", "d.png"}


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("dem.tif.ovr", "dem.tif"),
        ("dem.tif.msk", "dem.tif"),
        ("dem.tif.msk.ovr", "dem.tif.msk"),
        ("dem.ovr", "dem.tif"),
        ("mvi_1.THM", "MVI_1.MOV"),
        ("b.thm", "b.CR2"),
        ("c.jpg_original", "c.jpg"),
        ("c.jpg~", "c.jpg"),
        ("c.jpg.bak", "c.jpg"),
        ("e.jpg.crdownload", "unfinished"),
        ("e.thm", ""),
        ("e.jpg_original", ""),
        ("odd", ""),
        ("d", ""),
    ],
)
def test_companions_are_known_where_their_file_is_there(name: str, owner: str) -> None:
    found = sidecar_of(name, NAMES | {name})
    assert owner in found
    assert bool(found) == bool(owner)
