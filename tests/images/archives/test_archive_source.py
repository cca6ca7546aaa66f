from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from support.archives import jpeg, write_parquet, write_tar, write_zip
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.archives.archive_source import ArchiveSource
from unpool.images.labels.splits import read_splits
from unpool.images.reading.scan import ImageFile
from unpool.images.source import open_source
from unpool.images.value_survey import survey_values
from unpool.images.values.rules import NO_RULES


def open_archive_source(path: Path) -> ArchiveSource:
    source = open_source(str(path))
    assert isinstance(source, ArchiveSource)
    return source


def paths(source: ArchiveSource) -> list[str]:
    return [file.path for file in source.scan().files]


def test_an_archive_is_read_as_a_folder_is(tmp_path: Path) -> None:
    contents = {
        "cat/1.jpg": jpeg(40), "cat/odd": jpeg(50), "cat/empty.png": b"", "notes.txt": b"x",
        "__MACOSX/cat/._1.jpg": b"x", ".hidden.jpg": jpeg(), "inner.zip": b"PK",
    }  # fmt: skip
    source = open_archive_source(write_zip(tmp_path / "a.zip", contents))
    scan = source.scan()
    assert [file.path for file in scan.files] == ["cat/1.jpg", "cat/odd"]
    assert [(each.path, each.problem) for each in scan.problems] == [("cat/empty.png", "empty")]
    left_out = {each.path: each.note.kind for each in scan.left_out}
    assert left_out == {"__MACOSX": "system", ".hidden.jpg": "hidden", "inner.zip": "archive"}
    assert [source.read(file, 8).pixels[0, 0, 0] for file in scan.files] == [40, 50]
    assert source.size(scan.files[0]) == (32, 24)
    assert source.locate("cat/1.jpg") == scan.files[0]
    assert source.location == str(tmp_path / "a.zip")


def test_a_folder_inside_is_a_place_of_its_own(tmp_path: Path) -> None:
    write_zip(tmp_path / "a.zip", {"train/x/1.jpg": jpeg(1), "test/x/2.jpg": jpeg(2)})
    source = open_archive_source(tmp_path / "a.zip" / "train")
    assert paths(source) == ["x/1.jpg"]
    assert source.read(source.locate("x/1.jpg"), 8).width == 32
    with pytest.raises(UnpoolError, match="no folder 'val'"):
        open_archive_source(tmp_path / "a.zip" / "val").scan()


def test_shards_keep_their_names_and_parts_apart(tmp_path: Path) -> None:
    for part, value in (("train-0", 1), ("train-1", 2), ("test-0", 3)):
        write_tar(tmp_path / f"{part}.tar", {"0.jpg": jpeg(value), "0.cls": b"cat"})
    found = paths(open_archive_source(tmp_path))
    assert found == ["test/test-0/cat/0.jpg", "train/train-0/cat/0.jpg", "train/train-1/cat/0.jpg"]
    assert read_splits(found) == ["test", "train", "train"]


def test_what_is_read_otherwise_is_told(tmp_path: Path) -> None:
    write_zip(tmp_path / "a.zip", {"../a.jpg": jpeg()})
    (note,) = open_archive_source(tmp_path / "a.zip").scan().left_out
    assert (note.path, note.note.kind, note.note.detail) == ("a.zip", "outside", "1 names")
    write_parquet(tmp_path / "b.parquet", [jpeg()], mask=[{"bytes": jpeg(), "path": ""}])
    (note,) = open_archive_source(tmp_path / "b.parquet").scan().left_out
    assert (note.note.kind, note.note.detail) == ("column", "mask")


def test_further_columns_are_offered(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", [jpeg()], label=["x"], caption=["y"], blob=[b"z"])
    offered = open_archive_source(tmp_path / "a.parquet").describe_fields()
    assert offered == f"{tmp_path / 'a.parquet'} has the columns label, caption"
    write_tar(tmp_path / "b.tar", {"0.jpg": jpeg(), "0.json": b"{}", "1.txt": b"of no image"})
    assert "b.tar has JSON or texts" in open_archive_source(tmp_path / "b.tar").describe_fields()
    write_tar(tmp_path / "c.tar", {"0.jpg": jpeg(), "1.txt": b"of no image"})
    assert open_archive_source(tmp_path / "c.tar").describe_fields() == ""


def test_what_is_gone_or_damaged_is_a_problem_of_its_image(tmp_path: Path) -> None:
    source = open_archive_source(write_zip(tmp_path / "a.zip", {"a.jpg": jpeg()[:200]}))
    with pytest.raises(UnreadableImageError):
        source.read(source.locate("a.jpg"), 8)
    with pytest.raises(UnreadableImageError, match="not in"):
        source.read(ImageFile("b.jpg", Path("b.jpg"), 0, 0.0), 8)


def test_another_process_reads_the_same(tmp_path: Path) -> None:
    source = open_archive_source(write_tar(tmp_path / "a.tar", {"a.jpg": jpeg(90)}))
    file = source.scan().files[0]
    again = pickle.loads(pickle.dumps(source))
    assert again.read(file, 8).id == source.read(file, 8).id


def test_deep_values_are_surveyed_in_place(tmp_path: Path) -> None:
    source = open_archive_source(write_zip(tmp_path / "a.zip", {"a.jpg": jpeg()}))
    survey = survey_values(source.scan().files, NO_RULES, 1, Progress(), source)
    assert not survey.rules
