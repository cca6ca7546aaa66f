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
    done = run(["search", "--words", "red", "--not", "circle", "-k", "1", "--work", str(work), "--json"])
    result = json.loads(done["out"])
    assert (done["code"], result["words"], result["not"]) == (0, ["red"], ["circle"])
    assert all(row["path"].startswith("red-") and "circle" not in row["path"] for row in result["results"])
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
