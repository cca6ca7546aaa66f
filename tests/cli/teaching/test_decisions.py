"""Suggestions are decided, labels kept and images moved from the terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.edits import PATHS, groups_csv, make_grouped_workspace, seen, write_doubts
from unpool.actions.curation import edit
from unpool.cli.main import main
from unpool.store.findings import found_doubts
from unpool.store.table import ImageTable


@pytest.fixture
def work(tmp_path: Path) -> Path:
    work = make_grouped_workspace(tmp_path / "w.unpool")
    confidences = [0.9, 0.5, 0.8, 0.7]
    ImageTable(work).update(PATHS[3:7], {"suggestion": list("aabb"), "suggestion_confidence": confidences})
    return work


def call(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> str:
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main(list(argv))
    shown = capsys.readouterr()
    assert left.value.code == code, shown.err
    return shown.err if code else shown.out


@pytest.mark.parametrize(
    ("words", "labels"),
    [
        (["--above", "0.75"], {"03.png": "a", "05.png": "b"}),
        (["04.png", "11.png"], {"04.png": "a"}),  # the other has no suggestion
        (["--group", "0"], {"03.png": "a", "04.png": "a"}),
        (["--group", "0", "--above", "0.6"], {"03.png": "a"}),
    ],
)
def test_suggestions_are_accepted(
    work: Path, words: list[str], labels: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    result = json.loads(call(capsys, "accept", *words, "--work", str(work), "--json"))
    assert result["changed"] == len(labels)
    assert seen(work)["label"].dropna().to_dict() == labels


def test_suggestions_are_rejected_and_nothing_named_is_refused(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        call(capsys, "reject", "--above", "0.75", "--work", str(work))
        == "rejected the suggestion for 2 images\n"
    )
    assert seen(work)["suggestion"].dropna().to_dict() == {"04.png": "a", "06.png": "b"}
    assert "--above 0 for all suggestions" in call(capsys, "accept", "--work", str(work), code=2)
    assert "nowhere.png" in call(capsys, "accept", "nowhere.png", "--work", str(work), code=1)


def test_a_doubted_label_is_kept(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit.label(work, PATHS[:2], "shirt")
    write_doubts(work, (PATHS[0], "shirt", True), (PATHS[1], "shirt", True))
    assert call(capsys, "keep", PATHS[1], "--work", str(work)) == "kept the label of 1 image\n"
    assert [entry["path"] for entry in found_doubts(work)] == PATHS[:1]
    assert "give the paths of images" in call(capsys, "keep", "--work", str(work), code=2)


def test_images_are_moved_to_a_group(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        call(capsys, "move", *PATHS[:2], "--group", "1", "--work", str(work)) == "moved 2 images to group 1\n"
    )
    assert groups_csv(work)[PATHS[0]] == "1"
    assert "but must be one of 0, 1, 3" in call(
        capsys, "move", PATHS[0], "--group", "9", "--work", str(work), code=2
    )
