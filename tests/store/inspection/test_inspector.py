"""What is not good follows from scores, threshold and what people said."""

from __future__ import annotations

from pathlib import Path

import pytest

from unpool.store.inspection.inspector import (
    WorkspaceInspector,
    add_to_added,
    forget_inspector,
    found_not_good,
    read_inspector,
    write_inspector,
    write_threshold,
)
from unpool.store.state import REPORT
from unpool.store.table import ImageTable

SCORES = {"a.png": 0.9, "b.png": 0.2, "c.png": 0.7, "d.png": None, "e.png": 0.5}


@pytest.fixture
def work(tmp_path: Path) -> Path:
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert([{"path": path, "id": path[0], "status": "ok"} for path in SCORES])
    table.update(list(SCORES), {"inspection_score": list(SCORES.values())})
    return table.work


@pytest.fixture
def seen(tmp_path: Path) -> WorkspaceInspector:
    return WorkspaceInspector(
        tmp_path / "model", "memory-1", "memory", 0.5, None, 0.01, (0.1, 0.2), frozenset({"a"})
    )


def names(work: Path) -> list[str]:
    return [entry["path"][0] for entry in found_not_good(work)]


def test_nothing_is_found_without_an_inspector(work: Path) -> None:
    assert read_inspector(work) is None
    assert found_not_good(work) == []


def test_what_is_written_is_read(work: Path, seen: WorkspaceInspector) -> None:
    write_inspector(work, seen)
    assert read_inspector(work) == seen
    add_to_added(work, ["b"])
    found = read_inspector(work)
    assert found is not None
    assert found.added == {"a", "b"}


def test_the_worst_come_first_and_a_score_at_the_threshold_is_good(
    work: Path, seen: WorkspaceInspector
) -> None:
    write_inspector(work, seen)
    assert names(work) == ["a", "c"]
    first = found_not_good(work)[0]
    assert (first["figure"], first["detail"]) == (0.9, "score 0.9, above 0.5")
    write_threshold(work, seen.folder, 0.1)
    assert names(work) == ["a", "c", "e", "b"]
    write_threshold(work, seen.folder, None)
    assert names(work) == ["a", "c"]


def test_a_threshold_of_another_model_does_not_count(
    work: Path, seen: WorkspaceInspector, tmp_path: Path
) -> None:
    write_inspector(work, seen)
    write_threshold(work, tmp_path / "other", 0.1)
    assert names(work) == ["a", "c"]


def test_a_persons_word_counts_more(work: Path, seen: WorkspaceInspector) -> None:
    write_inspector(work, seen)
    ImageTable(work).update(["a.png", "b.png", "d.png"], {"verdict": ["good", "not good", "not good"]})
    assert names(work) == ["c", "b", "d"]
    details = [entry["detail"] for entry in found_not_good(work)]
    assert details[1:] == [
        "score 0.2, not above 0.5, said to be not good",
        "said to be not good; without a score",
    ]


def test_forgotten_scores_are_cleared_and_words_stay(work: Path, seen: WorkspaceInspector) -> None:
    write_inspector(work, seen)
    ImageTable(work).update(["b.png"], {"verdict": ["good"]})
    forget_inspector(work)
    rows = ImageTable(work).arrow(["inspection_score", "verdict"])
    assert (rows["inspection_score"].null_count, rows["verdict"].null_count) == (5, 4)
    assert found_not_good(work) == []


def test_a_damaged_record_is_none(work: Path, seen: WorkspaceInspector) -> None:
    write_inspector(work, seen)
    file = work / REPORT / "inspector.json"
    for text in ("{", "[]", '{"format": 1}', file.read_text().replace("0.5", '"x"')):
        file.write_text(text)
        assert read_inspector(work) is None
