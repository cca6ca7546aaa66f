"""What a person said of an image goes with the image, whatever happens to files and names."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from unpool.errors import UsageError
from unpool.images.reading.scan import ImageFile, Problem, Scan
from unpool.store.state import write_state
from unpool.store.sync import (
    MISSING,
    check_folder_is_free,
    counts,
    find_absent,
    find_pending,
    move_annotations_with_content,
    note_problems,
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


def file(path: str, size: int = 10, modified: float = 1.0) -> ImageFile:
    return ImageFile(path=path, file=Path(path), bytes=size, modified=modified)


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
    assert [row["path"] for row in before] == ["a", "b"]
    table.update(["a", "b"], {"id": ["id-b", "id-a"]})
    move_annotations_with_content(table, before)
    assert labels(table) == {"a": "dog", "b": "cat"}
    assert table.frame(["path", "wrong"]).set_index("path")["wrong"].to_dict()["b"]


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


def test_a_folder_of_somebody_elses_is_not_written_into(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is the folder of the images itself"):
        check_folder_is_free(tmp_path, str(tmp_path.resolve()))
    (tmp_path / "report").mkdir()
    check_folder_is_free(tmp_path, "/elsewhere")
    (tmp_path / "report" / "mine.docx").touch()
    with pytest.raises(UsageError, match="is there already"):
        check_folder_is_free(tmp_path, "/elsewhere")
    write_state(tmp_path, images="/elsewhere")
    check_folder_is_free(tmp_path, "/elsewhere")
