"""`unpool train` from the command line: what it writes, what it tells, how it goes on, what it refuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from unpool.actions.training.train import _labels_key
from unpool.cli.main import main
from unpool.training import checkpoint as saving
from unpool.training.model_file import describe_model, load_model

TINY = ("--network", "conv", "--size", "8", "--width", "4", "--batch", "8")


def pictures(folder: Path, per_class: dict[str, int], size: int = 12) -> Path:
    """Noise around a level of grey that tells the class."""
    rng = np.random.default_rng(0)
    for level, (name, count) in enumerate(per_class.items()):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            pixels = rng.integers(0, 40, (size, size, 3)) + 80 * level
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{number:03}.png")
    return folder


@pytest.fixture
def classes(tmp_path: Path) -> Path:
    return pictures(tmp_path / "photos", {"dark": 20, "grey": 20, "light": 20})


def unpool(capsys: pytest.CaptureFixture[str], *words: object, code: int = 0) -> dict[str, Any] | str:
    """The JSON of a command that works, or the one line of one that does not."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main([*map(str, words), *(() if code else ("--json",))])
    result = capsys.readouterr()
    assert left.value.code == code, result.err
    if not code:
        found: dict[str, Any] = json.loads(result.out)
        return found
    line: str = result.err.strip().splitlines()[-1]
    assert "Traceback" not in result.err
    return line


