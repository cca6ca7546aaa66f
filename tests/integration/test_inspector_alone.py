"""The file of an inspector gives its scores by the example of the docs, where neither torch nor unpool is there."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support import export_cache
from support.tiny_levels import build_encoder, build_preprocessing, good_pictures, with_spot
from unpool.actions.inspection import methods, train
from unpool.actions.inspection.predict import inspect_predict
from unpool.actions.inspection.settings import InspectPredictSettings, InspectTrainSettings
from unpool.actions.inspection.train import inspect_train
from unpool.inference.inspection import learning

DOCS = Path(__file__).parents[2] / "docs" / "inspect.md"
SIZE = 64
ABSENT = """
import importlib.abc, sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in ("torch", "unpool", "timm", "scipy", "faiss"):
            raise ImportError(f"{name} is not installed here")

sys.meta_path.insert(0, Absent())
try:
    import torch
except ImportError:
    pass
else:
    raise SystemExit("torch can be imported")
"""


def example() -> str:
    section = DOCS.read_text("utf-8").split("## On the line's computer")[1].split("\n## ")[0]
    return section.split("```python\n")[1].split("```")[0]


@pytest.fixture
def model(tmp_path: Path, session_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model of a tiny encoder, in the folder that the example names."""
    import torch.onnx  # noqa: F401 - its converter is kept

    export_cache.install(session_folder)
    monkeypatch.setattr(
        methods, "load_encoder", lambda name, size: (build_encoder(), build_preprocessing(3, size))
    )
    monkeypatch.setattr(train, "MADE", 3)
    monkeypatch.setattr(learning, "MEMORY", {4096: 200})
    good = tmp_path / "good"
    good.mkdir()
    for number, picture in enumerate(good_pictures(20, size=SIZE)):
        Image.fromarray(picture).save(good / f"{number:02}.png")
    inspect_train(good, InspectTrainSettings(size=SIZE, false_alarms=0.1), out=tmp_path / "inspector")
    return tmp_path / "inspector"


def test_scores_and_verdicts_are_those_of_predict(model: Path, tmp_path: Path) -> None:
    images = tmp_path / "in"
    images.mkdir()
    for number, picture in enumerate(good_pictures(6, 3, size=96)):
        wide = picture[:80] if number % 2 else picture[:SIZE, :SIZE]
        Image.fromarray(with_spot(wide, 20, 20) if number < 3 else wide).save(images / f"{number}.png")
    Image.fromarray(good_pictures(1, 4, size=SIZE)[0]).convert("L").save(images / "grey.png")
    inspect_predict(images, InspectPredictSettings(heat="none"), model=model, out=tmp_path / "out")
    with (tmp_path / "out" / "scores.csv").open(encoding="utf-8", newline="") as file:
        expected = {row["path"]: row for row in csv.DictReader(file)}
    assert len(expected) == 7

    script = tmp_path / "example.py"
    script.write_text(ABSENT + example(), "utf-8")
    command = [sys.executable, str(script), *(str(images / path) for path in expected)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    lines = [line.rsplit(",", 2) for line in done.stdout.splitlines()]
    assert [Path(path).name for path, _, _ in lines] == list(expected)
    scores = [float(score) for _, score, _ in lines]
    np.testing.assert_allclose(scores, [float(row["score"]) for row in expected.values()], atol=1e-4)
    assert [verdict for _, _, verdict in lines] == [row["verdict"] for row in expected.values()]
    assert {"good", "not good"} == {verdict for _, _, verdict in lines}


def test_the_example_is_short() -> None:
    assert len([line for line in example().splitlines() if line.strip()]) <= 30
