"""Pixels are counted against masks as by hand."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from support.masks import make_undecided, write_scenes
from support.scoring import PlainScoring
from support.training import segment_evaluate, segment_predict
from unpool.actions.segmentation import evaluate as module
from unpool.actions.sharing.annotations.mask_formats import parse_mask_formats
from unpool.actions.sharing.annotations.predicted_masks import MaskRequest, PredictedMask
from unpool.errors import UnpoolError, UsageError
from unpool.images.masks.pixel_classes import classes_by_value
from unpool.inference import segmenter_model
from unpool.inference.segmenter_model import LoadedSegmenter
from unpool.networks.segmentation.scales import learn_scales
from unpool.networks.segmentation.segmenter import Segmenter
from unpool.training.model_file import save_model


class Brightness(PlainScoring):
    """Predicts of each pixel the class of its red, in steps of 100."""

    network = SimpleNamespace(enlarge=1.0)
    num_classes = 3

    def __call__(self, pixels_BHW3: np.ndarray) -> torch.Tensor:
        class_BHW = torch.from_numpy(pixels_BHW3[..., 0].astype(np.int64) // 100)
        return torch.nn.functional.one_hot(class_BHW, 3).permute(0, 3, 1, 2).float()


@pytest.fixture
def by_brightness(monkeypatch: pytest.MonkeyPatch) -> None:
    classes = classes_by_value(["dark", "grey", "bright"], ignore=255)
    loaded: Any = LoadedSegmenter(Brightness(), classes, "brightness")  # type: ignore[arg-type]
    monkeypatch.setattr(module, "load_segmenter", lambda *_: loaded)


def write_pair(folder: Path, name: str, red: list[int], label: list[int]) -> tuple[Path, Path]:
    """One row of pixels, and their labels."""
    images, masks = folder / "images", folder / "masks"
    for part in (images, masks):
        part.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.array([[(value, 0, 0) for value in red]], np.uint8)).save(images / name)
    Image.fromarray(np.array([label], np.uint8)).save(masks / name)
    return images, masks


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    names = ["ground", "disc", "bar"]
    network = Segmenter("fcn4s", num_classes=3, backbone="conv", seed=0)
    save_model(folder, network, classes=names, masks=classes_by_value(names).to_dict())
    return folder


@pytest.fixture(autouse=True)
def on_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the export, which takes seconds."""

    def fail(*_: Any) -> None:
        raise UnpoolError("not in this test")

    monkeypatch.setattr(segmenter_model, "export_segmenter", fail)


def test_annotations_give_the_figures_of_masks(model: Path, tmp_path: Path) -> None:
    images, masks = write_scenes(tmp_path, 2)
    written = [
        PredictedMask(file.name, images / file.name, file.stem, file, np.arange(256, dtype=np.uint8))
        for file in sorted(masks.iterdir())
    ]
    request = MaskRequest(written, ["ground", "disc", "bar"], [(0, 0, 0)] * 3, tmp_path, "m")
    by_masks = segment_evaluate(images, masks, model=model)
    for each in parse_mask_formats("coco,labelme"):
        by_annotations = segment_evaluate(images, each.write(request).path, model=model)
        assert by_annotations["confusion"] == by_masks["confusion"]
        assert by_annotations["iou"] == by_masks["iou"]
        assert "areas that" in str(by_annotations["notes"])
        assert (by_annotations["unmatched"], by_annotations["extra"]) == (0, 0)


def test_the_table_is_that_of_the_predicted_label_maps(model: Path, tmp_path: Path) -> None:

    images, masks = write_scenes(tmp_path, 2)
    found = segment_evaluate(images, masks, model=model)
    segment_predict(images, model=model, out=tmp_path / "out")
    table = np.zeros((3, 3), int)
    for mask in sorted(masks.iterdir()):
        true = np.asarray(Image.open(mask)).ravel()
        predicted = np.asarray(Image.open(tmp_path / "out" / mask.name)).ravel()
        np.add.at(table, (true, predicted), 1)
    assert found["confusion"] == table.tolist()
    assert found["pixel_accuracy"] == pytest.approx(np.trace(table) / table.sum())
    assert (found["images"], found["skipped"]) == (2, 0)


def test_unreadable_pairs_are_skipped_and_none_is_an_error(model: Path, tmp_path: Path) -> None:
    images, masks = write_scenes(tmp_path, 2)
    (masks / "000.png").write_bytes(b"no picture")
    (images / "empty.png").touch()
    found = segment_evaluate(images, masks, model=model)
    assert (found["images"], found["skipped"]) == (1, 2)
    (masks / "001.png").write_bytes(b"no picture")
    with pytest.raises(UnpoolError, match=r"no mask can be read; the first, 000\.png"):
        segment_evaluate(images, masks, model=model)


def test_pixels_are_counted_over_all_pairs_and_void_ones_are_not(by_brightness: None, tmp_path: Path) -> None:
    write_pair(tmp_path, "a.png", [0, 0, 100, 200], [0, 1, 1, 255])
    images, masks = write_pair(tmp_path, "b.png", [200, 0], [1, 0])
    found = segment_evaluate(images, masks, model=tmp_path)
    assert found["confusion"] == [[2, 0, 0], [1, 1, 1], [0, 0, 0]]
    assert found["iou"] == {"dark": pytest.approx(2 / 3), "grey": pytest.approx(1 / 3), "bright": None}
    assert (found["pixel_accuracy"], found["mean_iou"]) == (pytest.approx(0.6), pytest.approx(0.5))
    assert (found["ignored"], found["ignored_share"]) == (1, pytest.approx(1 / 6, abs=1e-6))
    assert "1 of 6 pixels (16.7 %) are ignored: they are no class" in found["notes"]
    assert "no mask holds 'bright': left out of the means" in found["notes"]


