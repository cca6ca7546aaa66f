"""What a person said of an image goes with the image, whatever happens to files and names."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from support.scanned_files import file, on_disk, scanned
from unpool.core.file_identity import content_digest, sample_of
from unpool.errors import UsageError
from unpool.images.reading.scan import ImageFile, Problem, Scan
from unpool.store import sync
from unpool.store.fields.values import read_field, write_field
from unpool.store.state import write_state
from unpool.store.sync import (
    MISSING,
    Absent,
    Pending,
    check_folder_is_free,
    counts,
    find_absent,
    find_pending,
    move_annotations_with_content,
    note_problems,
    note_unchanged,
    problem_rows,
    read_annotations,
    remove_missing_rows,
)
from unpool.store.table import ImageTable


@pytest.fixture
def table(tmp_path: Path) -> ImageTable:
    table = ImageTable.create(tmp_path / "w.unpool")
    known = {"status": "ok", "bytes": 10, "modified": 1.0, "model": "m"}
    table.upsert([{"path": path, "id": f"id-{path}", **known} for path in "abc"])
    table.reset_vectors(2)
    table.update(list("abc"), {"vector": [[1.0, 0.0]] * 3, "model": ["m"] * 3})
    return table


def labels(table: ImageTable) -> dict[str, str | None]:
    frame = table.frame(["path", "label"])
    return {
        path: label
        for path, label in zip(frame["path"], frame["label"], strict=True)
        if isinstance(label, str)
    }


def test_only_new_changed_and_unembedded_files_are_pending(table: ImageTable) -> None:
    scan = Scan([file("a"), file("b", size=11), file("d")], [Problem("e", "empty", "0 bytes")])
    assert [each.path for each in find_pending(table, scan, "m").files] == ["b", "d"]
    assert [each.path for each in find_pending(table, scan, "another").files] == ["a", "b", "d"]
    assert find_absent(table, scan).missing == ["c"]


def test_a_label_follows_a_renamed_file(table: ImageTable) -> None:
    table.update(["a"], {"label": ["cat"]})
    table.upsert([{"path": "z", "id": "id-a", "status": "ok"}])
    assert remove_missing_rows(table, ["a"]) == 1
    assert labels(table) == {"z": "cat"}
    assert len(table) == 3


def test_a_label_whose_image_is_nowhere_waits_in_a_row_of_its_own(table: ImageTable) -> None:
    table.update(["a"], {"label": ["cat"]})
    assert remove_missing_rows(table, ["a", "b"]) == 2
    assert labels(table) == {"a": "cat"}
    assert problem_rows(table) == [("a", MISSING, "labelled, but no longer in the folder")]
    assert counts(table) == (1, 1)
    assert remove_missing_rows(table, ["a"]) == 0, "missing before and still missing"


def test_labels_follow_files_that_changed_places_under_the_same_names(table: ImageTable) -> None:
    table.update(["a", "b"], {"label": ["cat", "dog"], "wrong": [True, None]})
    before = read_annotations(table)
    assert before.paths == ["a", "b"]
    table.update(["a", "b"], {"id": ["id-b", "id-a"]})
    move_annotations_with_content(table, before)
    assert labels(table) == {"a": "dog", "b": "cat"}
    assert table.frame(["path", "wrong"]).set_index("path")["wrong"].to_dict()["b"]


def test_an_edited_duplicate_keeps_its_label_and_gives_it_to_no_copy_that_lay_there(
    table: ImageTable,
) -> None:
    table.update(["a", "b"], {"id": ["same", "same"], "label": ["cat", None]})
    before = read_annotations(table)
    table.update(["a"], {"id": ["id-edited"]})
    move_annotations_with_content(table, before)
    assert labels(table) == {"a": "cat"}
    table.update(["a", "b"], {"id": ["same", "same"], "label": ["cat", "dog"]})
    before = read_annotations(table)
    table.update(["a"], {"id": ["id-edited"]})
    move_annotations_with_content(table, before)
    assert labels(table) == {"a": "cat", "b": "dog"}


def test_an_edited_file_keeps_its_label(table: ImageTable) -> None:
    table.update(["a"], {"label": ["cat"]})
    before = read_annotations(table)
    table.update(["a"], {"id": ["id-edited"]})
    move_annotations_with_content(table, before)
    assert labels(table) == {"a": "cat"}


def test_problems_of_the_scan_become_rows_and_clear_what_was_there(table: ImageTable) -> None:
    note_problems(table, [Problem("a", "truncated", "ends early")])
    row = table.frame().set_index("path").loc["a"]
    assert (row["status"], row["problem"]) == ("skipped", "truncated")
    assert pd.isna(row["id"])
    assert table.vectors()[0] == ["b", "c"]


def test_a_file_that_cannot_be_read_today_keeps_its_place_and_group(table: ImageTable) -> None:
    table.update(["a", "b"], {"x": [1.0, 2.0], "group": [3, 4]})
    note_problems(table, [Problem("a", "no-permission", "closed"), Problem("b", "empty", "0 bytes")])
    rows = table.frame().set_index("path")
    assert rows.loc["a", ["status", "problem", "id", "x", "group"]].tolist() == [
        "skipped", "no-permission", "id-a", 1, 3,
    ]  # fmt: skip
    assert rows.loc["b", ["id", "x", "group"]].isna().all()
    for path in "ab":  # found by no search
        assert pd.isna(rows.loc[path, "model"])
        assert table.some([path], ["vector"])["vector"].null_count == 1
    assert table.vectors()[0] == ["c"]
    assert [each.path for each in find_pending(table, Scan([file("a"), file("c")], []), "m").files] == ["a"]


def test_a_folder_of_somebody_elses_is_not_written_into(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is the folder of the images itself"):
        check_folder_is_free(tmp_path, str(tmp_path.resolve()))
    for name in (".DS_Store", "Thumbs.db", "lock-edits.json"):
        (tmp_path / name).touch()
    check_folder_is_free(tmp_path, "/elsewhere")
    check_folder_is_free(tmp_path / "missing", "/elsewhere")
    (tmp_path / "unpool.yaml").write_text("groups: 4")  # a person's --config
    with pytest.raises(
        UsageError, match=r"is no workspace and holds unpool\.yaml; name a new or empty folder"
    ):
        check_folder_is_free(tmp_path, "/elsewhere")
    write_state(tmp_path, images="/elsewhere")
    check_folder_is_free(tmp_path, "/elsewhere")


def test_an_unchanged_file_is_not_read(
    folder: Path, empty: ImageTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_disk(folder, empty, a=b"one", b=b"two")
    monkeypatch.setattr(sync, "sample_of", lambda file: pytest.fail("read"))
    assert find_pending(empty, scanned(folder, monkeypatch), "m") == Pending([], [])


def test_files_of_one_size_and_time_that_changed_places_are_pending(
    folder: Path, empty: ImageTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_disk(folder, empty, a=b"one", b=b"two", c=b"six", d=b"ten")
    (folder / "a").rename(folder / "x")
    (folder / "b").rename(folder / "a")
    (folder / "x").rename(folder / "b")
    (folder / "c").write_bytes(b"not")
    os.utime(folder / "c", (1000, 1000))
    os.utime(folder / "d", (1000, 1000))  # its change time is another, its content is not
    pending = find_pending(empty, scanned(folder, monkeypatch), "m")
    assert [file.path for file in pending.files] == ["a", "b", "c"]
    assert [file.path for file in pending.same] == ["d"]


def test_a_copy_with_another_time_is_the_same_file_and_is_noted(
    folder: Path, empty: ImageTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_disk(folder, empty, a=b"one", b=b"two")
    (folder / "a").unlink()
    (folder / "a").write_bytes(b"one")
    pending = find_pending(empty, scanned(folder, monkeypatch), "m")
    assert (pending.files, [file.path for file in pending.same]) == ([], ["a"])
    note_unchanged(empty, pending.same)
    assert find_pending(empty, scanned(folder, monkeypatch), "m") == Pending([], [])


def test_a_file_that_was_written_again_is_compared_by_every_byte(
    folder: Path, empty: ImageTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_disk(folder, empty, a=bytes(600_000))
    (folder / "a").write_bytes(bytes(20_000) + b"x" + bytes(579_999))  # between two parts of the sample
    before = empty.frame(["path", "sample"])["sample"][0]
    assert sample_of(folder / "a") == before
    assert [file.path for file in find_pending(empty, scanned(folder, monkeypatch), "m").files] == ["a"]


def test_a_file_that_was_edited_in_place_is_found_though_size_time_and_sample_are_the_same(
    folder: Path, empty: ImageTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_disk(folder, empty, a=bytes(600_000), b=bytes(600_000), c=bytes(600_000))
    with (folder / "a").open("r+b") as stream:
        stream.seek(20_000)  # between two parts of the sample
        stream.write(b"x")
    (folder / "copy").write_bytes(bytes(600_000))
    (folder / "copy").replace(folder / "c")  # a copy that was put back: its sample is enough
    for name in "abc":
        os.utime(folder / name, (1000, 1000))
    digested: list[str] = []
    monkeypatch.setattr(
        sync, "content_digest", lambda file: digested.append(file.name) or content_digest(file)
    )
    pending = find_pending(empty, scanned(folder, monkeypatch), "m")
    assert ([file.path for file in pending.files], [file.path for file in pending.same]) == (
        ["a"],
        ["b", "c"],
    )
    assert "c" not in digested


def test_rows_of_an_older_version_are_compared_by_their_digest(
    folder: Path, empty: ImageTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_disk(folder, empty, a=b"one", b=b"two")
    empty.update(["a", "b"], {"stamp": [None] * 2, "sample": [None] * 2})
    (folder / "b").write_bytes(b"not")
    os.utime(folder / "b", (1000, 1000))
    pending = find_pending(empty, scanned(folder, monkeypatch), "m")
    assert ([file.path for file in pending.files], [file.path for file in pending.same]) == (["b"], ["a"])


def test_rows_whose_whole_folder_is_away_stay(table: ImageTable) -> None:
    table.upsert([{"path": path, "status": "ok"} for path in ("drive/x", "here/y")])
    scan = Scan([file("a"), file("b"), file("c"), file("here/z")], [], folders=frozenset({"", "here"}))
    assert find_absent(table, scan) == Absent(["here/y"], ["drive/x"])
    assert find_absent(table, scan, forget=True) == Absent(["drive/x", "here/y"], [])


def test_a_folder_that_was_renamed_is_not_away(table: ImageTable) -> None:
    table.upsert([{"path": path, "status": "ok", "id": path[-1]} for path in ("old/x", "old/y", "new/x")])
    scan = Scan([file("a"), file("b"), file("c"), file("new/x")], [], folders=frozenset({"", "new"}))
    assert find_absent(table, scan, new={"new/x"}) == Absent(["old/x"], ["old/y"])
    assert find_absent(table, scan) == Absent([], ["old/x", "old/y"]), (
        "a copy that was there before proves nothing"
    )


def test_a_mark_whose_image_is_nowhere_waits_too(table: ImageTable) -> None:
    table.update(["a", "b"], {"wrong": [True, True]})
    table.upsert([{"path": "z", "id": "id-b", "status": "ok"}])
    assert remove_missing_rows(table, ["a", "b"]) == 2
    wrong = table.frame(["path", "wrong"]).set_index("path")["wrong"].to_dict()
    assert (wrong["a"], wrong["z"], "b" in wrong) == (True, True, False)
    assert problem_rows(table) == [("a", MISSING, "marked as wrong, but no longer in the folder")]


def test_on_a_store_the_tag_says_what_has_changed(table: ImageTable) -> None:
    table.update(["a", "b"], {"stamp": ["tag-1", "tag-2"]})
    files = [
        ImageFile("a", Path("a"), 10, 2.0, "tag-1"),  # copied onto itself
        ImageFile("b", Path("b"), 10, 1.0, "tag-3"),
    ]
    assert find_pending(table, Scan(files, []), "m") == Pending([files[1]], [])


def test_fields_follow_content_as_labels_do(table: ImageTable) -> None:
    write_field(table.work, "marks", {"a": ["x", "y"]})
    write_field(table.work, "weight", {"b": 2})
    table.newest()
    before = read_annotations(table)
    assert before.paths == ["a", "b"]
    table.update(["a", "b"], {"id": ["id-b", "id-a"]})
    move_annotations_with_content(table, before)
    assert (read_field(table, "marks"), read_field(table, "weight")) == ({"b": ["x", "y"]}, {"a": 2.0})
    table.upsert([{"path": "z", "id": "id-a", "status": "ok"}])
    assert remove_missing_rows(table, ["a", "b"]) == 2
    assert read_field(table, "marks") == {"z": ["x", "y"]}
    assert read_field(table, "weight") == {"a": 2.0}, "what somebody said of an image that is nowhere stays"
    assert problem_rows(table) == [("a", MISSING, "has values of fields, but is no longer in the folder")]
