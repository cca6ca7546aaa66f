"""Few pairs: none is held out, and a figure comes from trainings on parts of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from support.masks import write_scenes
from support.messages import Messages
from support.segmentation import SETTINGS, load_scenes
from support.training import segment_train
from unpool.actions.segmentation import cross_validation as module
from unpool.actions.segmentation.cross_validation import CrossValidation, plan_cross_validation
from unpool.actions.segmentation.task import LabelledImages
from unpool.actions.training.run import Run
from unpool.errors import UsageError
from unpool.training.distributed import build_accelerator
from unpool.training.model_file import describe_model
from unpool.training.run_folder import FOLDS

TRAINED = {"backbone": "conv", "weights": "none", "batch": 4, "size": 32, "enlarge": 1.0, "lr": 0.02}


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> LabelledImages:
    return load_scenes(tmp_path_factory.mktemp("scenes"), 5)


def run_in(out: Path | None) -> Run:
    return Run(out, {}, False, build_accelerator("cpu", "fp32"), Messages())


def plan(labelled: LabelledImages, **options: Any) -> CrossValidation | None:
    return plan_cross_validation(replace(SETTINGS, **options), labelled, run_in(None))


def test_few_pairs_are_cross_validated_unless_something_else_is_requested(
    labelled: LabelledImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = plan(labelled)
    assert few is not None
    assert few.num_folds == 3
    assert few.describe().startswith("5 pairs are too few to hold any out")
    assert plan(labelled, val=0.0) is None
    assert plan(labelled, val=0.5) is None
    assert plan(labelled, folds=0) is None
    assert plan(replace(labelled, held=labelled.store)) is None
    more = plan(labelled, folds=20, val=0.0)
    assert more is not None
    assert more.num_folds == 5, "one for each pair"
    monkeypatch.setattr(module, "MIN_IMAGES_TO_HOLD_OUT", 5)
    assert plan(labelled) is None
    assert plan(labelled, folds=2) is not None


@pytest.mark.parametrize(("count", "folds"), [(5, 3), (7, 2), (2, 2), (4, 4)])
def test_each_pair_is_held_out_once(count: int, folds: int) -> None:
    parts = module._folds(count, folds, seed=1)
    assert sorted(np.concatenate(parts)) == list(range(count))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert all(len(part) < count for part in parts)


def test_every_pixel_is_measured_once_by_a_network_that_did_not_see_it(
    labelled: LabelledImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[set[int], set[int], int]] = []
    original = module.SegmentationTask

    class Task(original):  # type: ignore[misc, valid-type]
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            trained = {int(index) % len(self.labelled.store) for index in self.parts[0]}
            seen.append((trained, {window[0] for window in self.data.windows}, self.plan.steps or 0))

    monkeypatch.setattr(module, "SegmentationTask", Task)
    tables: list[Any] = []
    monkeypatch.setattr(CrossValidation, "_keep", lambda self, steps, found: tables.append(list(found)))
    validation = CrossValidation(SETTINGS, labelled, run_in(None), 3)
    found = validation(steps=6)
    assert (found["folds"], found["fold_steps"]) == (3, 1)
    assert len(seen) == 3
    for trained, held, _ in seen:
        assert trained | held == set(range(5))
        assert not trained & held
    assert np.array(tables[-1]).sum() == labelled.store.count_NK.sum()
    assert 0 <= found["val_miou_cv"] <= 1
    assert list(found["iou_cv"]) == list(labelled.classes.names)


def test_one_pair_is_cut_into_halves(tmp_path: Path) -> None:
    one = load_scenes(tmp_path, 1)
    validation = plan(one)
    assert validation is not None
    assert validation.describe().startswith(
        "one pair is too few to hold any out: the model learns from all, and 2"
    )
    found = validation(steps=2)
    assert found["folds"] == 2
    assert found["val_miou_cv"] is not None


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = run_in(tmp_path)
    run.open_folder()
    return run


@pytest.fixture
def straight(labelled: LabelledImages, run: Run) -> dict[str, Any]:
    """The figures of trainings that nothing stopped, whose tables are kept."""
    return CrossValidation(SETTINGS, labelled, run, 3)(steps=6)


@pytest.fixture
def measured(straight: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """What is held out of each training from here on."""
    parts: list[np.ndarray] = []
    measure = CrossValidation._measure

    def note(self: CrossValidation, labelled: LabelledImages, held_M: np.ndarray, steps: int) -> np.ndarray:
        parts.append(held_M)
        return measure(self, labelled, held_M, steps)

    monkeypatch.setattr(CrossValidation, "_measure", note)
    return parts


def test_trainings_that_were_finished_are_not_repeated(
    labelled: LabelledImages,
    run: Run,
    straight: dict[str, Any],
    measured: list[np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert run.scratch is not None
    (run.scratch / FOLDS).unlink()
    keep = CrossValidation._keep

    def stop_after_the_first(self: CrossValidation, steps: int, tables: list[Any]) -> None:
        keep(self, steps, tables)
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(CrossValidation, "_keep", stop_after_the_first)
        with pytest.raises(KeyboardInterrupt):
            CrossValidation(SETTINGS, labelled, run, 3)(steps=6)
    assert CrossValidation(SETTINGS, labelled, run, 3)(steps=6) == straight
    assert len(measured) == 3
    CrossValidation(SETTINGS, labelled, run, 3)(steps=12)
    assert len(measured) == 6, "of another number of steps nothing is taken over"
    run.open_folder(resume=False)
    assert not (run.scratch / FOLDS).exists()


def test_processes_go_on_from_what_all_of_them_finished(
    labelled: LabelledImages,
    run: Run,
    straight: dict[str, Any],
    measured: list[np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run.accelerator, "gather", lambda own: torch.stack([own, torch.tensor(1)]))
    assert CrossValidation(SETTINGS, labelled, run, 3)(steps=6) == straight
    assert len(measured) == 2, "the other process was stopped after one"


def test_the_model_is_the_same_with_and_without_a_figure(tmp_path: Path) -> None:
    images, masks = write_scenes(tmp_path, 4)
    progress = Messages()
    found = segment_train(images, masks, out=tmp_path / "with", steps=6, progress=progress, **TRAINED)
    without = segment_train(images, masks, out=tmp_path / "without", steps=6, folds=0, **TRAINED)
    assert found["val_miou"] is None
    assert found["val_miou_cv"] is not None
    assert any("4 pairs are too few" in text for text in progress.texts)
    assert any("4 pairs are too few" in note for note in found["notes"])
    assert (without["val_miou_cv"], without["folds"]) == (None, None)
    weights = [(tmp_path / part / "model.safetensors").read_bytes() for part in ("with", "without")]
    assert weights[0] == weights[1]
    assert describe_model(tmp_path / "with")["training"]["iou_cv"] == found["iou_cv"]
    assert not (tmp_path / "with" / "training").exists()
    page = (tmp_path / "with" / "report" / "index.html").read_text("utf-8")
    assert "mean IoU by cross-validation" in page


def test_folds_and_validation_exclude_each_other(tmp_path: Path) -> None:
    for options in ({"val": 0.2}, {"val_images": tmp_path, "val_masks": tmp_path}):
        with pytest.raises(UsageError, match="--folds 2 and a validation exclude each other"):
            segment_train(tmp_path, tmp_path, out=tmp_path / "out", folds=2, **options)
    with pytest.raises(UsageError, match="--folds is 1, but must be 0 for none or a number from 2 to 20"):
        segment_train(tmp_path, tmp_path, out=tmp_path / "out", folds=1)
