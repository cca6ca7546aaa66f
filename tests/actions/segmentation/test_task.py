"""The network, the plan and the images of a segmenter's training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from support.messages import Messages
from support.segmentation import SETTINGS, build_task, load_scenes
from unpool.actions.segmentation import task as module
from unpool.actions.segmentation.task import LabelledImages, SegmentationTask, build_segmenter, enlargement
from unpool.errors import UnpoolError, UsageError
from unpool.networks.catalogue import build_network
from unpool.objectives.losses.class_weights import class_weights
from unpool.objectives.losses.segmentation import DEFAULT, pixel_loss
from unpool.training.history import History
from unpool.training.model_file import save_model


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> LabelledImages:
    return load_scenes(tmp_path_factory.mktemp("scenes"))


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder of an encoder with weights of its own."""
    folder = tmp_path_factory.mktemp("backbone")
    save_model(folder, build_network("conv", size=32, channels=3, seed=9))
    return folder


def test_few_images_are_repeated_and_none_is_held_out(labelled: LabelledImages) -> None:
    train_M, held_M = build_task(labelled).parts
    assert len(train_M) == 64
    assert np.bincount(train_M % 4).tolist() == [16] * 4
    assert len(held_M) == 0
    train_M, held_M = build_task(labelled, val=0.25).parts
    assert len(set(train_M % 4)) == 3
    assert len(held_M) == 1


def test_validation_takes_little_of_the_steps(labelled: LabelledImages, tmp_path: Path) -> None:
    large = replace(labelled, held=load_scenes(tmp_path, height=240, width=320).store)
    train_M, held_M = build_task(large).parts
    assert len(held_M) == 4
    pixels = 4 * 240 * 320
    assert 0.09 < pixels / (3 * len(train_M) * 32**2) <= 0.1
    for counted in ({"steps": None, "epochs": 5}, {"patience": 3}, {"schedule": "step:step_size=2"}):
        assert len(build_task(large, **counted).parts[0]) == 64, "there an epoch is what was counted in"


def test_a_backbone_of_random_weights_learns_at_the_full_rate(labelled: LabelledImages) -> None:
    assert build_task(labelled).plan.backbone_lr == 0.3
    assert build_task(labelled, backbone_lr=0.1).plan.backbone_lr == 0.1


def test_small_images_are_enlarged_unless_typed(labelled: LabelledImages) -> None:
    assert build_task(labelled).network.enlarge == enlargement(48) == 2.0
    assert build_task(labelled, enlarge=1.0).network.enlarge == 1.0
    assert build_task(labelled, network="segnet").network.enlarge == 1.0


def test_rare_classes_weigh_more(labelled: LabelledImages) -> None:
    weight_K = build_task(labelled, class_weights="median")._class_weights()
    assert weight_K is not None
    share_K = labelled.store.count_NK.sum(axis=0)
    assert int(weight_K.argmax()) == int(share_K.argmin())
    assert build_task(labelled)._class_weights() is None


