"""One run: from a task to a model folder.

A run that was stopped is resumed.
Images, segmenters and heads on frozen features are tasks; what they share is here.
N images, M of them.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from unpool.core.atomic_files import write_bytes
from unpool.core.markers import TRAINING, is_marked
from unpool.core.progress import Progress
from unpool.errors import UsageError
from unpool.training.checkpoint import Checkpoints
from unpool.training.history import History, show_on
from unpool.training.model_file import describe_model, has_model, save_model
from unpool.training.plan import Plan
from unpool.training.run_folder import close_run_folder, open_run_folder
from unpool.training.tensorboard import LOGS, Log, TensorBoardLog

if TYPE_CHECKING:
    from accelerate import Accelerator
    from torch import nn

    from unpool.objectives.base import Objective
    from unpool.training.data.datasets import Images
    from unpool.training.data.shared_folder import SharedFolder

Record = dict[str, Any]  # what model.json keeps of a training
Parts = tuple[np.ndarray, np.ndarray]  # indices to train on, and to validate on

RESULT_KEYS = (
    "network", "parameters", "steps", "seconds", "images_per_second", "train_loss", "val_loss", "val_accuracy",
    "images", "best_epoch",
)  # fmt: skip


@dataclass(frozen=True)
class Run:
    """Where a training goes, and what makes it this run.

    Args:
        out: the model folder; None: nothing is written.
        key: equal for equal runs, as model.json and checkpoints keep it.
        resume: go on from a checkpoint of the same run; else it is removed.
        accelerator: device, precision and processes.
        progress: where messages and stages go.
        began: when the run began, of `time.perf_counter`.
    """

    out: Path | None
    key: Mapping[str, Any]
    resume: bool
    accelerator: Accelerator
    progress: Progress = field(default_factory=Progress)
    began: float = field(default_factory=time.perf_counter)

    @property
    def scratch(self) -> Path | None:
        """The folder of checkpoint and decoded images, while unfinished."""
        return None if self.out is None else self.out / TRAINING

    def open_folder(self, *, resume: bool | None = None) -> None:
        """Create and mark the run's own folder.

        The first process does it, on each machine that does not share it; the others wait.
        """
        world = self.accelerator
        if self.out is None:
            return
        if world.is_main_process:
            open_run_folder(self.out, resume=self.resume if resume is None else resume)
        world.wait_for_everyone()
        if world.is_local_main_process and not is_marked(self.out / TRAINING):
            open_run_folder(self.out, resume=True)
        world.wait_for_everyone()

    def share_folder(self) -> SharedFolder | None:
        """Open the folder, and find out which processes share it.

        None where there is one process.
        """
        from unpool.training.data.shared_folder import share_folder

        if self.accelerator.num_processes == 1 or self.scratch is None:
            return None
        self.open_folder(resume=True)
        return share_folder(self.scratch, self.accelerator)

    def finished_record(self, *, remedy: str) -> Record | None:
        """Return the record of a run that is finished already.

        The first process reads it: other machines may have no model.

        Args:
            remedy: what to do where another run ended there, besides leaving out --resume.

        Raises:
            UsageError: where it was another run.
        """
        from unpool.training.distributed import from_first_process

        return from_first_process(lambda: self._read_finished(remedy), self.accelerator)

    def _read_finished(self, remedy: str) -> Record | None:
        """Return the record of a run that is finished already.

        None where there is none, or the run is not to be resumed.

        Args:
            remedy: what to do where another run ended there, besides leaving out --resume.

        Raises:
            UsageError: where it was another run.
        """
        if not self.resume or self.out is None or is_marked(self.out / TRAINING) or not has_model(self.out):
            return None
        record: Record = describe_model(self.out).get("training") or {}
        before = record.get("asked", {})
        for name, value in self.key.items():
            if before.get(name) != json.loads(json.dumps(value)):
                raise UsageError(
                    f"{self.out} holds a finished model whose {name} was {before.get(name)!r}, not {value!r}; "
                    f"leave out --resume to train it anew, or {remedy}"
                )
        self.progress.message(f"{self.out} is finished: nothing to do")
        return record


class Task(Protocol):
    """What is trained, and what is kept of it."""

    @property
    def network(self) -> nn.Module:
        """The module that is trained."""

    @property
    def data(self) -> Images:
        """The images, by index."""

    @property
    def parts(self) -> Parts:
        """Indices to train on and to validate on."""

    @property
    def plan(self) -> Plan:
        """How long and how to train."""

    def build_objective(self) -> Objective:
        """Build what is minimised."""

    def build_log(self, out: Path, first_step: int) -> Log:
        """Build the log of a run from a step on."""

    def measure(self, history: History) -> Record:
        """Return the task's own part of the record."""

    def write_report(self, out: Path, record: Record, history: History) -> None:
        """Write pictures and pages beside the model.

        Args:
            out: the model folder.
            record: the record, to which figures may be added.
            history: the losses of the run.
        """

    def model(self, history: History) -> SavedModel:
        """Return what the model folder holds."""


