"""Short trainings on parts, where nothing is held out.

N images, M of them, K classes, P processes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from unpool.actions.segmentation.settings import SegmentationSettings
from unpool.actions.segmentation.task import COST, MIN_IMAGES_TO_HOLD_OUT, LabelledImages, SegmentationTask
from unpool.actions.training.run import Record, Run
from unpool.core.atomic_files import write_json
from unpool.core.progress import Progress
from unpool.images.masks.pair_store import halve
from unpool.networks.layers.evaluation import evaluating
from unpool.networks.segmentation.pixel_scores import count_pixels, scores_of
from unpool.training.run_folder import FOLDS, per_process_file

NUM_FOLDS = 3


@dataclass(frozen=True)
class CrossValidation:
    """Train on parts of the pairs, measure on the others.

    Each pair is measured once, by a network that never saw it. One pair is cut into halves. What is finished is kept
    in the run's folder, so that a run that is resumed does not repeat it.

    Args:
        settings: of the training itself.
        labelled: its pairs.
        run: its folder and processes.
        num_folds: how many trainings.
    """

    settings: SegmentationSettings
    labelled: LabelledImages
    run: Run
    num_folds: int

    def describe(self) -> str:
        """Say why nothing is held out, and what happens instead."""
        count = len(self.labelled.store)
        pairs = "one pair is" if count == 1 else f"{count} pairs are"
        parts = "halves of it" if count == 1 else "parts of them"
        why = f"{pairs} too few to hold any out" if count < MIN_IMAGES_TO_HOLD_OUT else "no pair is held out"
        return (
            f"{why}: the model learns from all, and {self.num_folds} shorter trainings on {parts} then say how well "
            "others are labelled (--folds 0: none)"
        )

    def __call__(self, steps: int) -> Record:
        """Measure, after a training of so many steps.

        Args:
            steps: of the training itself.

        Returns:
            `val_miou_cv`, `iou_cv` by class, `folds`, and `fold_steps` of each.
        """
        labelled = self.labelled
        if len(labelled.store) == 1:
            labelled = replace(labelled, store=halve(labelled.store))
        each = max(1, round(COST * steps / self.num_folds))
        tables = self._finished(each)
        with self.run.progress.stage("cross-validating", self.num_folds, "trainings") as stage:
            for held_M in _folds(len(labelled.store), self.num_folds, self.settings.seed)[len(tables) :]:
                tables.append(self._measure(labelled, held_M, each).tolist())
                self._keep(each, tables)
                stage.advance()
        scores = scores_of(np.array(tables).sum(axis=0))
        names = labelled.classes.names
        return {
            "val_miou_cv": scores["mean_iou"], "iou_cv": dict(zip(names, scores["iou"], strict=True)),
            "folds": self.num_folds, "fold_steps": each,
        }  # fmt: skip

    def _measure(self, labelled: LabelledImages, held_M: np.ndarray, steps: int) -> np.ndarray:
        """Pixels by true and predicted class (K, K) of the images held out of one training."""
        from unpool.training.loop import train

        accelerator = self.run.accelerator
        task = SegmentationTask(self.settings, labelled, accelerator.device, Progress(), held_M=held_M)
        plan = replace(task.plan, epochs=None, minutes=None, steps=steps, patience=None)
        # The last weights count: the best ones by what they are measured on would flatter.
        train(
            task.network, task.data, task.build_objective(), plan, accelerator=accelerator,
            parts=(task.parts[0], np.arange(0)),
        )  # fmt: skip
        table_KK = torch.zeros(len(labelled.classes), len(labelled.classes), dtype=torch.int64)
        with evaluating(task.network):
            for window in range(len(task.data.windows)):
                pixels_HW3, label_HW = task.data.window(window)
                x_1CHW = task.data.normalised(torch.from_numpy(pixels_HW3).permute(2, 0, 1)[None])
                predicted_HW = task.network(x_1CHW).argmax(dim=1)[0].cpu()
                table_KK += count_pixels(torch.from_numpy(label_HW), predicted_HW, len(labelled.classes))
        return table_KK.numpy()

    @property
    def _file(self) -> Path | None:
        scratch = self.run.scratch
        return scratch and scratch / per_process_file(FOLDS, self.run.accelerator.process_index)

    def _finished(self, steps: int) -> list[Any]:
        """Tables of trainings that all processes finished before the run was stopped."""
        tables, accelerator = self._read_tables(steps), self.run.accelerator
        # All take part in each training: one that was stopped earlier must not be left alone with it.
        count_P = accelerator.gather(torch.tensor(len(tables), device=accelerator.device))
        return tables[: int(count_P.min())]

    def _read_tables(self, steps: int) -> list[Any]:
        try:
            kept = json.loads(self._file.read_text("utf-8")) if self._file else {}
        except (OSError, ValueError):
            return []
        same = kept.get("steps") == steps and kept.get("folds") == self.num_folds
        return list(kept["tables"]) if same else []

    def _keep(self, steps: int, tables: Sequence[Any]) -> None:
        if self._file:
            write_json(self._file, {"steps": steps, "folds": self.num_folds, "tables": list(tables)})


def plan_cross_validation(
    settings: SegmentationSettings, labelled: LabelledImages, run: Run
) -> CrossValidation | None:
    """Choose how many trainings cross-validate.

    By default there are some where there are too few pairs to hold any out, and nothing else was requested.

    Args:
        settings: of the training itself.
        labelled: its pairs.
        run: its folder and processes.

    Returns:
        The trainings; None for none.
    """
    count = len(labelled.store)
    is_default = settings.folds is None
    if labelled.held is not None or settings.folds == 0 or (is_default and settings.val is not None):
        return None
    if is_default and count >= MIN_IMAGES_TO_HOLD_OUT:
        return None
    num_folds = min(settings.folds or NUM_FOLDS, max(2, count))
    return CrossValidation(settings, labelled, run, num_folds)


def _folds(count: int, num_folds: int, seed: int) -> list[np.ndarray]:
    """Disjoint parts of 0 to `count` - 1, each held out of one training."""
    order_N = np.random.default_rng(seed).permutation(count)
    return [np.sort(order_N[fold::num_folds]) for fold in range(num_folds)]