def test_of_many_images_a_tenth_is_held_out_unless_others_are_given(
    labelled: LabelledImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MIN_IMAGES_TO_HOLD_OUT", 4)
    monkeypatch.setattr(module, "DEFAULT_VAL", 0.25)
    train_M, held_M = build_task(labelled).parts
    assert (len(set(train_M % 4)), len(held_M)) == (3, 1)
    train_M, held_M = build_task(replace(labelled, held=labelled.store)).parts
    assert (len(set(train_M % 4)), len(held_M)) == (4, 4)


def test_a_model_as_backbone_goes_on_at_a_third_of_the_rate(labelled: LabelledImages, backbone: Path) -> None:
    progress = Messages()
    settings = replace(SETTINGS, backbone=str(backbone), weights=None)
    network, plan = build_segmenter(settings, labelled, progress)
    assert plan.backbone_lr == pytest.approx(0.1)
    assert f"the backbone goes on from {backbone}" in progress.texts
    before = build_network("conv", size=32, channels=3, seed=9).encoder.state_dict()
    after = network.encoder.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_a_frozen_backbone_has_no_rate_and_no_gradients(labelled: LabelledImages) -> None:
    task = build_task(labelled, freeze=True)
    assert task.plan.backbone_lr is None
    assert not any(parameter.requires_grad for parameter in task.network.encoder.parameters())
    assert any(parameter.requires_grad for parameter in task.network.decoder.parameters())


def test_the_start_of_a_pretrained_backbone_is_kept_unless_its_rate_is_set(
    labelled: LabelledImages, tmp_path: Path
) -> None:
    def trained(backbone: str = "efficientnet-lite0", **options: object) -> set[str]:
        encoder = build_task(labelled, backbone=backbone, **options).network.encoder
        names = {name for name, each in encoder.named_parameters() if each.requires_grad}
        return {name.rsplit(".", 2)[0] for name in names}

    kept = {"body.blocks.0.0", "body.blocks.1.0", "body.blocks.1.1"}
    assert not kept & trained(weights="imagenet")
    assert "body.blocks.2.0" in trained(weights="imagenet")
    assert kept <= trained(weights="imagenet", backbone_lr=0.1)
    assert kept <= trained(weights="none")
    save_model(tmp_path / "own", build_network("efficientnet-lite0", size=64, decoder="none", seed=0))
    assert kept <= trained(str(tmp_path / "own"), weights=None)


def test_a_backbone_that_cannot_be_used_is_named(
    labelled: LabelledImages, backbone: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"--weights imagenet: the model .* brings its own"):
        build_task(labelled, backbone=str(backbone), weights="imagenet")
    with pytest.raises(UnpoolError, match="is a folder without a finished model"):
        build_task(labelled, backbone=str(tmp_path))
    segmenter = build_task(labelled).network
    save_model(tmp_path, segmenter, classes=["0", "1", "2"], masks=labelled.classes.to_dict())
    with pytest.raises(UnpoolError, match="holds fcn4s, which is no encoder"):
        build_task(labelled, backbone=str(tmp_path), weights=None)


def test_the_network_is_built_as_the_options_say(labelled: LabelledImages) -> None:
    options = {"upsampling": "dense", "size": 48, "enlarge": 1.5, "augment": "crop"}
    first, again = build_task(labelled, **options), build_task(labelled, **options)
    assert (first.network.size, first.network.enlarge) == (48, 1.5)
    built_with = first.network.built_with or {}
    assert (built_with["network"], built_with["upsampling"]) == ("fcn4s", "dense")
    weights = zip(first.network.parameters(), again.network.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in weights)  # of one seed
    other_seed = next(iter(build_task(labelled, **options, seed=1).network.decoder.parameters()))
    assert not torch.equal(next(iter(first.network.decoder.parameters())), other_seed)


def test_an_enlargement_is_reported_unless_it_is_typed(labelled: LabelledImages) -> None:
    progress = Messages()
    build_segmenter(SETTINGS, labelled, progress)
    assert progress.texts == ["images are enlarged ×2 before the encoder: their short side is 48"]
    progress = Messages()
    build_segmenter(replace(SETTINGS, enlarge=2.0), labelled, progress)
    assert progress.texts == []


def test_classes_are_weighed_by_the_images_trained_on_alone(labelled: LabelledImages) -> None:
    task = build_task(labelled, val=0.5, class_weights="median")
    trained = sorted(set(task.parts[0] % 4))
    expected_K = class_weights(labelled.store.count_NK[trained], task.classes.names, "median")
    assert task._class_weights().tolist() == pytest.approx(expected_K.tolist())
    assert expected_K.tolist() != pytest.approx(
        class_weights(labelled.store.count_NK, task.classes.names, "median").tolist()
    )


def test_the_objective_has_the_loss_and_the_class_weights(labelled: LabelledImages) -> None:
    task = build_task(labelled, loss="focal", class_weights="sqrt")
    scores_BKHW, label_BHW = torch.rand(1, 3, 4, 4), torch.randint(0, 3, (1, 4, 4))
    expected = pixel_loss("focal", task._class_weights())(scores_BKHW, label_BHW)
    assert torch.equal(task.build_objective().loss(scores_BKHW, label_BHW), expected)
    plain = build_task(labelled).build_objective().loss(scores_BKHW, label_BHW)
    assert torch.equal(plain, pixel_loss(DEFAULT, None)(scores_BKHW, label_BHW))


def test_the_record_has_quality_and_share_of_each_class(labelled: LabelledImages) -> None:
    labelled = replace(labelled, num_skipped=2)
    epochs = [{"val_miou": 0.5, "iou": [0.5, None, 0.5]}, {"val_miou": 0.25, "iou": [0.25, None, 0.25]}]
    record = build_task(labelled).measure(History(best_by="val_miou", epochs=epochs))
    assert (record["val_miou"], record["skipped"], record["enlarge"]) == (0.5, 2, 2.0)
    assert record["iou"] == {"0": 0.5, "1": None, "2": 0.5}
    pixels = np.concatenate([labelled.store.labels(n).ravel() for n in range(4)])
    shares = np.bincount(pixels, minlength=3) / len(pixels)
    assert list(record["frequencies"].values()) == pytest.approx(shares, abs=1e-6)
    unmeasured = build_task(labelled).measure(History(best_by="val_miou", epochs=[{"train_loss": 1.0}]))
    assert (unmeasured["val_miou"], unmeasured["iou"]) == (None, None)


def test_the_model_keeps_classes_and_last_weights(labelled: LabelledImages) -> None:
    task: SegmentationTask = build_task(labelled)
    saved = task.model(History(last={"weight": 1}))
    assert saved.network is task.network
    assert (saved.last, saved.classes) == ({"weight": 1}, ["0", "1", "2"])
    assert saved.masks == labelled.classes.to_dict()


def test_the_network_knows_the_sizes_and_scales_that_it_is_trained_on(labelled: LabelledImages) -> None:
    learnt = build_task(labelled).network.learnt
    assert learnt is not None
    assert (learnt.median, learnt.factors, learnt.crop) == ((64, 48), (0.6, 1.8), 32)
    given = build_task(labelled, scales="0.3,3").network.learnt
    assert given is not None
    assert given.factors == (0.3, 3.0)


def test_validation_images_of_other_sizes_are_named(labelled: LabelledImages, tmp_path: Path) -> None:
    assert build_task(replace(labelled, held=labelled.store)).remarks == []
    other = load_scenes(tmp_path, 2, height=144, width=192).store
    remarks = build_task(replace(labelled, held=other)).remarks
    assert any("2 of 2 validation images are not of a size learnt" in remark for remark in remarks)
    assert build_task(replace(labelled, held=other), scales="0.5,4").remarks == []


def test_a_third_of_the_minutes_is_left_for_cross_validation(labelled: LabelledImages) -> None:
    options = {"steps": None, "minutes": 3.0}
    assert build_task(labelled, **options).plan.minutes == 3.0
    settings = replace(SETTINGS, steps=None, minutes=3.0)
    measured: list[int] = []

    def measure(steps: int) -> dict[str, float]:
        measured.append(steps)
        return {"val_miou_cv": 0.25}

    task = SegmentationTask(settings, labelled, torch.device("cpu"), Messages(), cross_validate=measure)
    assert task.plan.minutes == pytest.approx(2.0)
    assert len(task.parts[1]) == 0
    history = History(best_by="val_miou", epochs=[{"train_loss": 1.0}], steps=7)
    assert task.measure(history)["val_miou_cv"] == 0.25
    assert measured == [7]


def test_the_images_of_a_fold_are_held_out(labelled: LabelledImages) -> None:
    task = SegmentationTask(SETTINGS, labelled, torch.device("cpu"), Messages(), held_M=np.array([1, 3]))
    assert {window[0] for window in task.data.windows} == {1, 3}
    assert set(task.parts[0] % 4) == {0, 2}
