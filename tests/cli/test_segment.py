"""`unpool segment` hands on what is typed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.archives import jpeg, write_zip
from unpool.actions.segmentation.settings import PredictSettings, SegmentationSettings
from unpool.cli.main import main


def test_train_hands_its_settings_on(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def fake(images: Path, masks: Path, settings: SegmentationSettings, **more: Any) -> dict[str, Any]:
        seen.append((images, masks, settings, more["out"]))
        return {}

    monkeypatch.setattr("unpool.actions.segmentation.train.segment_train", fake)
    with pytest.raises(SystemExit):
        main(["segment", "train", "i", "m", "--out", "o", "--network", "segnet", "--loss", "dice", "--json"])
    settings = SegmentationSettings(network="segnet", loss="dice")
    assert seen == [(Path("i"), Path("m"), settings, Path("o"))]


def test_predict_hands_its_settings_on(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[PredictSettings] = []

    def fake(images: Path, settings: PredictSettings, **_: Any) -> dict[str, Any]:
        seen.append(settings)
        return {"images": 1, "out": "o", "predicted": 1}

    monkeypatch.setattr("unpool.actions.segmentation.predict.segment_predict", fake)
    for more in ([], ["--overlap", "0.5"]):
        with pytest.raises(SystemExit):
            main(["segment", "predict", "i", "--model", "m", "--out", "o", *more])
    assert seen == [PredictSettings(), PredictSettings(overlap=0.5)]


@pytest.mark.parametrize(("typed", "scale"), [("auto", "auto"), ("0.5", 0.5), ("2", 2.0)])
def test_a_scale_is_a_number_or_auto(typed: str, scale: object, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def fake(*arguments: Any, **_: Any) -> dict[str, Any]:
        seen.append(next(each for each in arguments if hasattr(each, "scale")).scale)
        return {"images": 1, "out": "o", "predicted": 1}

    monkeypatch.setattr("unpool.actions.segmentation.predict.segment_predict", fake)
    monkeypatch.setattr("unpool.actions.segmentation.evaluate.segment_evaluate", fake)
    for verb in (["predict", "i", "--out", "o"], ["evaluate", "i", "m"]):
        with pytest.raises(SystemExit):
            main(["segment", *verb, "--model", "m", "--scale", typed, "--json"])
    assert seen == [scale, scale]


def test_an_unknown_way_with_unknown_values_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["segment", "evaluate", "i", "m", "--model", "m", "--unknown", "drop"])
    assert left.value.code == 2
    assert "refuse" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "words"), [("half", "a number or auto"), ("0", "from 0.01 to 100 or auto")]
)
def test_a_scale_that_is_none_is_refused(typed: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["segment", "predict", "i", "--model", "m", "--out", "o", "--scale", typed])
    assert left.value.code == 2
    assert words in capsys.readouterr().err


def test_archives_become_folders_of_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UNPOOL_CACHE", str(tmp_path / "cache"))
    location = write_zip(tmp_path / "pairs.zip", {"images/1.jpg": jpeg(), "masks/1.png": b"2"})
    seen: list[list[str]] = []

    def fake(images: Path, masks: Path, settings: SegmentationSettings, **_: Any) -> dict[str, Any]:
        places = images, masks, settings.val_images, settings.val_masks
        seen.append([str(next(place.iterdir()).relative_to(place)) for place in places if place])
        return {}

    monkeypatch.setattr("unpool.actions.segmentation.train.segment_train", fake)
    images, masks = str(location / "images"), str(location / "masks")
    words = ["segment", "train", images, masks, "--val-images", images, "--val-masks", masks]
    with pytest.raises(SystemExit):
        main([*words, "--out", str(tmp_path / "o"), "--json"])
    assert seen == [["1.jpg", "1.png", "1.jpg", "1.png"]]
