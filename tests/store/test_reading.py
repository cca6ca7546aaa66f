"""What was assumed or left out stands in one place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from unpool.images.reading.notes import LeftOut, Note
from unpool.store.reading import (
    count_reading,
    describe_counts,
    read_reading,
    record,
    summarise_reading,
    write_reading,
)
from unpool.store.table import ImageTable


@pytest.fixture
def table(tmp_path: Path) -> ImageTable:
    table = ImageTable.create(tmp_path / "w.unpool")
    rows = [{"path": f"{n}.gif", "status": "ok", "notes": f"frame: {n} of 8"} for n in range(5)]
    skipped = {"path": "z.gif", "status": "skipped", "notes": "frame: 1 of 8"}
    table.upsert([*rows, {"path": "plain.png", "status": "ok"}, skipped])
    return table


def test_notes_of_usable_images_are_counted_and_listed(table: ImageTable) -> None:
    write_reading(table.work, table, [LeftOut("sub/copy.png", Note("strange", "why"))])
    stored = json.loads((table.work / "report/reading.json").read_text())
    (notes,) = stored["notes"]
    assert (notes["kind"], notes["count"]) == ("frame", 5)
    assert notes["examples"][0] == {"path": "0.gif", "detail": "0 of 8"}
    assert len(notes["examples"]) == 5
    assert notes["meaning"]
    assert stored["left_out"][0]["examples"] == [{"path": "sub/copy.png", "detail": "why"}]


def test_what_was_recorded_stays_when_notes_are_counted_again(table: ImageTable) -> None:
    record(table.work, "range", "White is 4095.", high=4095)
    write_reading(table.work, table, [])
    assert read_reading(table.work)["collection"]["range"] == {"sentence": "White is 4095.", "high": 4095}
    record(table.work, "range", None)
    assert read_reading(table.work)["collection"] == {}
    assert read_reading(table.work)["notes"][0]["count"] == 5


def test_without_a_file_or_with_a_damaged_one_there_are_no_notes(table: ImageTable) -> None:
    assert read_reading(table.work)["notes"] == []
    (table.work / "report").mkdir()
    (table.work / "report/reading.json").write_text("[")
    assert read_reading(table.work) == {"format": 1, "notes": [], "left_out": [], "collection": {}}


def test_one_line_sums_up(table: ImageTable) -> None:
    counts = write_reading(table.work, table, [LeftOut("a", Note("strange"))] * 2)
    assert describe_counts(counts) == "5 shown by one frame, 2 strange"


def test_the_page_gets_sentences_and_counts(table: ImageTable) -> None:
    write_reading(table.work, table, [LeftOut("a", Note("strange"))])
    record(table.work, "range", "White is 4095.", high=4095)
    reading = summarise_reading(table.work)
    assert reading["assumed"] == ["White is 4095."]
    assert len(reading["notes"][0]["examples"]) == 3
    assert count_reading(reading) == 1 + 5 + 1
