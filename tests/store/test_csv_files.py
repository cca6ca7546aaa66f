"""CSV files that any reader reads back."""

from __future__ import annotations

import csv
import posixpath
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.csv

from unpool.core.text.csv_cells import restore_text
from unpool.store.csv_files import write_csv, write_frame, write_groups, write_problems
from unpool.store.table import ImageTable

ODD = [
    "a,b.png", 'say "x".png', "line\nbreak.png", "ünï.png", " blank .png", "Icon\r", "a\rb.png", "a\r\nb.png",
    "tab\t.png", "a;b.png", "bell\x07.png", "next\x85line.png", "it's.png", "back\\slash.png", "caf\\xe9.png",
]  # fmt: skip
FORMULAS = [
    "=1+1.png",
    "+49 170 5.png",
    "-2+3.png",
    "@SUM(A1:A9).png",
    "\tx.png",
    "\r=1.png",
    "\n=1.png",
    "＝1.png",
]


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def test_odd_names_come_back(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", ("path",), ([name] for name in ODD))
    assert read(tmp_path / "a.csv") == [["path"], *([name] for name in ODD)]


def test_no_cell_is_a_formula_and_every_text_comes_back(tmp_path: Path) -> None:
    texts = [*FORMULAS, "'=1", "'", "'cat'", "-5", "+1e5", "-1.5", ".5", "007", "NaN", ""]
    number = write_csv(tmp_path / "a.csv", ("path", "label", "n"), ((text, text, -1) for text in texts))
    rows = read(tmp_path / "a.csv")[1:]
    assert number == 2 * len(FORMULAS) + len(["'=1"]) + len(["-5", "+1e5", "-1.5"])
    assert not [
        cell for row in rows for cell in row if cell[:1] in tuple("=+-@\t\r\n＝") and not is_number(cell)
    ]
    assert [posixpath.normpath(path) if path.startswith("./") else path for path, _, _ in rows] == texts
    assert [restore_text(label) for _, label, _ in rows] == texts
    assert [label for _, label, _ in rows][-7:] == texts[-7:]  # numbers and words stay as they are
    assert [number for _, _, number in rows] == ["-1"] * len(texts)


def test_other_readers_get_the_same(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", ("name", "n"), ([name, 1] for name in ODD))
    assert pd.read_csv(tmp_path / "a.csv")["name"].tolist() == ODD
    rows = pyarrow.csv.read_csv(
        tmp_path / "a.csv", parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True)
    )
    assert rows["name"].to_pylist() == ODD
    assert b"\xef\xbb\xbf" not in (tmp_path / "a.csv").read_bytes()[:3]


def test_a_table_of_plain_values_is_written_as_pandas_does(tmp_path: Path) -> None:
    frame = pd.DataFrame({
        "path": ["a", "b", None], "f": np.array([0.1, np.nan, 1e-7], np.float32), "d": [0.1, 1 / 3, 1e300],
        "i": pd.array([1, None, -3], "Int32"), "n": np.array([1, 2, 3], np.int64), "b": [True, None, False],
        "e": [None, None, None],
    })  # fmt: skip
    assert write_frame(tmp_path / "a.csv", frame) == 0
    assert (tmp_path / "a.csv").read_text() == frame.to_csv(index=False, lineterminator="\n")


def test_groups_are_of_usable_images_only(tmp_path: Path) -> None:
    work = tmp_path / "w.unpool"
    table = ImageTable.create(work)
    table.upsert([
        {"path": "a", "status": "ok", "group": 3, "probability": 0.98768},
        {"path": "b", "status": "ok", "group": None, "probability": None},
        {"path": "c", "status": "skipped", "problem": "empty", "detail": "0 bytes"},
        {"path": 'd,"e.png', "status": "ok", "group": -1, "probability": 0.0},
        {"path": "=1.png", "status": "ok", "group": 0, "probability": 1.0},
        {"path": "f g/h.png ", "status": "ok", "group": 0, "probability": 0.5},
    ])  # fmt: skip
    write_groups(work, table)
    assert read(work / "groups.csv") == [
        ["path", "group", "probability"],
        ["./=1.png", "0", "1.0000"],
        ["a", "3", "0.9877"],
        ["b", "", ""],
        ['d,"e.png', "-1", "0.0000"],
        ["f g/h.png ", "0", "0.5000"],
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
