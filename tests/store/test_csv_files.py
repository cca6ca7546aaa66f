"""CSV files that any reader reads back."""

from __future__ import annotations

import csv
from pathlib import Path

from unpool.store.csv_files import write_csv, write_groups, write_problems
from unpool.store.table import ImageTable

ODD = ["a,b.png", 'say "x".png', "line\nbreak.png", "ünï.png", " blank .png"]


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_odd_names_come_back(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", ("path",), ([name] for name in ODD))
    assert read(tmp_path / "a.csv") == [["path"], *([name] for name in ODD)]


def test_groups_are_of_usable_images_only(tmp_path: Path) -> None:
    work = tmp_path / "w.unpool"
    table = ImageTable.create(work)
    table.upsert([
        {"path": "a", "status": "ok", "group": 3, "probability": 0.98768},
        {"path": "b", "status": "ok", "group": None, "probability": None},
        {"path": "c", "status": "skipped", "problem": "empty", "detail": "0 bytes"},
    ])  # fmt: skip
    write_groups(work, table)
    assert read(work / "groups.csv") == [
        ["path", "group", "probability"],
        ["a", "3", "0.9877"],
        ["b", "", ""],
    ]


def test_problems_name_what_was_skipped(tmp_path: Path) -> None:
    work = tmp_path / "w.unpool"
    table = ImageTable.create(work)
    table.upsert([
        {"path": "c", "status": "skipped", "problem": "empty", "detail": "0 bytes"},
        {"path": "a", "status": "ok"},
    ])  # fmt: skip
    write_problems(work, table)
    assert read(work / "problems.csv") == [["path", "problem", "detail"], ["c", "empty", "0 bytes"]]
