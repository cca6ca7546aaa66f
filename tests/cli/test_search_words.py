"""Words on the command line and in Python, by a small model that was really trained and stored by OpenCLIP's code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.commands import run
from support.two_towers import CAPTIONS, TwoTowers
from unpool import Workspace


@pytest.fixture
def work(two_towers: TwoTowers, tmp_path: Path) -> Path:
    return two_towers.copy_workspace(tmp_path / "w.unpool")


def test_captions_find_their_images(work: Path) -> None:
    workspace = Workspace(work)
    found = [workspace.search(words=str(caption), k=1)["path"][0] for caption in CAPTIONS]
    hits = sum(path == caption.file for path, caption in zip(found, CAPTIONS, strict=True))
    assert hits >= 0.9 * len(CAPTIONS)


def test_words_negatives_and_an_image_are_flags(work: Path) -> None:
    done = run(["search", "--words", "red", "--not", "circle", "-k", "8", "--work", str(work), "--json"])
    result = json.loads(done["out"])
    assert (done["code"], result["words"], result["not"]) == (0, ["red"], ["circle"])
    found = [row["path"] for row in result["results"]]
    assert not any("circle" in path for path in found)
    # Of eight drawn at random 1.6 would be; which come first depends on the processor that trained the model.
    assert sum(path.startswith("red-") for path in found) >= 3
    image = "red-circle-white.png"
    words = [
        "search",
        image,
        "--words",
        "on black",
        "--not",
        "white",
        "-k",
        "1",
        "--work",
        str(work),
        "--json",
    ]
    result = json.loads(run(words)["out"])
    assert result["query"] == image
    assert all(row["path"].endswith("-black.png") for row in result["results"])
    done = run(["search", "--words", "a red circle on white", "-k", "1", "--work", str(work)])
    assert done["out"].rstrip().endswith(image)


def test_a_long_text_is_searched_by_its_beginning_and_that_is_said(work: Path) -> None:
    done = run(["search", "--words", "a red circle on white " * 9, "-k", "1", "--work", str(work)])
    assert done["code"] == 0
    assert "its end is left out" in done["err"]


def test_suggestions_and_names_are_flags(work: Path, tmp_path: Path) -> None:
    grounds = "a shape on white,a shape on black"
    words = ["label", "--zero-shot", grounds, "--work", str(work), "--json"]
    strict, every = (json.loads(run([*words, *more])["out"]) for more in ([], ["--all-fit"]))
    assert strict["unlike"] > every["unlike"] == 0
    assert strict["suggested"] < every["suggested"] == len(CAPTIONS) - every["unsure"]
    assert strict["uncalibrated"]
    text = run(words[:-1])["out"]
    assert "by the model's own scale, which is uncalibrated: how many of them are right is not known" in text
    assert "high confidence" not in text
    found = Workspace(work).label_zero_shot(grounds.split(","), all_fit=True)
    right = [
        path.endswith(f"-{name.split()[-1]}.png")
        for path, name in zip(found["path"], found["suggestion"], strict=True)
    ]
    assert len(found) == every["suggested"]
    assert sum(right) >= 0.9 * len(right)
    (tmp_path / "names.txt").write_text("\n".join(map(str, CAPTIONS)))
    done = run(
        ["group", "--groups", "2", "--names", str(tmp_path / "names.txt"), "--work", str(work), "--json"]
    )
    names = {each["name"] for each in json.loads(done["out"])["names"]}
    assert len(names & set(map(str, CAPTIONS))) == 2
