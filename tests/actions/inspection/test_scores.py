"""scores.csv has a row for every image, those that nobody could see too."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from unpool.actions.inspection.inspect_image import ImageResult
from unpool.actions.inspection.scores import write_scores
from unpool.analysis.anomaly.regions import Region
from unpool.images.reading.scan import Problem


def rows(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


def test_every_image_has_a_row(tmp_path: Path) -> None:
    results = {
        "b.png": ImageResult(0.75, Region(1, 2, 3, 4, 5)),
        "deep/a.png": ImageResult(0.5, Region()),
        "=1.png": ImageResult(0.2, Region()),
    }
    problems = [Problem("c.png", "corrupt", "it is damaged"), Problem("a.png", "empty", "the file is empty")]
    file = tmp_path / "scores.csv"
    protected = write_scores(file, results, problems, threshold=0.5, good_scores=(0.1, 0.5, 0.8))
    assert rows(file) == [
        ["path", "score", "probability", "verdict", "x", "y", "width", "height", "area"],
        ["./=1.png", "0.2", "0.750000", "good", "0", "0", "0", "0", "0"],
        ["a.png", "", "", "unreadable", "", "", "", "", ""],
        ["b.png", "0.75", "0.500000", "not good", "1", "2", "3", "4", "5"],
        ["c.png", "", "", "unreadable", "", "", "", "", ""],
        ["deep/a.png", "0.5", "0.750000", "good", "0", "0", "0", "0", "0"],
    ]
    assert protected == 1


def test_the_verdict_can_be_found_from_the_score_again(tmp_path: Path) -> None:
    threshold = float(np.float32(0.3))
    above = float(np.nextafter(np.float32(0.3), np.float32(1)))
    results = {
        f"{number}.png": ImageResult(score, Region()) for number, score in enumerate((threshold, above))
    }
    write_scores(tmp_path / "s.csv", results, [], threshold=threshold, good_scores=())
    first, second = rows(tmp_path / "s.csv")[1:]
    assert (first[3], second[3]) == ("good", "not good")
    assert np.float32(first[1]) == np.float32(threshold) < np.float32(second[1])
    assert first[1] == "0.3"
