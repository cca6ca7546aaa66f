"""`unpool train`, `reconstruct` and `networks` hand on what is typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from unpool.actions.training.settings import ReconstructSettings, TrainSettings
from unpool.cli.main import main

RESULT = {
    "out": "m", "network": "conv", "parameters": 1, "epochs": 1, "train_loss": None, "val_loss": None,
    "val_accuracy": None,
}  # fmt: skip


def test_train_hands_its_settings_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[Any] = []

    def fake(folder: str, settings: TrainSettings, *, out: Path, progress: object) -> dict[str, Any]:
        seen.append((folder, settings, out))
        return RESULT

    monkeypatch.setattr("unpool.actions.training.train.train", fake)
    argv = ["train", "photos", "--out", "m", "--steps", "3", "--val", "0.2", "--no-indices", "--from", "old"]
    with pytest.raises(SystemExit) as left:
        main([*argv, "--lr", "0.1", "--json"])
    assert left.value.code == 0
    settings = TrainSettings(steps=3, val=0.2, no_indices=True, from_=Path("old"), lr=0.1)
    assert seen == [("photos", settings, Path("m"))]
    assert json.loads(capsys.readouterr().out) == RESULT


def test_reconstruct_hands_its_options_on(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def fake(images: list[str], settings: ReconstructSettings, **_: Any) -> dict[str, Any]:
        seen.update(images=images, settings=settings)
        return {"images": [], "mean": {"mse": 0.1, "psnr": 10.0, "psnr_input": None}}

    monkeypatch.setattr("unpool.actions.training.reconstruct.reconstruct", fake)
    with pytest.raises(SystemExit):
        main(["reconstruct", "a.png", "b", "--model", "m", "--out", "g.png", "--no-indices", "--seed", "3"])
    assert seen["images"] == ["a.png", "b"]
    assert seen["settings"] == ReconstructSettings(no_indices=True, seed=3)


def test_networks_lists_the_catalogue(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["networks", "--json"])
    names = [row["network"] for row in json.loads(capsys.readouterr().out)["networks"]]
    assert {"conv", "vgg16-bn", "fcn4s"} <= set(names)
