"""Findings of a check hold for images that are as they were, and for no others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from unpool.errors import UnpoolError
from unpool.store.findings import (
    FILE,
    FORMAT,
    found_doubts,
    found_figures,
    found_problems,
    found_rows,
    found_sets,
)
from unpool.store.state import REPORT, write_state
from unpool.store.table import ImageTable


def entry(path: str, of: str | None = None) -> dict[str, str]:
    return {"path": path, "id": f"id-{path}", "detail": "0.5"} | (
        {"of": of, "of_id": f"id-{of}"} if of else {}
    )


@pytest.fixture
def work(tmp_path: Path) -> Path:
    work = tmp_path / "w.unpool"
    ImageTable.create(work).upsert([{"path": path, "id": f"id-{path}", "status": "ok"} for path in "abcd"])
    write_state(work, embedded_by="m1")
    return work


def write(work: Path, problems: Any, **more: Any) -> None:
    (work / REPORT).mkdir(exist_ok=True)
    report = {"format": FORMAT, "model": "m1", "problems": problems} | more
    (work / REPORT / FILE).write_text(json.dumps(report), "utf-8")


def test_nothing_checked_is_none(work: Path) -> None:
    assert found_problems(work) is None
    assert found_sets(work, "duplicates") == []
    assert found_rows(work) == []


def test_paths_sets_and_rows(work: Path) -> None:
    write(work, {"blurred": [entry("b"), entry("a")], "duplicates": [entry("c", "a"), entry("d", "a")]})
    found = found_problems(work)
    assert found is not None
    assert (found["blurred"], found["duplicates"]) == (["b", "a"], ["c", "d"])
    assert found_sets(work, "duplicates") == [["a", "c", "d"]]
    assert ("c", "duplicate", "of a") in found_rows(work)
    assert ("b", "blurred", "0.5") in found_rows(work)


def test_figures_are_those_of_the_findings(work: Path) -> None:
    assert found_figures(work) == {}
    write(
        work,
        {"blurred": [entry("b") | {"figure": 2.5}, entry("a") | {"figure": "wide"}], "dark": [entry("c")]},
    )
    found = found_figures(work)
    assert (found["blurred"], found["dark"]) == ({"b": 2.5}, {})


def test_a_changed_image_is_left_out(work: Path) -> None:
    write(work, {"blurred": [entry("a"), entry("b")]})
    ImageTable(work).update(["a"], {"id": ["other"]})
    assert (found_problems(work) or {})["blurred"] == ["b"]


def test_the_next_of_a_set_is_kept_where_the_first_went(work: Path) -> None:
    write(work, {"duplicates": [entry("b", "a"), entry("c", "a")]})
    ImageTable(work).delete(["a"])
    assert found_sets(work, "duplicates") == [["b", "c"]]
    assert (found_problems(work) or {})["duplicates"] == ["c"]


def test_another_model_keeps_only_what_does_not_come_from_vectors(work: Path) -> None:
    write(work, {"outliers": [entry("a")], "blurred": [entry("a")]})
    write_state(work, embedded_by="m2")
    found = found_problems(work)
    assert found is not None
    assert (found["outliers"], found["blurred"]) == ([], ["a"])


@pytest.mark.parametrize(
    "problems",
    [None, [], {"blurred": None}, {"blurred": ["a", {"path": 1}]}, {"duplicates": [entry("a")]}],
)
def test_a_file_of_another_shape_finds_nothing(work: Path, problems: Any) -> None:
    write(work, problems)
    assert not any((found_problems(work) or {}).values())


def test_another_format_and_no_workspace(work: Path, tmp_path: Path) -> None:
    write(work, {"blurred": [entry("a")]}, format=FORMAT + 1)
    assert found_problems(work) is None
    (tmp_path / "none" / REPORT).mkdir(parents=True)
    write(tmp_path / "none", {"blurred": [entry("a")]})
    with pytest.raises(UnpoolError, match="no workspace"):
        found_problems(tmp_path / "none")


def test_a_doubted_label_is_settled_by_another_or_by_being_confirmed(work: Path) -> None:
    doubt = entry("a") | {"label": "hat", "predicted": "cap", "probability": 0.9, "is_given": True}
    by_folder = entry("b") | {"label": "hat", "predicted": "cap", "probability": 0.8}
    write(work, {"mislabelled": [doubt, by_folder, entry("c") | {"label": "hat"}, entry("d") | {"label": 1}]})
    table = ImageTable(work)
    assert [each["path"] for each in found_doubts(work)] == ["b"]  # the label of a was removed
    table.update(["a"], {"label": ["hat"]})
    assert [each["path"] for each in found_doubts(work)] == ["a", "b"]
    table.update(["a", "b"], {"kept_label": ["hat", None], "label": ["hat", "cap"]})
    assert found_doubts(work) == []
    assert [row[0] for row in found_rows(work) if row[1] == "mislabelled"] == ["a", "b", "c"]


def test_a_leak_needs_both_images_as_they_were(work: Path) -> None:
    write(work, {"leaked": [entry("c", "a"), entry("d", "b"), entry("a") | {"of": 3}]})
    assert (found_problems(work) or {})["leaked"] == ["c", "d"]
    assert ("c", "leaked", "0.5") in found_rows(work)
    ImageTable(work).update(["a"], {"id": ["other"]})
    assert (found_problems(work) or {})["leaked"] == ["d"]