def test_writes_a_model_with_its_pictures(
    classes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "model"
    result = unpool(capsys, "train", classes, "--out", out, "--epochs", 3, *TINY)
    asked = "out network parameters epochs steps seconds images_per_second train_loss val_loss val_accuracy"
    assert set(asked.split()) <= set(result)
    assert (result["epochs"], result["steps"], result["images"]) == (3, 3 * 7, 60)
    assert result["val_accuracy"] is None
    assert result["images_per_second"] == pytest.approx(3 * 54 / result["seconds"], rel=0.01)
    names = {path.name for path in out.iterdir()}
    assert names == {"model.json", "model.safetensors", "loss.png", "reconstructions.png", "tensorboard"} | (
        {"last.safetensors"} & names
    )
    losses = [entry["val_loss"] for entry in describe_model(out)["training"]["epochs"]]
    assert losses[-1] < losses[0]
    assert sum(p.numel() for p in load_model(out).parameters()) == result["parameters"]


def test_classifies_folders(classes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("train", classes, "--out", tmp_path / "m", "--network", "lenet", "--batch", 8, "--epochs", 30)
    result = unpool(capsys, *words, "--objective", "classify", "--val", 0.25)
    assert result["val_accuracy"] > 0.9
    assert np.sum(result["confusion"]) == 15
    assert np.trace(result["confusion"]) >= 14
    assert describe_model(tmp_path / "m")["classes"] == ["dark", "grey", "light"]
    assert (tmp_path / "m" / "confusion.png").is_file()


@pytest.mark.parametrize(("flags", "steps"), [((), 11), (("--drop-last",), 10)])
def test_iterations_of_an_epoch(
    flags: tuple[str, ...], steps: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = pictures(tmp_path / "photos", {"a": 40, "b": 47})
    words = ("train", folder, "--out", tmp_path / "m", "--epochs", 1, "--val", 0, *TINY)
    result = unpool(capsys, *words, *flags)
    assert result["steps"] == steps
    assert result["val_loss"] is None


def test_resume_of_a_finished_run_and_without_a_checkpoint(
    classes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("train", classes, "--out", tmp_path / "m", "--epochs", 2, *TINY, "--resume")
    first = unpool(capsys, *words)
    weights = (tmp_path / "m" / "model.safetensors").read_bytes()
    again = unpool(capsys, *words)
    assert {key: again[key] for key in ("steps", "train_loss", "parameters")} == {
        key: first[key] for key in ("steps", "train_loss", "parameters")
    }
    assert (tmp_path / "m" / "model.safetensors").read_bytes() == weights
    line = unpool(capsys, *words, "--lr", 0.5, code=2)
    assert "whose lr was 0.002, not 0.5" in line


class Stop(BaseException):
    """Stands in for a kill."""


def stopped_after(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Save after every step, and stop after so many."""
    monkeypatch.setattr(saving, "SAVE_EVERY_SECONDS", 0.0)
    monkeypatch.setattr(saving, "SAVE_SHARE", 1e9)
    saved = 0
    write = saving.save_checkpoint

    def counted(*arguments: Any) -> None:
        nonlocal saved
        write(*arguments)
        saved += 1
        if saved == steps:
            raise Stop

    monkeypatch.setattr(saving, "save_checkpoint", counted)


@pytest.mark.parametrize(
    "more",
    [
        ("--network", "conv", "--width", "4", "--size", "8"),
        ("--network", "denoiser"),
        ("--objective", "classify", "--network", "lenet", "--augment", "flip"),
        ("--objective", "contrast", "--network", "conv", "--width", "4", "--size", "8"),
        ("--network", "conv-small", "--optimizer", "sgd:momentum=0.9", "--schedule", "step:step_size=1"),
    ],
)
def test_a_stopped_run_ends_with_the_weights_of_an_undisturbed_one(
    more: tuple[str, ...],
    classes: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = ("train", classes, "--batch", 8, "--epochs", 2, *more)
    unpool(capsys, *words, "--out", tmp_path / "whole")
    for stop in (4, 5):
        with monkeypatch.context() as patch:
            stopped_after(stop, patch)
            with pytest.raises(Stop):
                main([*map(str, words), "--out", str(tmp_path / "stopped"), "--resume"])
    unpool(capsys, *words, "--out", tmp_path / "stopped", "--resume")
    for name in ("model.safetensors", "last.safetensors"):
        whole, stopped = tmp_path / "whole" / name, tmp_path / "stopped" / name
        assert whole.exists() == stopped.exists()
        assert not whole.exists() or whole.read_bytes() == stopped.read_bytes()
    assert not (tmp_path / "stopped" / "training").exists()


def test_minutes_become_steps_that_repeat_the_run(
    classes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    timed = unpool(capsys, "train", classes, "--out", tmp_path / "a", "--minutes", 0.01, *TINY)
    counted = unpool(capsys, "train", classes, "--out", tmp_path / "b", "--steps", timed["steps"], *TINY)
    assert counted["train_loss"] == timed["train_loss"]
    assert (tmp_path / "a/model.safetensors").read_bytes() == (tmp_path / "b/model.safetensors").read_bytes()
    assert describe_model(tmp_path / "a")["training"]["steps"] == timed["steps"]


def test_goes_on_from_a_model_and_freezes_its_encoder(
    classes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unpool(capsys, "train", classes, "--out", tmp_path / "a", "--epochs", 1, *TINY)
    result = unpool(
        capsys, "train", classes, "--from", tmp_path / "a", "--out", tmp_path / "b",
        "--objective", "classify", "--freeze", "--epochs", 2,
    )  # fmt: skip
    before, after = (load_model(tmp_path / name).encoder.state_dict() for name in "ab")
    assert all((before[name] == after[name]).all() for name in before)
    assert result["val_accuracy"] is not None


def test_a_network_from_a_file_and_validation_on_another_folder(
    classes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "net.yaml").write_text(
        "name: mine\nsize: 10\nchannels: 3\nencoder:\n  - Conv2d: [3, 4, 3]\n  - ReLU\n  - MaxPool2d: 2\n"
    )
    held = pictures(tmp_path / "held", {"dark": 3, "light": 4})
    words = ("train", classes, "--out", tmp_path / "m", "--network", tmp_path / "net.yaml", "--epochs", 1)
    result = unpool(capsys, *words, "--val", held)
    assert (result["network"], result["images"]) == ("mine", 67)
    assert result["val_loss"] > 0
    assert load_model(tmp_path / "m").preprocessing.size == 10


def test_grey_images_give_one_channel_and_broken_ones_are_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "grey"
    folder.mkdir()
    for number in range(12):
        Image.fromarray(np.full((9, 9), 20 * number, np.uint8)).save(folder / f"{number}.png")
    (folder / "broken.png").write_bytes(b"no image")
    result = unpool(capsys, "train", folder, "--out", tmp_path / "m", "--epochs", 1, *TINY)
    assert (result["images"], result["skipped"]) == (12, 1)
    assert load_model(tmp_path / "m").preprocessing.channels == 1


def test_wrong_words_are_refused_in_one_line(
    classes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("train", classes, "--out", tmp_path / "m")

    def line(*more: object, code: int = 2) -> str:
        result = unpool(capsys, *words, *more, code=code)
        assert isinstance(result, str)
        assert not (tmp_path / "m" / "model.json").exists()
        return result

    assert "unknown network 'conf'; did you mean 'conv'?" in line("--network", "conf")
    missing = (
        "train",
        tmp_path / "nowhere",
        *words[2:],
    )  # wrong words are an error before anything is opened
    assert "did you mean 'huber'?" in unpool(capsys, *missing, "--loss", "hubert", code=2)
    assert "did you mean 'nadam'?" in line("--optimizer", "nadan", *TINY)
    assert "did you mean 'cosine'?" in line("--schedule", "cosin", *TINY)
    assert "did you mean 'huber'?" in line("--loss", "hubert", *TINY)
    assert "did you mean 'salt-pepper'?" in line(
        "--objective", "denoise", "--corruption", "salt-peper", *TINY
    )
    assert "--epochs, --steps and --minutes" in line("--epochs", 1, "--steps", 1)
    assert "too small for vgg16-bn" in line(
        "--network", "vgg16-bn", "--size", 20, "--weights", "none", code=1
    )
    assert "--val is 1.5" in line("--val", 1.5)
    assert "--lr is -1" in line("--lr", -1)
    assert "net.yaml: there is no such file" in line("--network", "net.yaml")
    assert "has no model.json" in line("--from", classes, code=1)


def test_classes_that_are_missing_or_empty_are_named(
    classes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("train", classes, "--out", tmp_path / "m", "--objective", "classify", "--epochs", 1, *TINY)
    (classes / "nothing").mkdir()
    assert "nothing has no usable image" in unpool(capsys, *words, code=1)
    (classes / "nothing" / "broken.png").write_bytes(b"no image")
    assert "nothing has no usable image" in unpool(capsys, *words, code=1)
    shutil.rmtree(classes / "nothing")
    Image.fromarray(np.zeros((9, 9, 3), np.uint8)).save(classes / "stray.png")
    assert "labels are missing: stray.png" in unpool(capsys, *words, code=1)
    only = pictures(tmp_path / "only", {"one": 5})
    assert "labels are missing" in unpool(capsys, "train", only / "one", *words[2:], code=1)
    assert "lie in the one folder 'one'" in unpool(capsys, "train", only, *words[2:], code=1)


def test_classes_come_from_a_label_file_and_belong_to_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, labels = pictures(tmp_path / "photos", {"all": 9}), tmp_path / "labels.csv"
    rows = [f"all\\{number:03}.png;{'ab'[number % 2]}" for number in range(7)] + ["all\\007.png;alone"]
    labels.write_text("\n".join(["file;class", *rows]), encoding="utf-16")
    words = ("train", folder, "--out", tmp_path / "m", "--objective", "classify", "--epochs", 1, *TINY)
    result = unpool(capsys, *words, "--labels", labels, "--val", 0.3)
    assert isinstance(result, dict)
    assert (result["images"], result["labelled"], result["unlabelled"]) == (8, 8, 1)
    assert result["not_validated"] == ["alone"]
    assert np.sum(result["confusion"][1]) == 0
    record = describe_model(tmp_path / "m")
    assert record["classes"] == ["a", "alone", "b"]
    assert record["training"]["labels"][0]["matched_by"] == {"by turning backslashes": 8}
    labels.write_text("path,label\n000.png,a\n001.png,b\n")
    assert "whose labels was" in unpool(capsys, *words, "--labels", labels, "--resume", code=2)
    words = ("train", folder, "--out", tmp_path / "n", "--objective", "reconstruct", *TINY)
    assert "--labels has no effect on --objective reconstruct" in unpool(
        capsys, *words, "--labels", labels, code=2
    )


def test_checkpoints_of_another_run_and_damaged_ones_are_refused_and_kept(
    classes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("train", classes, "--out", tmp_path / "m", "--epochs", 1, *TINY, "--resume")
    with monkeypatch.context() as patch:
        stopped_after(3, patch)
        with pytest.raises(Stop):
            main(list(map(str, words)))
    checkpoint = tmp_path / "m" / "training" / "checkpoint.pt"
    whole = checkpoint.read_bytes()
    other = ("train", classes, "--out", tmp_path / "m", "--epochs", 1, "--network", "dense", "--resume")
    assert "its network is 'conv', not 'dense'" in unpool(capsys, *other, code=1)
    assert checkpoint.read_bytes() == whole
    checkpoint.write_bytes(whole[: len(whole) // 2])
    assert "cannot be read" in unpool(capsys, *words, code=1)
    assert checkpoint.exists()
    checkpoint.write_bytes(whole)
    unpool(capsys, *words)


def test_a_folder_of_labels_that_has_changed_is_another_training(tmp_path: Path) -> None:
    (tmp_path / "val").mkdir()
    keys = set()
    for label in "xy":
        (tmp_path / "val/metadata.csv").write_text(f"file_name,label\na.png,{label}\n")
        keys |= {
            _labels_key(str(tmp_path))["labels"],
            _labels_key(str(tmp_path / "val/metadata.csv"))["labels"],
        }
    assert len(keys) == 4
    assert _labels_key("folders:1") == {"labels": "folders:1"}
    assert _labels_key(None) == {}
