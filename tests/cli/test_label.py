"""`unpool label`, `spread` and `undo` as they are typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unpool import Workspace
from unpool.cli.main import main
from unpool.store.table import ImageTable

PATHS = [f"{i}.png" for i in range(10)]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert([{"path": path, "status": "ok", "group": i // 5} for i, path in enumerate(PATHS)])
    table.reset_vectors(2)
    angle_N = np.arange(10) / 50 + np.repeat([0, 1], 5)
    vectors = np.stack([np.cos(angle_N), np.sin(angle_N)], axis=1)
    table.update(PATHS, {"vector": vectors, "group": [0] * 5 + [1] * 5})
    return table.work


def unpool(capsys: pytest.CaptureFixture[str], *words: object, code: int = 0, json_too: bool = True) -> Any:
    with pytest.raises(SystemExit) as left:
        main([*map(str, words), *(["--json"] if json_too and not code else [])])
    out, err = capsys.readouterr()
    assert left.value.code == code, err
    assert "Traceback" not in err
    return err.strip() if code else json.loads(out) if json_too else out.strip()


def labels(work: Path) -> dict[str, str]:
    found: dict[str, str] = (
        ImageTable(work).frame(["path", "label"]).set_index("path")["label"].dropna().to_dict()
    )
    return found


def test_label_paths_and_groups_and_take_it_back(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = unpool(capsys, "label", "0.png", "3.png", "--work", work, "--as", "a {shoe}")
    assert result == {"changed": 2, "message": "labelled 2 images ‘a {shoe}’"}
    words = ("label", "--group", 1, "--work", work, "--as", "hat")
    assert unpool(capsys, *words, json_too=False) == "labelled 5 images ‘hat’"
    assert labels(work) == {"0.png": "a {shoe}", "3.png": "a {shoe}"} | dict.fromkeys(PATHS[5:], "hat")
    assert unpool(capsys, "label", "9.png", "--work", work, "--none")["changed"] == 1
    assert unpool(capsys, "label", "9.png", "--work", work, "--wrong")["message"] == "marked 1 image as wrong"
    assert ImageTable(work).frame()["wrong"].sum() == 1
    for result in ("marked 1 image as wrong", "removed the label of 1 image", "labelled 5 images ‘hat’"):
        assert unpool(capsys, "undo", "--work", work, json_too=False) == f"undone: {result}"
    assert unpool(capsys, "undo", "--work", work)["changed"] == 2
    assert labels(work) == {}
    assert "is left to undo" in unpool(capsys, "undo", "--work", work, code=1)


def test_spread_tells_how_many(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "has a label yet; give some first" in unpool(capsys, "spread", "--work", work, code=1)
    unpool(capsys, "label", "0.png", "4.png", "--work", work, "--as", "left")
    unpool(capsys, "label", "5.png", "9.png", "--work", work, "--as", "right")
    result = unpool(capsys, "spread", "--work", work, "--error", 0.4)
    assert (result["images"], result["labelled"], result["labels"], result["suggested"]) == (10, 4, 2, 6)
    text = unpool(capsys, "spread", "--work", work, "--error", 0.4, json_too=False)
    assert text.startswith("6 of 10 images have a suggestion")
    assert f"about {100 * result['expected_error']:.0f} % of them are expected to be wrong" in text
    assert len(labels(work)) == 4


@pytest.mark.parametrize(
    ("words", "result"),
    [(["0.png"], "give one of --as NAME, --none"), (["0.png", "--as", "a", "--wrong"], "give one of --as NAME"),
     (["--as", "a"], "give the paths of images, or --group G"),
     (["0.png", "--group", "1", "--none"], "give the paths"),
     (["--group", "7", "--as", "a"], "group is 7, but must be one of -1 to 1"),
     (["--all-fit", "--as", "a", "0.png"], "--all-fit says something of --zero-shot NAMES"),
     (["--zero-shot", "a,b", "--wrong"], "--zero-shot takes --all-fit alone beside it"),
     (["0.png", "--as", " "], "must hold a letter"), (["--group", "x", "--as", "a"], "x")],
)  # fmt: skip
def test_wrong_words_are_reported_in_one_line(
    work: Path, words: list[str], result: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line = unpool(capsys, "label", *words, "--work", work, code=2)
    assert result in line
    assert line.count("\n") == 0
    assert labels(work) == {}


def test_unknown_images_are_named(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = unpool(capsys, "label", "0.png", "nothing.png", "--work", work, "--as", "a", code=1)
    assert line.startswith("unpool: 'nothing.png' is no image of")
    assert labels(work) == {}


def test_label_from_a_file_and_by_field(
    work: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "given.csv"
    file.write_text("path;label;weight\n0.png;cat;1,5\n1.png;dog;2,5\nz.png;dog;3\n", "utf-8")
    result = unpool(capsys, "label", "--work", work, "--from", file)
    assert [result[name] for name in ("matched", "unmatched", "extra", "changed")] == [2, 8, 1, 2]
    assert labels(work) == {"0.png": "cat", "1.png": "dog"}
    assert unpool(capsys, "label", "--work", work, "--from", file, "--field", "weight")["changed"] == 0
    assert unpool(capsys, "label", "2.png", "--work", work, "--field", "weight", "--as", "4")["changed"] == 1
    assert unpool(capsys, "label", "--work", work, "--field", "weight", "--kind", "text")["images"] == 3
    frame = Workspace(work).table(["path", "weight"]).dropna()
    assert frame["weight"].tolist() == ["1.5", "2.5", "4"]
    assert unpool(capsys, "label", "2.png", "--work", work, "--field", "weight", "--none")["changed"] == 1
    for _ in range(4):
        unpool(capsys, "undo", "--work", work)
    assert labels(work) == {}
    error = unpool(capsys, "label", "2.png", "--work", work, "--from", file, code=2)
    assert error.startswith("unpool: --from FILE names images and values itself")


def test_labels_are_listed(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ImageTable(work).update(PATHS[:3], {"label": ["hat", "a coat", "hat"]})
    result = unpool(capsys, "label", "--list", "--work", work)
    assert [(row["name"], row["images"]) for row in result["labels"]] == [("a coat", 1), ("hat", 2)]
    assert unpool(capsys, "label", "--list", "--work", work, json_too=False).splitlines() == [
        "a coat  1 images", "hat     2 images", "3 of 10 images have a label",
    ]  # fmt: skip
    assert "--list takes nothing beside it" in unpool(
        capsys, "label", PATHS[0], "--list", "--work", work, code=2
    )
