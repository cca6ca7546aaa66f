"""A workspace knows where its images are."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from support.object_store import use_memory
from unpool.core.file_identity import content_digest, sample_of
from unpool.errors import UnpoolError, UsageError
from unpool.images.remote.remote_source import RemoteSource
from unpool.images.source import FolderSource, NamedSource
from unpool.store.origin import (
    Likeness,
    beside_workspace,
    check_same_images,
    compare_folder,
    folder_of,
    keys_of_typed,
    source_of,
)
from unpool.store.state import write_state
from unpool.store.table import ImageTable


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


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A workspace beside its ten images."""
    photos, table = tmp_path / "photos", ImageTable.create(tmp_path / "w.unpool")
    (photos / "sub").mkdir(parents=True)
    names = [f"sub/{number}.png" for number in range(8)] + ["a.png", "sub/a.png"]
    for name in names:
        (photos / name).write_text(name)
    table.upsert([
        {"path": name, "status": "ok", "bytes": len(name), "id": content_digest(photos / name),
         "sample": sample_of(photos / name)}
        for name in names
    ])  # fmt: skip
    location = str(photos.resolve())
    write_state(table.work, images=location, place="photos", beside=beside_workspace(table.work, location))
    return table.work


def test_a_folder_that_has_moved_is_known_by_its_files(work: Path, tmp_path: Path) -> None:
    moved = (tmp_path / "photos").rename(tmp_path / "disk2")
    known = check_same_images(work, str(moved))
    assert known == f"{tmp_path / 'photos'} (10 of 10 files that were compared are the same)"
    (moved / "a.png").unlink()
    assert "9 of 10" in check_same_images(work, str(moved))
    (moved / "sub/1.png").write_text("sub/X.png")
    assert "8 of 10" in check_same_images(work, str(moved))
    (tmp_path / "photos").mkdir()  # both are there: which one is meant?
    with pytest.raises(UnpoolError, match=r"give --relocate \(8 of 10 files that were compared are there\)"):
        check_same_images(work, str(moved))
    assert "8 of 10" in check_same_images(work, str(moved), relocate=True)


def test_another_folder_is_not_taken_for_one_that_is_gone(work: Path, tmp_path: Path) -> None:
    moved = (tmp_path / "photos").rename(tmp_path / "disk2")
    for number in range(6):
        (moved / f"sub/{number}.png").unlink()
    with pytest.raises(UnpoolError, match=r"give --relocate \(4 of 10 files that were compared are there\)"):
        check_same_images(work, str(moved))


def test_files_without_a_sample_are_compared_by_their_digest(work: Path, tmp_path: Path) -> None:
    table = ImageTable(work)
    paths = table.arrow(["path"])["path"].to_pylist()
    table.update(paths, {"sample": [None] * len(paths)})
    assert compare_folder(work, tmp_path / "photos") == Likeness(10, 10)
    (tmp_path / "photos/a.png").write_text("b.png")
    assert compare_folder(work, tmp_path / "photos") == Likeness(9, 10)
    assert not Likeness(0, 0).is_same
    assert not Likeness(8, 9).is_same


def test_another_spelling_of_the_same_folder_is_no_move(work: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "photos")
    assert check_same_images(work, str(tmp_path / "link")) == ""
    with pytest.raises(
        UnpoolError, match=r"holds the images of .*, not of digits; name another with --work$"
    ):
        check_same_images(work, "digits", relocate=True)


def test_images_that_moved_with_their_workspace_are_found(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    for name in ("photos", "w.unpool"):
        (tmp_path / name).rename(tmp_path / "other" / name)
    monkeypatch.chdir(tmp_path)
    assert folder_of(tmp_path / "other/w.unpool") == tmp_path / "other/photos"
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/strange.png").touch()
    assert folder_of(tmp_path / "other/w.unpool") == tmp_path / "other/photos", (
        "that name holds other images now"
    )


def test_what_a_shell_completes_becomes_a_path_of_the_table(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    typed = [
        "photos/a.png",
        "./photos/sub/1.png",
        str(tmp_path / "photos/sub/2.png"),
        "sub/3.png",
        "./sub/4.png",
    ]
    assert keys_of_typed(work, typed) == ["a.png", "sub/1.png", "sub/2.png", "sub/3.png", "sub/4.png"]
    assert keys_of_typed(work, ["gone.png", "/elsewhere/a.png"]) == ["gone.png", "/elsewhere/a.png"]
    (tmp_path / "link").symlink_to(tmp_path / "photos" / "sub")
    assert keys_of_typed(work, ["link/5.png"]) == ["sub/5.png"]
    monkeypatch.chdir(tmp_path / "photos" / "sub")
    assert keys_of_typed(work, ["6.png", "./a.png", "../a.png"]) == ["sub/6.png", "sub/a.png", "a.png"]
    with pytest.raises(UsageError, match=r"'a.png' is the path of an image .* of another, 'sub/a.png'; give"):
        keys_of_typed(work, ["a.png"])


def test_images_on_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_memory(monkeypatch)
    write_state(tmp_path, images="s3://bucket/a", place="s3://bucket/a/")
    assert isinstance(source_of(tmp_path), RemoteSource)
    assert folder_of(tmp_path) is None
    assert check_same_images(tmp_path, "s3://bucket/a") == ""
    with pytest.raises(
        UnpoolError, match=r"holds the images of s3://bucket/a, not of /b; .* give --relocate"
    ):
        check_same_images(tmp_path, "/b")
    assert check_same_images(tmp_path, "/b", relocate=True) == "s3://bucket/a"
    assert check_same_images(tmp_path, "s3://bucket/b", relocate=True) == "s3://bucket/a"
    with pytest.raises(UnpoolError, match="holds the images of"):
        check_same_images(tmp_path, "digits", relocate=True)
