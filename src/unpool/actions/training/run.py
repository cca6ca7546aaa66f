"""From a network and its images to a model folder: what `unpool train` and `unpool.fit` share.

N images, S side, C channels, K classes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unpool.actions.training.settings import TrainingSettings
from unpool.core.atomic_files import write_bytes
from unpool.core.markers import TRAINING, is_marked
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UsageError
from unpool.options import COMPARING
from unpool.training.history import History
from unpool.training.model_file import describe_model, has_model, save_model
from unpool.training.run_folder import close_run_folder, open_run_folder
from unpool.training.tensorboard import LOGS, TensorBoardLog

if TYPE_CHECKING:
    from accelerate import Accelerator

    from unpool.training.data.datasets import Images

RANKED = 2_000  # images whose vectors are looked at
SHOWN = 16  # images in reconstructions.png
LEAST_COMPARED = {"contrast": 2, "aggregate": 3}  # images to train on


@dataclass(frozen=True)
class Labels:
    """The class of each image, (N,) int64 positions in `classes`."""

    of_image: np.ndarray
    classes: list[str]


@dataclass
class Run:
    """One training: the network, its images, where it goes, and what to keep of where they came from."""

    network: Any
    images: Images
    how: TrainingSettings
    out: Path | None
    accelerator: Accelerator
    labels: Labels | None = None
    parts: tuple[np.ndarray, np.ndarray] | None = None
    origin: dict[str, Any] = field(default_factory=dict)
    began: float = field(default_factory=time.perf_counter)
    progress: Progress = field(default_factory=Progress)
    history: History | None = None
    corrupt: Callable[..., Any] | None = None  # of the denoising objective
    whole: Any = None  # the network that is kept, where only its head is trained, over features known already
    looks: Any = None  # views made beforehand
    encoder_lr: float | None = None  # of an encoder that has learnt elsewhere; None: as the rest

    def asked(self) -> dict[str, Any]:
        """What makes this run this run: the network and images, then what is done with them."""
        return self.origin | self.how.asked()

    def trained_on(self) -> np.ndarray:
        """The images that are not held out, (M,)."""
        from unpool.training.data.datasets import split

        plan = self.how.plan
        return (self.parts or split(len(self.images), plan.val, plan.seed))[0]

    @property
    def scratch(self) -> Path | None:
        """Where the checkpoint and decoded images lie while the run can be resumed."""
        return None if self.out is None else self.out / TRAINING


def fit_run(run: Run, *, resume: bool) -> dict[str, Any]:
    """Train, and write the model folder with its pictures; returns the record that model.json keeps.

    With `resume` a checkpoint of the same run is gone on from, another one refused; without, it is removed.
    """
    from unpool.objectives.registry import build_objective
    from unpool.training.checkpoint import Checkpoints
    from unpool.training.loop import train

    how, labels = run.how, run.labels
    _refuse_too_few(how.objective, len(run.trained_on()))
    if run.accelerator.is_main_process and run.out is not None:
        open_run_folder(run.out, resume=resume)
    run.accelerator.wait_for_everyone()
    objective = build_objective(
        how.objective, run.network, loss=how.loss, corruption=how.corruption, seed=how.plan.seed,
        labels_N=labels.of_image if labels else None, num_classes=len(labels.classes) if labels else 0,
        trained_M=run.trained_on(), num_images=len(run.images), views=run.looks or how.views,
        adapts=run.encoder_lr is not None,
    )  # fmt: skip
    run.corrupt = getattr(objective, "corruption", None)
    with run.progress.stage("training", 100, "%") as stage:
        run.history = train(
            run.network,
            run.images,
            objective,
            replace(how.plan, backbone_lr=run.encoder_lr),
            checkpoints=Checkpoints(run.scratch, run.asked(), requires_same_run=True),
            progress=lambda now: stage.reach(100 * now.fraction, 100, now.describe()),
            parts=run.parts,
            accelerator=run.accelerator,
            log=_log(run.out),
        )
    if told := getattr(objective, "remark", lambda: None)():
        run.progress.message(told)
    record = _record(run, run.history, time.perf_counter() - run.began)
    if how.objective in COMPARING:
        record["effective_rank"] = _rank(run)
    if run.out is not None and run.accelerator.is_main_process:
        _write(run, record)
    run.accelerator.wait_for_everyone()
    return record


def _refuse_too_few(objective: str, count: int) -> None:
    least = LEAST_COMPARED.get(objective, 1)
    if count < least:
        raise UnpoolError(
            f"--objective {objective} compares images and needs {least} or more to train on, not {count}; "
            "give more images or a smaller --val"
        )


def _rank(run: Run) -> float:
    """How many directions the vectors of some images make use of; told where they have collapsed."""
    import torch

    from unpool.analysis.metrics.unsupervised import collapse_warning, effective_rank

    index_M = run.trained_on()[:RANKED]
    parts = [
        index_M[start : start + run.how.plan.batch] for start in range(0, len(index_M), run.how.plan.batch)
    ]
    run.network.eval()
    with torch.inference_mode():
        # Of features made beforehand the first view will do.
        seen = (x if run.looks is None else x[:, 0] for x in run.images.batches(parts))
        vectors_MD = np.concatenate([run.network.embed(x).float().cpu().numpy() for x in seen])
    rank = effective_rank(vectors_MD)
    if told := collapse_warning(rank, vectors_MD.shape[1]):
        run.progress.message(told)
    return round(rank, 2)


def finished(out: Path, asked: dict[str, Any], *, goes_on: bool = True) -> dict[str, Any] | None:
    """The record of a run that already came to its end in `out`; None where there is none.

    Raises `UsageError` where it was another run; it advises --from where the command `goes_on` from models.
    """
    if is_marked(out / TRAINING) or not has_model(out):
        return None
    record: dict[str, Any] = describe_model(out).get("training") or {}
    before = record.get("asked", {})
    for name, value in asked.items():
        if before.get(name) != json.loads(json.dumps(value)):
            other = "go on from it with --from and another --out" if goes_on else "give another --out"
            raise UsageError(
                f"{out} holds a finished model whose {name} was {before.get(name)!r}, not {value!r}; "
                f"leave out --resume to train it anew, or {other}"
            )
    return record


def _record(run: Run, history: History, seconds: float) -> dict[str, Any]:
    last = history.epochs[-1]
    seconds += history.seconds_before
    return {
        "network": run.network.architecture, "objective": run.how.objective,
        "parameters": sum(parameter.numel() for parameter in (run.whole or run.network).parameters()),
        "asked": run.asked(),
        "steps": history.steps, "seed": run.how.plan.seed, "minutes": run.how.plan.minutes,
        "batch": run.how.plan.batch, "images": len(run.images), "seconds": round(seconds, 3),
        "images_per_second": round(history.images / max(seconds, 1e-9), 3),
        "train_loss": last["train_loss"], "val_loss": last["val_loss"],
        "val_accuracy": last["val_accuracy"], "best_epoch": history.best["epoch"],
        "best_val_loss": history.best["val_loss"], "processes": run.accelerator.num_processes,
        "precision": run.accelerator.mixed_precision, "epochs": history.epochs,
    }  # fmt: skip


def _write(run: Run, record: dict[str, Any]) -> None:
    """Pictures first, the model last: a folder with model.json is complete."""
    from unpool.report.pictures import draw_loss

    out, history = run.out, run.history
    if out is None or history is None:
        return
    out.mkdir(parents=True, exist_ok=True)
    write_bytes(out / "loss.png", draw_loss(history.epochs))
    if run.labels is not None:
        record["confusion"] = _confusion(run, run.labels, out).tolist()
    else:
        _examples(run, out)
    classes = run.labels.classes if run.labels else None
    last = history.last
    if run.whole is not None and last is not None:
        last = run.whole.state_dict() | last
    save_model(out, run.whole or run.network, training=record, classes=classes, last=last)
    close_run_folder(out)


def _shown(run: Run) -> np.ndarray:
    """The images that results are shown on: those validated on, else those trained on."""
    everything = np.arange(len(run.images))
    trained, held = run.parts or (everything, everything[:0])
    return held if len(held) else trained


def _confusion(run: Run, labels: Labels, out: Path) -> np.ndarray:
    import torch

    from unpool.objectives.classification import confusion, mean_scores
    from unpool.report.confusion import draw_confusion

    index_N, batch = _shown(run), run.how.plan.batch
    batches = [index_N[start : start + batch] for start in range(0, len(index_N), batch)]
    run.network.eval()
    with torch.inference_mode():
        scores = [mean_scores(run.network, x_BCHW) for x_BCHW in run.images.batches(batches)]
    predicted_N = torch.cat(scores).argmax(dim=1).cpu().numpy()
    table_KK = confusion(labels.of_image[index_N], predicted_N, len(labels.classes))
    write_bytes(out / "confusion.png", draw_confusion(table_KK, labels.classes))
    return table_KK


def _examples(run: Run, out: Path) -> None:
    """reconstructions.png: some images, and what the network makes of them."""
    import torch

    from unpool.inference.reconstruction import as_pictures
    from unpool.networks.decoders.base import NoDecoder
    from unpool.report.drawing import png_bytes
    from unpool.report.grid import draw_grid

    network, index_N = run.network, _shown(run)
    if isinstance(network.decoder, NoDecoder):
        return
    chosen = index_N[np.linspace(0, len(index_N) - 1, min(SHOWN, len(index_N))).astype(int)]
    network.eval()
    with torch.inference_mode():
        x_BCHW = next(iter(run.images.batches([chosen])))
        rows = {"input": x_BCHW}
        if run.corrupt is not None:
            rows["corrupted"] = run.corrupt(x_BCHW, chosen, run.how.plan.seed, 0)
        rows["output"] = network(rows.get("corrupted", x_BCHW))
    shown = {name: as_pictures(network, images) for name, images in rows.items()}
    write_bytes(out / "reconstructions.png", png_bytes(draw_grid(shown)))


def _log(out: Path | None) -> Callable[[int], Any] | None:
    if out is None:
        return None

    return lambda first_step: TensorBoardLog(out / LOGS, first_step)


def result(out: Path, network: str, parameters: int, record: dict[str, Any]) -> dict[str, Any]:
    """The JSON object of `unpool train` from what model.json keeps."""
    keys = (
        "steps", "seconds", "images_per_second", "train_loss", "val_loss", "val_accuracy", "objective",
        "images", "best_epoch", "best_val_loss", "effective_rank",
    )  # fmt: skip
    told = {"out": str(out), "network": network, "parameters": parameters, "epochs": len(record["epochs"])}
    told |= {key: record.get(key) for key in keys}
    if record.get("confusion") is not None:
        told["confusion"] = record["confusion"]
    return told