@dataclass(frozen=True)
class SavedModel:
    """A network as the model folder keeps it.

    Args:
        network: the network with its best weights.
        last: its last weights, where others were better.
        classes: names of its classes.
        masks: how the classes of a segmenter are written in masks.
    """

    network: nn.Module
    last: Mapping[str, Any] | None = None
    classes: list[str] | None = None
    masks: Mapping[str, Any] | None = None


def train_task(task: Task, run: Run) -> tuple[Record, History]:
    """Train, and write the model folder with its report.

    Returns:
        The record that model.json keeps, and the history of the loop.

    Raises:
        UnpoolError: where the loss is no longer finite, or the checkpoint is of another run.
    """
    from unpool.training.loop import train

    run.open_folder()
    objective = task.build_objective()
    with run.progress.stage("training", 100, "%") as stage:
        history = train(
            task.network, task.data, objective, task.plan,
            parts=task.parts,
            checkpoints=Checkpoints(run.scratch, run.key, requires_same_run=True),
            accelerator=run.accelerator,
            progress=show_on(stage),
            log=None if run.out is None else _log_of(task, run.out),
        )  # fmt: skip
    if remark := objective.remark():
        run.progress.message(remark)
    record = _record(task, run, history) | task.measure(history)
    shared = run.share_folder()
    if run.out is not None and run.accelerator.is_main_process:
        _write(task, run.out, record, history)
    run.accelerator.wait_for_everyone()
    if run.out is not None and shared is not None and shared.leads and shared.rank:
        close_run_folder(run.out)
        with contextlib.suppress(OSError):  # a model of an earlier run
            run.out.rmdir()
    return record, history


def result_of(out: Path, record: Record, keys: tuple[str, ...]) -> dict[str, Any]:
    """Build the JSON object of a training command.

    Args:
        out: the model folder.
        record: its training record.
        keys: what the command's result has besides `RESULT_KEYS`.

    Returns:
        `out`, `epochs`, and the entries of these names; None where the record has none.
    """
    return {"out": str(out), "epochs": len(record["epochs"])} | {
        key: record.get(key) for key in (*RESULT_KEYS, *keys)
    }


def _log_of(task: Task, out: Path) -> Callable[[int], Log]:
    return lambda first_step: task.build_log(out, first_step)


def build_tensorboard_log(out: Path, first_step: int) -> Log:
    """Build the TensorBoard log in the model folder."""
    return TensorBoardLog(out / LOGS, first_step)


def _record(task: Task, run: Run, history: History) -> Record:
    """What every training's record has."""
    last, plan = history.epochs[-1], task.plan
    network: Any = task.model(history).network
    seconds = time.perf_counter() - run.began + history.seconds_before
    return {
        "network": network.architecture,
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "asked": dict(run.key), "steps": history.steps, "seed": plan.seed, "minutes": plan.minutes,
        "batch": plan.batch, "images": len(task.data), "seconds": round(seconds, 3),
        "images_per_second": round(history.images / max(seconds, 1e-9), 3),
        "train_loss": last["train_loss"], "val_loss": last["val_loss"], "val_accuracy": last["val_accuracy"],
        "best_epoch": history.best["epoch"], "processes": run.accelerator.num_processes,
        "precision": run.accelerator.mixed_precision, "epochs": history.epochs,
    }  # fmt: skip


def _write(task: Task, out: Path, record: Record, history: History) -> None:
    """Pictures first, the model last: a folder with model.json is complete."""
    from unpool.report.pictures import draw_loss

    out.mkdir(parents=True, exist_ok=True)
    write_bytes(out / "loss.png", draw_loss(history.epochs))
    task.write_report(out, record, history)
    model = task.model(history)
    save_model(out, model.network, training=record, classes=model.classes, last=model.last, masks=model.masks)
    close_run_folder(out)
