"""`unpool segment`: trained, predicted and evaluated by the command, on scenes that the tests make."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from support import commands
from support.masks import scene, write_scenes
from support.scoring import PlainScoring
from support.training import segment_evaluate, segment_predict, segment_train
from unpool.actions.segmentation.data import count_masks, find_labelled
from unpool.cli.errors import exit_code_of
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UsageError
from unpool.images.annotations.class_names import plan_folder
from unpool.images.masks.label_maps import read_label_map
from unpool.images.masks.pixel_classes import classes_by_value

QUICK: dict[str, Any] = {"backbone": "conv", "steps": 60, "batch": 4, "size": 32, "enlarge": 1.0, "lr": 0.01}


class Messages(Progress):
    def __init__(self) -> None:
        self.said: list[str] = []

    def message(self, text: str) -> None:
        self.said.append(text)


def command(*words: str) -> subprocess.CompletedProcess[str]:
    """What a command leaves that is run in this process."""
    done = commands.run(list(words))
    return subprocess.CompletedProcess(words, done["code"], done["out"], done["err"])


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path, dict[str, Any]]:
    """Scenes to learn from and others to look at, and a model of the first."""
    folder = tmp_path_factory.mktemp("segment")
    images, masks = write_scenes(folder, 24)
    others = folder / "others"
    val_images, val_masks = write_scenes(others, 8, start=100)
    result = segment_train(
        images, masks, out=folder / "model", val_images=val_images, val_masks=val_masks, **QUICK
    )
    return folder / "model", val_images, val_masks, result


def test_a_network_learns_to_label_scenes_it_has_not_seen(trained) -> None:
    model, images, masks, result = trained
    assert result["val_miou"] > 0.8
    assert result["steps"] == 60
    assert set(result["iou"]) == {"0", "1", "2"}
    found = segment_evaluate(images, masks, model=model, out=model / "confusion.png")
    assert found["mean_iou"] == pytest.approx(result["val_miou"], abs=0.02)
    assert found["pixel_accuracy"] > 0.9
    assert np.sum(found["confusion"]) == 8 * 48 * 64
    for name in ("model.json", "model.safetensors", "loss.png", "report/index.html", "report/examples.jpg"):
        assert (model / name).is_file(), name
    assert (model / "confusion.png").stat().st_size > 5_000
    assert not (model / "training").exists()


def test_what_is_predicted_in_any_format_is_right_when_it_is_read_again(trained, tmp_path: Path) -> None:
    model, images, _, _ = trained
    result = segment_predict(
        images, model=model, out=tmp_path / "out", to="png,coco,yolo,labelme,cvat,labelstudio"
    )
    places = {"png": tmp_path / "out", "export": tmp_path / "export"} | result["labels"]
    (tmp_path / "export" / "SegmentationClass").mkdir(parents=True)  # as CVAT packs them
    for file in images.iterdir():
        shutil.copy(tmp_path / "out" / file.name, tmp_path / "export" / "SegmentationClass")
    shutil.copy(tmp_path / "out" / "labelmap.txt", tmp_path / "export")
    assert len(places) == 7
    classes = classes_by_value(["0", "1", "2"])
    for name, place in places.items():
        found = find_labelled(images, Path(place), split="val", progress=Messages())
        reading = plan_folder(found, classes, count_masks(found, Progress()))
        assert len(found.pairs) == 8, name
        for pair in found.pairs:
            expected_HW = np.asarray(Image.open(tmp_path / "out" / pair.path))
            assert (read_label_map(pair, reading).label_HW == expected_HW).all(), name
    found = segment_evaluate(images, Path(places["coco"]), model=model)
    assert (found["pixel_accuracy"], found["mean_iou"], found["images"]) == (1, 1, 8)


def test_untrained_it_would_not(tmp_path: Path) -> None:
    images, masks = write_scenes(tmp_path, 4)
    result = segment_train(images, masks, out=tmp_path / "m", val=0.5, **(QUICK | {"steps": 1, "lr": 1e-9}))
    assert result["val_miou"] < 0.5


def test_label_maps_have_the_images_sizes_and_the_palette(trained, tmp_path: Path) -> None:
    model, *_ = trained
    folder = tmp_path / "in" / "deep"
    folder.mkdir(parents=True)
    for number, (height, width) in enumerate(((48, 64), (33, 70), (1, 1), (131, 47))):
        pixels = scene(number, max(height, 48), max(width, 64))[0][:height, :width]
        Image.fromarray(pixels).save(folder / f"{number}.png")
    (folder / "broken.jpg").write_bytes(b"no")
    result = segment_predict(tmp_path / "in", model=model, out=tmp_path / "out", probabilities=True)
    assert (result["images"], result["predicted"], result["skipped"]) == (4, 4, 1)
    for number, (height, width) in enumerate(((48, 64), (33, 70), (1, 1), (131, 47))):
        with Image.open(tmp_path / "out" / "deep" / f"{number}.png") as label:
            assert (label.size, label.mode) == ((width, height), "P")
            assert set(np.unique(np.asarray(label))) <= {0, 1, 2}
            assert label.getpalette()[:6] == [0, 0, 0, 128, 0, 0]
        assert Image.open(tmp_path / "out" / "deep" / f"{number}.overlay.png").size == (width, height)
    import tifffile

    chances = tifffile.imread(tmp_path / "out" / "deep" / "0.probabilities.tif")
    assert chances.shape == (3, 48, 64)
    assert np.allclose(chances.astype(np.float32).sum(axis=0), 1, atol=0.01)
    label = np.asarray(Image.open(tmp_path / "out" / "deep" / "0.png"))
    assert (chances.argmax(axis=0) == label).mean() > 0.99
    again = segment_predict(tmp_path / "in", model=model, out=tmp_path / "out", probabilities=True)
    assert (again["images"], again["predicted"]) == (4, 0)


def test_tiles_give_nearly_what_the_whole_image_gives(trained, tmp_path: Path) -> None:
    model, *_ = trained
    pixels, true = scene(3, 300, 420)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    segment_predict(tmp_path / "a.png", model=model, out=tmp_path / "whole")
    segment_predict(tmp_path / "a.png", model=model, out=tmp_path / "tiled", tile=128)
    whole, tiled = (np.asarray(Image.open(tmp_path / name / "a.png")) for name in ("whole", "tiled"))
    assert (whole == true).mean() > 0.9
    assert (whole == tiled).mean() > 0.99


def test_a_large_tiff_is_labelled_by_strips_and_gone_on_with_after_a_stop(
    trained, tmp_path: Path, monkeypatch
) -> None:
    import tifffile

    from unpool.actions.segmentation import predict_image as module

    model, *_ = trained
    pixels, _ = scene(5, 1200, 200)
    for name, options in (("strips", {"rowsperstrip": 16}), ("tiles", {"tile": (64, 64)})):
        tifffile.imwrite(tmp_path / f"{name}.tif", pixels, compression="zlib", photometric="rgb", **options)
    monkeypatch.setattr(module, "LARGE_PIXELS", 50_000)
    result = {"model": model, "tile": 96}
    segment_predict(tmp_path / "strips.tif", out=tmp_path / "out", **result)
    segment_predict(tmp_path / "tiles.tif", out=tmp_path / "out", **result)
    whole = tifffile.imread(tmp_path / "out" / "strips.tif")
    assert (whole == tifffile.imread(tmp_path / "out" / "tiles.tif")).all()
    Image.fromarray(pixels).save(tmp_path / "strips.png")
    monkeypatch.setattr(module, "LARGE_PIXELS", 50_000_000)
    segment_predict(tmp_path / "strips.png", out=tmp_path / "small", **result)
    assert (whole == np.asarray(Image.open(tmp_path / "small" / "strips.png"))).all()
    assert (tmp_path / "out" / "strips.overlay.png").is_file()

    monkeypatch.setattr(module, "LARGE_PIXELS", 50_000)
    calls = {"all": 0}
    real = module.predict_rows

    def counting(scorer, *rest, **more):
        class Stopping(PlainScoring):
            num_classes, network = scorer.num_classes, scorer.network

            def __call__(self, pixels_BHW3):
                calls["all"] += 1
                if calls["all"] == calls.get("stop"):
                    raise KeyboardInterrupt
                return scorer(pixels_BHW3)

        return real(Stopping(), *rest, **more)

    monkeypatch.setattr(module, "predict_rows", counting)
    result["probabilities"] = True  # labels alone would hide what a resumed row lacks
    segment_predict(tmp_path / "strips.tif", out=tmp_path / "all", **result)
    every = calls["all"]
    calls["all"], calls["stop"] = 0, every - 4
    with pytest.raises(KeyboardInterrupt):
        segment_predict(tmp_path / "strips.tif", out=tmp_path / "again", **result)
    assert not (tmp_path / "again" / "strips.tif").exists()
    calls["all"] = 0
    calls.pop("stop")
    segment_predict(tmp_path / "strips.tif", out=tmp_path / "again", **result)
    assert calls["all"] < every / 2  # little is repeated
    assert (whole == tifffile.imread(tmp_path / "again" / "strips.tif")).all()
    chances = [tifffile.imread(tmp_path / name / "strips.probabilities.tif") for name in ("all", "again")]
    assert (chances[0] == chances[1]).all()
    assert not list((tmp_path / "again").glob(".*"))


def test_probabilities_of_a_large_image_are_those_of_a_small_one(
    trained, tmp_path: Path, monkeypatch
) -> None:
    import tifffile

    from unpool.actions.segmentation import predict_image as module

    model, *_ = trained
    Image.fromarray(scene(7, 300, 200)[0]).save(tmp_path / "a.png")
    result = {"model": model, "tile": 96, "probabilities": True}
    segment_predict(tmp_path / "a.png", out=tmp_path / "small", **result)
    monkeypatch.setattr(module, "LARGE_PIXELS", 10_000)
    segment_predict(tmp_path / "a.png", out=tmp_path / "large", **result)
    small, large = (tifffile.imread(tmp_path / name / "a.probabilities.tif") for name in ("small", "large"))
    assert small.shape == large.shape == (3, 300, 200)
    assert (small == large).all()
    assert (
        tifffile.imread(tmp_path / "large" / "a.tif") == np.asarray(Image.open(tmp_path / "small" / "a.png"))
    ).all()
    assert not list((tmp_path / "large").glob(".*"))


@pytest.mark.parametrize(
    ("typed", "rate"), [({}, 0.003), ({"weights": "none"}, 0.009), ({"backbone_lr": 0.1}, 0.1)]
)
def test_a_backbone_that_has_learnt_is_trained_at_a_third_of_the_rate(
    typed: dict[str, Any], rate: float, tmp_path: Path, monkeypatch
) -> None:
    from unpool.training import trainer as fit

    seen: dict[str, Any] = {}
    real = fit.build_optimiser

    def watching(text, groups, lr, decay):
        seen["rates"] = [group.get("lr", lr) for group in groups]
        return real(text, groups, lr, decay)

    monkeypatch.setattr(fit, "build_optimiser", watching)
    images, masks = write_scenes(tmp_path, 3)
    result = QUICK | {"backbone": "efficientnet-lite0", "steps": 1, "batch": 2, "lr": 0.009} | typed
    segment_train(images, masks, out=tmp_path / "m", **result)
    assert seen["rates"] == pytest.approx([0.009, rate])


def test_stopped_and_resumed_it_ends_with_the_same_weights(tmp_path: Path, monkeypatch) -> None:
    from unpool.training import checkpoint as saving
    from unpool.training.trainer import Trainer

    images, masks = write_scenes(tmp_path, 6)
    result = QUICK | {"steps": 40, "val": 0.2}
    segment_train(images, masks, out=tmp_path / "straight", **result)
    monkeypatch.setattr(saving, "SAVE_EVERY_SECONDS", 0.0)
    monkeypatch.setattr(saving, "SAVE_SHARE", 1e9)
    seen = {"steps": 0}
    real = Trainer.backward

    def stopping(self, *rest):
        seen["steps"] += 1
        if seen["steps"] == 35:
            raise KeyboardInterrupt
        return real(self, *rest)

    monkeypatch.setattr(Trainer, "backward", stopping)
    with pytest.raises(KeyboardInterrupt):
        segment_train(images, masks, out=tmp_path / "stopped", **result)
    monkeypatch.setattr(Trainer, "backward", real)
    segment_train(images, masks, out=tmp_path / "stopped", resume=True, **result)
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("straight", "stopped")]
    assert weights[0] == weights[1]
    messages = Messages()
    segment_train(images, masks, out=tmp_path / "stopped", resume=True, progress=messages, **result)
    assert any("is finished: nothing to do" in text for text in messages.said)
    with pytest.raises(UsageError, match=r"whose loss was None, not 'dice'.*, or give another --out"):
        segment_train(images, masks, out=tmp_path / "stopped", resume=True, **(result | {"loss": "dice"}))


def test_a_frozen_backbone_keeps_weights_and_statistics(tmp_path: Path) -> None:
    from unpool.networks.catalogue import build_network
    from unpool.training.model_file import load_model, save_model

    images, masks = write_scenes(tmp_path, 4)
    before = build_network("conv", size=32, channels=3, seed=1)
    save_model(tmp_path / "own", before)
    result = QUICK | {"backbone": str(tmp_path / "own"), "steps": 5}
    segment_train(images, masks, out=tmp_path / "frozen", freeze=True, **result)
    segment_train(images, masks, out=tmp_path / "free", **result)
    kept, moved = (load_model(tmp_path / name).encoder.state_dict() for name in ("frozen", "free"))
    wanted = before.encoder.state_dict()
    assert all((kept[name] == value).all() for name, value in wanted.items())
    assert any((moved[name] != value).any() for name, value in wanted.items())


@pytest.mark.parametrize(
    "loss",
    ["cross-entropy", "lovasz", *(pytest.param(name, marks=pytest.mark.slow) for name in ("focal", "dice"))],
)
def test_every_loss_learns(loss: str, tmp_path: Path) -> None:
    images, masks = write_scenes(tmp_path, 8)
    result = segment_train(
        images, masks, out=tmp_path / "m", val_images=images, val_masks=masks, loss=loss, class_weights="sqrt",
        **(QUICK | {"steps": 40}),
    )  # fmt: skip
    assert result["val_miou"] > 0.6


@pytest.mark.slow
def test_segnet_learns_too(tmp_path: Path) -> None:
    images, masks = write_scenes(tmp_path, 8)
    result = segment_train(
        images, masks, out=tmp_path / "m", network="segnet", val_images=images, val_masks=masks, **QUICK
    )
    assert result["val_miou"] > 0.6
    assert segment_evaluate(images, masks, model=tmp_path / "m")["mean_iou"] == pytest.approx(
        result["val_miou"], abs=0.02
    )


def test_broken_missing_and_wrong_pairs_are_reported_and_the_rest_is_learnt_from(tmp_path: Path) -> None:
    images, masks = write_scenes(tmp_path, 8)
    (masks / "001.png").unlink()
    (masks / "002.png").write_bytes(b"broken")
    (images / "003.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    Image.new("L", (7, 7)).save(masks / "004.png")
    messages = Messages()
    result = segment_train(images, masks, out=tmp_path / "m", progress=messages, **(QUICK | {"steps": 2}))
    said = "\n".join(messages.said)
    assert result["images"] == 4
    assert "1 of 8 images have no mask and are left out (the first is 001.png)" in said
    for name, words in (("002.png", "not-an-image"), ("003.png", "PNG"), ("004.png", "wrong-size")):
        assert any(name in line and words in line for line in messages.said), (name, said)
    assert result["skipped"] == 3


def test_unknown_values_stop_before_anything_is_trained(tmp_path: Path) -> None:
    images, masks = write_scenes(tmp_path, 4)
    (tmp_path / "classes.txt").write_text("ground 0\ndisc 1\n")
    words = [
        str(images),
        str(masks),
        "--out",
        str(tmp_path / "m"),
        "--classes",
        str(tmp_path / "classes.txt"),
    ]
    done = command("segment", "train", *words, "--steps", "1")
    assert done.returncode == 1
    line = done.stderr.strip().splitlines()[-1]
    assert line.startswith("unpool: the mask 000.png holds the value 2 (")
    assert "--unknown ignore" in line
    quick = ["--backbone", "conv", "--size", "32", "--batch", "2", "--enlarge", "1"]
    done = command("segment", "train", *words, "--steps", "1", "--unknown", "ignore", *quick, "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert {
        "out",
        "network",
        "parameters",
        "epochs",
        "steps",
        "seconds",
        "images_per_second",
        "train_loss",
    } <= set(result)
    assert {"val_loss", "val_accuracy", "val_miou", "iou"} <= set(result)


@pytest.mark.slow
def test_binary_masks_come_back_as_they_were_written(tmp_path: Path) -> None:
    images, masks = write_scenes(tmp_path, 6)
    for file in masks.iterdir():
        label = np.asarray(Image.open(file))
        Image.fromarray(((label == 1) * 255).astype(np.uint8)).save(file)
    result = segment_train(images, masks, out=tmp_path / "m", val_images=images, val_masks=masks, **QUICK)
    assert set(result["iou"]) == {"background", "foreground"}
    segment_predict(images, model=tmp_path / "m", out=tmp_path / "out")
    assert set(np.unique(np.asarray(Image.open(tmp_path / "out" / "000.png")))) == {0, 1}
    assert segment_evaluate(images, masks, model=tmp_path / "m")["mean_iou"] > 0.6


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"network": "fcn4"}, "did you mean 'fcn4s'"),
        ({"loss": "lovas"}, "did you mean 'lovasz'"),
        ({"epochs": 2}, "--epochs, --steps and --minutes"),
        ({"val_images": Path("x")}, "--val-images and --val-masks go together"),
        ({"augment": "scene"}, "did you mean 'scenes'"),
        ({"backbone": "resnet19"}, "resnet19"),
        ({"ignore": 2**32}, "--ignore is 4294967296"),
        ({"batch": 0}, "--batch is 0"),
        ({"size": 5}, "--size is 5, but must be a number from 16 to 8192"),
        (
            {"network": "segnet", "upsampling": "dense"},
            "--upsampling dense has no effect on --network segnet",
        ),
    ],
)
def test_wrong_wishes_are_reported(change: dict[str, Any], words: str, tmp_path: Path) -> None:
    images, masks = write_scenes(tmp_path, 3)
    with pytest.raises(UsageError, match=words):
        segment_train(images, masks, out=tmp_path / "m", **(QUICK | change))


def test_models_of_the_other_kind_are_refused(trained, tmp_path: Path) -> None:
    from unpool.networks.catalogue import build_network
    from unpool.training.model_file import save_model

    model, images, _, _ = trained
    save_model(tmp_path / "own", build_network("conv", size=8, channels=3))
    with pytest.raises(UnpoolError, match="holds conv, which is no segmenter"):
        segment_predict(images, model=tmp_path / "own", out=tmp_path / "out")
    done = command("embed", str(images), "--model", str(model), "--work", str(tmp_path / "w.unpool"))
    assert done.returncode == 1
    assert "which is no encoder" in done.stderr


def test_ctrl_c_says_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    exit_code_of(stop, ["segment", "train", "a", "b"])
    assert "give the same command with --resume to resume it" in capsys.readouterr().err
    exit_code_of(stop, ["segment", "predict", "a"])
    assert "give the same command again to resume it" in capsys.readouterr().err