def test_masks_without_a_class_are_an_error(by_brightness: None, tmp_path: Path) -> None:
    images, masks = write_pair(tmp_path, "a.png", [0, 100], [255, 255])
    with pytest.raises(UnpoolError, match=r"no pixel of the masks is a class: all 2 are ignored"):
        segment_evaluate(images, masks, model=tmp_path)


def test_colour_that_a_model_of_one_channel_does_not_see_is_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    classes = classes_by_value(["dark", "grey", "bright"])
    for channels, grey_share, words in (
        (1, None, "sees the brightness alone of 1 of 1"), (3, 1.0, "trained on grey images alone"), (3, 0.0, None),
    ):  # fmt: skip
        loaded: Any = LoadedSegmenter(Brightness(), classes, "b", channels, grey_share)  # type: ignore[arg-type]
        monkeypatch.setattr(module, "load_segmenter", lambda *_, loaded=loaded: loaded)
        images, masks = write_pair(tmp_path, "a.png", [0, 100], [0, 1])
        notes = segment_evaluate(images, masks, model=tmp_path)["notes"]
        assert any(words in note for note in notes) if words else not any("colour" in note for note in notes)


def test_values_that_are_no_class_are_an_error_or_ignored(by_brightness: None, tmp_path: Path) -> None:
    images, masks = write_pair(tmp_path, "a.png", [0, 100, 0], [0, 1, 77])
    with pytest.raises(UnpoolError, match=r"the mask a\.png holds the value 77"):
        segment_evaluate(images, masks, model=tmp_path)
    found = segment_evaluate(images, masks, model=tmp_path, unknown="ignore")
    assert found["confusion"] == [[1, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert any("1 pixels of 1 masks hold values that are no class" in note for note in found["notes"])
    assert segment_evaluate(images, masks, model=tmp_path, unknown="nearest")["ignored"] == 0


def test_images_unlike_those_learnt_are_named_and_resized_on_request(tmp_path: Path) -> None:
    network = Segmenter("fcn4s", num_classes=3, backbone="conv", seed=0)
    make_undecided(network)
    network.learnt = learn_scales([(48, 64)])
    names = ["ground", "disc", "bar"]
    save_model(tmp_path / "model", network, classes=names, masks=classes_by_value(names).to_dict())
    images, masks = write_scenes(tmp_path, 1, height=144, width=192)
    plain = segment_evaluate(images, masks, model=tmp_path / "model")
    assert any("192×144 pixels are 3 times the 64×48" in note for note in plain["notes"])
    scaled = segment_evaluate(images, masks, model=tmp_path / "model", scale="auto")
    assert (plain["outside"], scaled["outside"], scaled["resized"]) == (1, 0, 1)
    assert scaled["confusion"] != plain["confusion"]
    segment_predict(images, model=tmp_path / "model", out=tmp_path / "out", scale="auto")
    true, predicted = (np.asarray(Image.open(part / "000.png")) for part in (masks, tmp_path / "out"))
    assert scaled["pixel_accuracy"] == pytest.approx((true == predicted).mean())


def test_objects_are_counted_by_a_model_of_objects_alone(by_brightness: None, tmp_path: Path) -> None:
    images, masks = write_pair(tmp_path, "a.png", [0, 100], [0, 1])
    with pytest.raises(
        UsageError, match=r"--numbers objects, but the model .* classes \(dark, grey, bright\)"
    ):
        segment_evaluate(images, masks, model=tmp_path, numbers="objects")
    assert segment_evaluate(images, masks, model=tmp_path, numbers="classes")["images"] == 1


def test_palettes_that_the_model_does_not_know_are_reported(by_brightness: None, tmp_path: Path) -> None:
    images, masks = write_pair(tmp_path, "a.png", [0, 100, 200], [0, 1, 2])
    mask = Image.open(masks / "a.png").convert("P")
    mask.putpalette([9, 9, 9, 0, 0, 255, 255, 0, 0])
    mask.save(masks / "a.png")
    notes = segment_evaluate(images, masks, model=tmp_path)["notes"]
    assert any("#090909 is 'dark', #0000ff is 'grey', #ff0000 is 'bright'" in note for note in notes)
    assert not segment_evaluate(images, masks, model=tmp_path, numbers="classes")["notes"]


def test_of_a_voc_folder_the_pairs_of_its_list_val_are_taken(by_brightness: None, tmp_path: Path) -> None:
    write_pair(tmp_path, "a.png", [0, 0], [0, 0])
    images, masks = write_pair(tmp_path, "b.png", [100, 100], [1, 1])
    listed = tmp_path / "ImageSets" / "Segmentation"
    listed.mkdir(parents=True)
    for split, name in (("train", "a"), ("val", "b")):
        (listed / f"{split}.txt").write_text(f"{name}\n")
    images = images.rename(tmp_path / "JPEGImages")
    assert segment_evaluate(images, masks, model=tmp_path)["confusion"] == [[0, 0, 0], [0, 2, 0], [0, 0, 0]]


def test_the_confusion_is_drawn_where_a_file_is_named(by_brightness: None, tmp_path: Path) -> None:
    images, masks = write_pair(tmp_path, "a.png", [0, 100], [0, 1])
    segment_evaluate(images, masks, model=tmp_path, out=tmp_path / "confusion.png")
    with Image.open(tmp_path / "confusion.png") as picture:
        assert (picture.format, min(picture.size) > 50) == ("PNG", True)


@pytest.mark.parametrize("options", [{"device": "gpu"}, {"unknown": "skip"}])
def test_options_are_checked_before_a_folder_is_read(options: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"--{next(iter(options))} "):
        segment_evaluate(tmp_path / "none", tmp_path / "none", model=tmp_path, **options)
