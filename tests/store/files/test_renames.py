"""A row goes with its file, whatever that is called now."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.scanned_files import file, on_disk, scanned
from unpool.images.reading.scan import ImageFile, Scan
from unpool.store.files.renames import rename_moved_rows, rename_rows
from unpool.store.sync import find_pending
from unpool.store.table import ImageTable


def test_rows_go_with_files_that_were_moved(
    folder: Path, empty: ImageTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_disk(folder, empty, a=b"one", b=b"two", c=b"six", d=b"six", e=b"ten")
    empty.update(list("abcde"), {"x": [1.0, 2, 3, 4, 5], "duplicate_of": [None, None, None, "c", None]})
    for name, place in {"a": "new/a", "c": "new/1", "d": "new/2", "e": "lost"}.items():
        (folder / place).parent.mkdir(exist_ok=True)
        (folder / name).rename(folder / place)
    (folder / "new" / "a copy").write_bytes(
        b"ten"
    )  # two have come of one that is gone: which one moved is not known
    (folder / "new" / "other").write_bytes(b"end")
    scan = scanned(folder, monkeypatch)
    assert rename_moved_rows(empty, scan) == 3
    rows = empty.frame(["path", "x", "duplicate_of"]).set_index("path")
    assert rows["x"].to_dict() == {"new/a": 1, "b": 2, "new/1": 3, "new/2": 4, "e": 5}
    assert rows["duplicate_of"].dropna().to_dict() == {"new/2": "new/1"}
    pending = find_pending(empty, scan, "m")
    assert [file.path for file in pending.files] == ["lost", "new/a copy", "new/other"]
    assert pending.same == []
    assert rename_moved_rows(empty, scan) == 0


def test_a_row_goes_with_the_name_that_a_disk_writes_otherwise(empty: ImageTable) -> None:
    empty.upsert([{"path": path, "status": "ok", "bytes": 10} for path in "abc"])
    empty.upsert([{"path": "cafe\u0301/A.JPG", "status": "ok", "bytes": 10, "label": "cup", "group": 3}])
    scan = Scan([file("a"), file("b"), file("caf\u00e9/a.jpg"), file("C", size=11)], [])
    assert rename_rows(empty, scan) == 1
    rows = empty.frame(["path", "label", "group"]).set_index("path")
    assert sorted(rows.index) == ["a", "b", "c", "caf\u00e9/a.jpg"], "C is of another size than c"
    assert rows.loc["caf\u00e9/a.jpg"].tolist() == ["cup", 3]


def test_a_row_goes_with_an_object_that_was_moved(empty: ImageTable) -> None:
    known = {"status": "ok", "bytes": 10}
    empty.upsert([{"path": path, "id": path, "stamp": f"tag-{path}", **known} for path in "ab"])
    empty.update(["a"], {"label": ["mine"]})
    objects = [("b", "tag-b"), ("c", "tag-c"), ("new/a", "tag-a")]
    files = [ImageFile(path, Path(path), 10, 2.0, tag) for path, tag in objects]
    assert rename_moved_rows(empty, Scan(files, [])) == 1
    assert empty.frame(["path", "label"]).dropna()["path"].tolist() == ["new/a"]
