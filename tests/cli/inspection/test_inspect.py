"""`unpool inspect` hands on what is typed, and prints what comes back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.colour_inspector import learn_colours, write_pictures
from support.inspector import write_inspector, write_parts
from unpool.actions.inspection.judging.settings import JudgeSettings
from unpool.actions.inspection.settings import InspectEvaluateSettings, InspectPredictSettings
from unpool.cli.main import main

KEYS = ("images", "image_auroc", "image_ap", "f1", "false_alarm_rate", "pixel_auroc", "aupro", "per_kind")


def test_evaluate_hands_its_settings_on(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def fake(folder: Path, settings: InspectEvaluateSettings, **more: Any) -> dict[str, Any]:
        seen.append((folder, settings, more["model"]))
        return {}

    monkeypatch.setattr("unpool.actions.inspection.evaluate.inspect_evaluate", fake)
    with pytest.raises(SystemExit):
        main(["inspect", "evaluate", "f", "--model", "m", "--masks", "g", "--json"])
    assert seen == [(Path("f"), InspectEvaluateSettings(masks=Path("g")), Path("m"))]


def test_evaluate_prints_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, parts = write_inspector(tmp_path / "model"), write_parts(tmp_path / "parts")
    with pytest.raises(SystemExit) as left:
        main(["inspect", "evaluate", str(parts), "--model", str(model), "--json"])
    assert left.value.code == 0
    result = json.loads(capsys.readouterr().out)
    assert [key for key in KEYS if key not in result] == []
    assert set(result["per_kind"]) == {"spot", "bar"}
    with pytest.raises(SystemExit):
        main(["inspect", "evaluate", str(parts), "--model", str(model)])
    text = capsys.readouterr().out
    assert "10 images, 4 good and 6 not, 0 skipped" in text
    assert "image AUROC  1.000" in text
    assert (
        "0 % of the good images are called not good (95 % interval 0 to 60 %; the threshold was set for 1 %)"
        in text
    )
    assert "100 % of the others are found" in text
    assert "spot  1.000  3 of 3 found" in text
    with pytest.raises(SystemExit):
        main(["inspect", "evaluate", str(parts), "--model", str(model), "--threshold", "0.22"])
    assert (
        "25 % of the good images are called not good (95 % interval 0.63 to 81 %)" in capsys.readouterr().out
    )


def test_predict_hands_its_settings_on(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def fake(images: Path, settings: InspectPredictSettings, **more: Any) -> dict[str, Any]:
        seen.append((images, settings, more["model"], more["out"]))
        return {}

    monkeypatch.setattr("unpool.actions.inspection.predict.inspect_predict", fake)
    words = "predict f --model m --out o --threshold -1.5 --heat bad --heat-values --json"
    with pytest.raises(SystemExit):
        main(["inspect", *words.split()])
    assert seen == [(Path("f"), InspectPredictSettings(-1.5, "bad", heat_values=True), Path("m"), Path("o"))]


def test_predict_prints_what_was_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, parts = write_inspector(tmp_path / "model"), write_parts(tmp_path / "parts")
    words = ["inspect", "predict", str(parts / "test"), "--model", str(model), "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit) as left:
        main([*words, "--json"])
    assert left.value.code == 0
    result = json.loads(capsys.readouterr().out)
    assert [result[name] for name in ("images", "bad", "out")] == [10, 6, str(tmp_path / "out")]
    assert isinstance(result["seconds"], float)
    with pytest.raises(SystemExit):
        main(words)
    text = capsys.readouterr().out
    assert text.startswith("6 of 10 images are not good (score above 0.5)\n0 inspected now; ")
    with pytest.raises(SystemExit) as left:
        main([*words, "--heat", "none", "--heat-values"])
    assert left.value.code == 2


def test_a_model_of_another_kind_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parts = write_parts(tmp_path / "parts")
    with pytest.raises(SystemExit) as left:
        main(["inspect", "evaluate", str(parts), "--model", str(tmp_path / "nowhere")])
    assert left.value.code == 1
    assert "there is no model folder" in capsys.readouterr().err


def test_more_goes_on_from_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = learn_colours(tmp_path / "model")
    more = write_pictures(tmp_path / "more", "striped", 2)
    words = ["inspect", "train", "--out", str(model), "--more", str(more)]
    with pytest.raises(SystemExit) as left:
        main([*words, "--json"])
    assert left.value.code == 0
    result = json.loads(capsys.readouterr().out)
    assert [result[name] for name in ("out", "images", "not_good")] == [str(model), 2, 2]
    with pytest.raises(SystemExit):
        main(words)
    printed = capsys.readouterr()
    assert "nothing is to add; 2 are known to it already\n" in printed.out
    assert printed.err.count("--fair-sample") == 1
    assert "--fair-sample" not in printed.out
    write_pictures(more, "good", 3)
    with pytest.raises(SystemExit):
        main([*words, "--fair-sample", "--json"])
    result = json.loads(capsys.readouterr().out)
    assert (result["images"], result["known"], result["counted"]) == (3, 2, 5)
    assert result["threshold"] > result["old_threshold"]  # of the striped two, which count now
    with pytest.raises(SystemExit) as left:
        main(["inspect", "train", str(more), "--out", str(tmp_path / "new"), "--fair-sample"])
    assert left.value.code == 2
    assert "--fair-sample says what the images of --more are" in capsys.readouterr().err
    with pytest.raises(SystemExit) as left:
        main(["inspect", "train", "--out", str(tmp_path / "other")])
    assert left.value.code == 2
    assert "--more" in capsys.readouterr().err


def test_judge_hands_on_what_is_typed_and_says_what_it_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    def fake(work: Path, settings: JudgeSettings, **more: Any) -> dict[str, Any]:
        seen.append((work, settings, more["paths"]))
        counts = {"added": 2, "still_not_good": 1, "old_not_good": 5, "not_good": 3, "threshold": 2.0}
        return {"message": "added 2 images to the memory", "old_threshold": 1.5, **counts}

    monkeypatch.setattr("unpool.actions.inspection.judging.judge.judge", fake)
    words = [
        "inspect",
        "judge",
        "a.png",
        "b.png",
        "--work",
        str(tmp_path / "w"),
        "--as",
        "good",
        "--by",
        "memory",
    ]
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 0
    assert seen == [(tmp_path / "w", JudgeSettings("good", "memory"), ["a.png", "b.png"])]
    assert capsys.readouterr().out.splitlines() == [
        "added 2 images to the memory",
        "1 of 2 are still called not good by their score",
        "3 images are not good, 5 were; a score above 2 is, it was 1.5",
    ]
