"""Thumbnails are found by place, also once a version's files are gone."""

from __future__ import annotations

import warnings
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from unpool.store.table import ImageTable
from unpool.store.thumbnails import Thumbnails


def expected(number: int) -> bytes | None:
    return {9: b"new", 10: None}.get(number, b"%d" % number)


@pytest.fixture
def pictured(tmp_path: Path) -> ImageTable:
    """Thirty images in the wrong order, some deleted, written anew, without a thumbnail, or skipped."""
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert([{"path": f"{i:05}.png", "status": "ok", "thumbnail": b"%d" % i} for i in range(29, -1, -1)])
    table.delete(["00004.png", "00011.png"])
    table.upsert([{"path": "00009.png", "thumbnail": b"new"}, {"path": "00010.png", "thumbnail": None}])
    table.upsert([{"path": "00012.png", "status": "skipped"}])
    return table


def test_thumbnails_by_row(pictured: ImageTable) -> None:
    usable = [i for i in range(30) if i not in (4, 11, 12)]
    thumbnails = Thumbnails(pictured.work)
    for chosen in ([0, 5, 5, 26, 1], [], list(range(27)), np.array([8, 7])):
        assert thumbnails.take(chosen) == [expected(usable[row]) for row in chosen]
    assert pictured.thumbnails(["00020.png", "gone", "00009.png"]) == [b"20", None, b"new"]
    assert Thumbnails(pictured.work, ["00004.png", "00003.png"]).take([1, 0]) == [b"3", None]


def test_thumbnails_of_a_version_whose_files_are_gone(pictured: ImageTable) -> None:
    thumbnails = Thumbnails(pictured.work)
    pictured.update(["00000.png"], {"label": ["a"]})
    pictured.upsert([{"path": "00001.png", "thumbnail": b"later"}])
    pictured.delete(["00002.png"])
    assert thumbnails.take([1, 2]) == [b"1", b"2"]
    with warnings.catch_warnings(action="ignore"):
        dataset = pictured.newest()
        dataset.optimize.compact_files()
        dataset.cleanup_old_versions(older_than=timedelta(0), delete_unverified=True)
    assert thumbnails.take([0, 1, 2, 3]) == [b"0", b"later", None, b"3"]


def test_rows_have_places_in_the_tables_own_order(pictured: ImageTable) -> None:
    order = pictured.newest().to_table(columns=["path"])["path"].to_pylist()
    thumbnails = Thumbnails(pictured.work, ["00020.png", "gone", "00003.png"])
    assert [thumbnails.position(row) for row in range(3)] == [
        order.index("00020.png"),
        -1,
        order.index("00003.png"),
    ]
