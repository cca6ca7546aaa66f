"""`unpool classify` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.teaching import make_taught_workspace
from unpool.cli.main import main


def unpool(capsys: pytest.CaptureFixture[str], *words: object, code: int = 0) -> str:
    with pytest.raises(SystemExit) as left:
        main(list(map(str, words)))
    out, err = capsys.readouterr()
    assert left.value.code == code, err
    assert "Traceback" not in err
    return err if code else out


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_taught_workspace(tmp_path_factory.mktemp("w") / "w.unpool")


def test_train_and_predict(work: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, out = tmp_path / "m", tmp_path / "a.csv"
    words = ("classify", "train", "--work", work, "--out", model, "--head", "linear", "--error", 0.2)
    text = unpool(capsys, *words)
    assert "on images held out (95 % interval" in text
    assert f"model: {model}" in text
    result = json.loads(unpool(capsys, *words, "--json"))
    assert result["images"] == 60
    assert json.loads(json.dumps(result)) == result
    words = ("classify", "predict", "--work", work, "--model", model, "--out", out)
    assert "90 images named" in unpool(capsys, *words)
    assert json.loads(unpool(capsys, *words, "--json"))["images"] == 90
    assert len(out.read_text("utf-8").splitlines()) == 91


def test_wrong_use_ends_with_code_2(work: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("classify", "train", "--work", work, "--out", tmp_path / "m")
    assert "--error is 2" in unpool(capsys, *words, "--error", 2, code=2)
    assert "has no field 'colour'; it has label" in unpool(capsys, *words, "--field", "colour", code=2)
    words = ("classify", "predict", "--model", tmp_path, "--out", tmp_path / "a.csv")
    assert "give a FOLDER of new images, or --work DIR" in unpool(capsys, *words, code=2)
    assert "is no model folder" in unpool(capsys, *words, tmp_path, code=1)
