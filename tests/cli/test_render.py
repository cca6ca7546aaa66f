"""Results as people read them."""

from __future__ import annotations

from unpool.cli import render


def test_the_catalogue_is_one_network_a_line() -> None:
    known = {"dimension": 512, "megabytes": 47, "images_per_second": 8.5, "licence": "MIT", "text": True}
    rows = [
        {"network": "conv", "size": 64, "needs": "training", "description": "small"},
        {"network": "clip", "size": 224, "needs": None, "description": "words", **known},
    ]
    text = render.format_catalogue({"networks": rows})
    lines = [line.split() for line in text.splitlines()]
    assert lines[1] == ["conv", "64", "no", "training", "small"]
    assert lines[2] == ["clip", "224", "512", "47", "8.5", "MIT", "yes", "nothing", "words"]
    assert "timm" in text
    assert (
        "MB: of the weights, which are downloaded once where `needs` says so, and are here otherwise" in text
    )


def test_layers_end_with_the_sums() -> None:
    layer = {"name": "conv", "type": "Conv2d", "output": [8, 4, 4], "parameters": 1216}
    result = {
        "layers": [layer], "parameters": 1216, "trainable": 0, "input_mb": 1, "activations_mb": 2,
        "parameters_mb": 3,
    }  # fmt: skip
    lines = render.format_layers(result).splitlines()
    assert lines[1].split() == ["conv", "Conv2d", "8×4×4", "1,216"]
    assert lines[2] == "1,216 parameters, 0 trainable"


def test_a_training_leaves_out_what_is_not_known() -> None:
    result = {
        "network": "conv", "parameters": 1000, "epochs": 3, "train_loss": 0.5, "val_loss": None,
        "val_accuracy": None, "out": "m",
    }  # fmt: skip
    assert render.format_training(result) == (
        "conv, 1,000 parameters, 3 epochs, training loss 0.5000\nmodel: m"
    )


def test_a_segmenter_shows_the_iou_of_each_class() -> None:
    result = {
        "network": "fcn4s", "parameters": 1, "steps": 2, "val_miou": 0.25, "best_epoch": 1,
        "iou": {"cat": 0.5, "dog": None}, "out": "m",
    }  # fmt: skip
    lines = render.format_segmenter_training(result).splitlines()
    assert "mean IoU 0.2500" in lines[0]
    assert [line.split() for line in lines[1:3]] == [["cat", "0.500"], ["dog", "–"]]
    bare = render.format_segmenter_training(result | {"val_miou": None, "iou": None})
    assert bare.splitlines()[1] == "model: m"


def test_the_quality_of_a_segmenter_is_a_table() -> None:
    result = {
        "images": 2, "pixel_accuracy": 0.5, "mean_accuracy": None, "mean_iou": 0.1, "iou": {"a": 1.0},
    }  # fmt: skip
    assert render.format_segmentation_quality(result).splitlines()[-1].split() == ["a", "1.000"]
