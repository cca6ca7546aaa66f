"""`unpool inspect train`: learn from good images what is good."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unpool.actions.inspection.good_images import (
    LEARNT_IMAGES,
    MIN_IMAGES,
    GoodImages,
    digest_images,
    read_good_images,
)
from unpool.actions.inspection.methods import (
    DEFAULT_NETWORK,
    build_levels,
    check_method,
    check_size,
    hold_out,
    mean_unseen,
    spread_of_brightness,
    why_no_mirror,
)
from unpool.actions.inspection.settings import InspectTrainSettings
from unpool.analysis.anomaly.calibration import FigureChoice, choose_figures, join_figures
from unpool.analysis.anomaly.conformal import Threshold, choose_threshold
from unpool.core.markers import TRAINING, first_foreign
from unpool.core.progress import Progress
from unpool.core.settings import check_settings
from unpool.errors import UnpoolError, UsageError
from unpool.images.augment.made_defects import DEFECTS, make_defect
from unpool.images.source import open_source
from unpool.images.values.rules import VALUES, ValueRules
from unpool.inference.inspection.inspector import ONNX, InspectorRecord, load_inspector
from unpool.inference.inspection.mirror_training import MIRROR_NETWORK, train_mirror
from unpool.training.model_file import JSON, WEIGHTS, has_model, model_id
from unpool.training.run_folder import close_run_folder

if TYPE_CHECKING:
    from unpool.inference.inspection.learning import Learnt, Levels

DEFAULT_SIZE = 256
ALIGNED = 0.5  # alignment from which places count: drawn textures reach 0.38, parts 0.8 and more
EVEN = 0.1  # spread of brightness among good images, from which it is evened out
MADE = 30  # images with a made defect, a kind


@dataclass(frozen=True)
class Candidate:
    """A method that was tried on made defects.

    `images` are those it was calibrated by, `remarks` what is to be said of it.
    """

    method: str
    images: GoodImages
    learnt: Learnt
    choice: FigureChoice
    alignment: float
    evens: bool
    remarks: list[str] = field(default_factory=list)


def inspect_train(
    good: Path,
    settings: InspectTrainSettings = InspectTrainSettings(),  # noqa: B008 - frozen
    *,
    out: Path,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Learn what is good, and write a model folder.

    Args:
        good: a folder of good images.
        settings: method, network, size, windows, and the rate of false alarms.
        out: the model folder.
        progress: where stages and messages go.

    Returns:
        The JSON object of `unpool inspect train`.

    Raises:
        UsageError: for options out of range, or an output folder that holds something else.
        UnpoolError: where fewer than ten images can be used, or the network gives no maps.
    """
    progress = progress or Progress()
    check_settings(settings)
    check_output(good, out)
    began = time.perf_counter()
    size = settings.size or DEFAULT_SIZE
    check_size(size, settings.tile)
    check_method(settings)
    _check_val(settings.val)
    images = read_good_images(good, size, settings.tile, progress, seed=settings.seed)
    report_reading(images, progress)
    key = _request_key(images, size, settings)
    if (finished := _find_finished(out, key)) is not None:
        progress.message(f"{out} was learnt from these images and options before; nothing is to do")
        for remark in finished.details["notes"]:
            progress.message(remark)
        return _summarise(out, finished, images, time.perf_counter() - began)
    best, margin = _learn_best(images, size, settings, out, progress)
    scores, heats = _good_scores(best, size, settings, progress)
    threshold, heat_threshold = (choose_threshold(each, settings.false_alarms) for each in (scores, heats))
    record = _record(best, margin, images, settings, threshold, heat_threshold.value, np.sort(scores))
    remarks = [*describe_threshold(threshold, record), *_describe_choice(best, margin)]
    record.details.update(key=key, notes=remarks, good_heats=np.sort(heats).tolist())
    record.details[LEARNT_IMAGES] = digest_images(images)
    with progress.stage("exporting"):
        _save(out, best, record, settings, images.rules)
    for remark in remarks:
        progress.message(remark)
    return _summarise(out, record, images, time.perf_counter() - began)


def _check_val(val: Path | None) -> None:
    """Check its number of images before learning, which takes minutes."""
    if val is not None and (num := len(_list_files(val))) < MIN_IMAGES:
        raise UnpoolError(f"--val {val} holds {num} images, but at least {MIN_IMAGES} are needed")


def _request_key(images: GoodImages, size: int, settings: InspectTrainSettings) -> str:
    """A digest that is equal for the same images and options."""
    values = {
        **asdict(settings),
        "size": size,
        "val": None if settings.val is None else _list_files(settings.val),
    }
    network = Path(settings.network or DEFAULT_NETWORK)
    if has_model(network):
        values["network"] = model_id(network)
    digest = hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode())
    for picture in images.pictures:
        digest.update(picture.tobytes())
    return digest.hexdigest()[:16]


def _list_files(folder: Path) -> list[tuple[str, int, float]]:
    """Path, size and time of each image, as those that the threshold is chosen on may change too."""
    return [(file.path, file.bytes, file.modified) for file in open_source(str(folder)).scan().files]


def _find_finished(out: Path, key: str) -> InspectorRecord | None:
    """The record of a model folder that the same request has written."""
    try:
        record = load_inspector(out).record
    except UnpoolError:
        return None
    return record if record.details.get("key") == key else None


def _summarise(out: Path, record: InspectorRecord, images: GoodImages, seconds: float) -> dict[str, Any]:
    """The JSON object of the command."""
    details = record.details
    return {
        "out": str(out), "images": images.num_images, "method": record.method, "threshold": record.threshold,
        "false_alarms": record.false_alarms, "seconds": round(seconds, 3),
        "expected_rate": details["expected_rate"], "rate_low": details["rate_low"],
        "rate_high": details["rate_high"], "aligned": record.aligned, "alignment": record.alignment,
        "skipped": len(images.problems), "repeated": images.num_repeated, "left_out": images.num_left_out,
        "made_defects": details["areas"], "margin": details["margin"], "figures": details["figures"],
        "notes": details["notes"],
    }  # fmt: skip


def _record(
    best: Candidate,
    margin: float | None,
    images: GoodImages,
    settings: InspectTrainSettings,
    threshold: Threshold,
    heat_threshold: float,
    score_N: np.ndarray,
) -> InspectorRecord:
    """What model.json will say."""
    used = [name for name, used in zip(best.learnt.names, best.choice.used_K, strict=True) if used]
    details = {
        "expected_rate": threshold.rate, "rate_low": threshold.low, "rate_high": threshold.high,
        "rate_is_kept": threshold.is_kept, "evens": best.evens, "areas": best.choice.areas, "margin": margin,
        "figures": used,
    }  # fmt: skip
    return InspectorRecord(
        best.method, threshold.value, heat_threshold, settings.false_alarms,
        tuple(float(score) for score in score_N), images.num_images, best.learnt.levels.size, settings.tile,
        best.learnt.parts[0].position_weight > 0, round(best.alignment, 4), details,
    )  # fmt: skip


def check_output(good: Path, out: Path) -> None:
    """Check that the output folder holds nothing of the user's.

    Raises:
        UsageError: it does, or is the folder of the images.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out} is a file, but must be a folder; name another")
    if out.is_dir() and good.exists() and out.samefile(good):
        raise UsageError(f"--out {out} is the folder of the images itself; name another")
    if (other := first_foreign(out, (JSON, WEIGHTS, ONNX, TRAINING))) is not None:
        raise UsageError(f"--out {out} holds {other}, which is no part of a model; name a folder of its own")


def report_reading(images: GoodImages, progress: Progress) -> None:
    """Say which images were left out."""
    for problem in images.problems[:5]:
        progress.message(f"skipped {problem.path}: {problem.detail}")
    if len(images.problems) > 5:
        progress.message(f"and {len(images.problems) - 5} more that cannot be read")
    if images.num_repeated:
        progress.message(f"{images.num_repeated} images repeat another one, and were left out")
    if images.num_left_out:
        progress.message(f"{len(images.pictures)} pictures are learnt from, {images.num_left_out} are not")


def _learn_best(
    images: GoodImages, size: int, settings: InspectTrainSettings, out: Path, progress: Progress
) -> tuple[Candidate, float | None]:
    """The method that finds made defects best, and by what margin.

    They are compared by the kinds that the mirror has not learnt to remove.
    """
    if settings.method == "mirror":
        return _learn_mirror(images, size, settings, out, progress), None
    memory = _learn("memory", build_levels, images, size, settings, progress)
    if settings.method == "memory":
        return memory, None
    if reason := why_no_mirror(memory.choice.areas, settings.minutes):
        memory.remarks.append(reason)
        return memory, None
    mirror = _learn_mirror(images, size, settings, out, progress)
    margin = round(mean_unseen(mirror.choice.areas) - mean_unseen(memory.choice.areas), 4)
    return (mirror, margin) if margin > 0 else (memory, -margin)


def _learn_mirror(
    images: GoodImages, size: int, settings: InspectTrainSettings, out: Path, progress: Progress
) -> Candidate:
    """The mirror, calibrated by images that it was not trained on."""
    trained, held = hold_out(images, settings.seed)

    def build(size: int, settings: InspectTrainSettings, *, evens: bool) -> Levels:
        return train_mirror(
            trained,
            size,
            out=out,
            progress=progress,
            evens=evens,
            minutes=settings.minutes,
            seed=settings.seed,
        )

    found = _learn("mirror", build, held, size, settings, progress)
    if held is images:
        remark = (
            f"{images.num_images} good images are too few to hold some out of the mirror's training, so that its "
            "threshold may be too low"
        )
    else:
        remark = (
            f"{len(set(held.owners))} good images were held out of the mirror's training, to calibrate by"
        )
    found.remarks.append(remark)
    return found


def _learn(
    method: str,
    build: Callable[..., Levels],
    images: GoodImages,
    size: int,
    settings: InspectTrainSettings,
    progress: Progress,
) -> Candidate:
    from unpool.inference.inspection.learning import learn, measure_alignment

    evens = spread_of_brightness(images.pictures) > EVEN
    levels = build(size, settings, evens=evens)
    rng = np.random.default_rng(settings.seed)
    alignments: list[float] = []

    def is_aligned(map_NChw: np.ndarray) -> bool:
        alignments.append(measure_alignment(map_NChw, rng) if settings.tile is None else 0.0)
        return alignments[0] >= ALIGNED

    with progress.stage(f"learning ({method})", 1.0) as stage:
        learnt = learn(
            levels, images.pictures, is_aligned=is_aligned, owner_N=np.array(images.owners),
            seed=settings.seed, on_progress=stage.advance,
        )  # fmt: skip
    choice = _choose(learnt, images, settings, progress)
    return Candidate(method, images, learnt, choice, alignments[0], evens)


def _choose(
    learnt: Learnt, images: GoodImages, settings: InspectTrainSettings, progress: Progress
) -> FigureChoice:
    """Choose what counts, by defects made on good images."""
    rng, made = np.random.default_rng(settings.seed), {}
    with progress.stage("trying made defects", len(DEFECTS), "kinds") as stage:
        for kind in DEFECTS:
            of = rng.integers(0, len(images.pictures), MADE).tolist()
            pictures = [make_defect(images.pictures[one], kind, rng, images.pictures) for one in of]
            made[kind] = learnt.figures(pictures, of)
            stage.advance()
    return choose_figures(learnt.scale.good_NK, made, learnt.core)


def _good_scores(
    best: Candidate, size: int, settings: InspectTrainSettings, progress: Progress
) -> tuple[np.ndarray, np.ndarray]:
    """Scores and largest heats of good images that were held out, one an image."""
    if settings.val is None:
        figures_NK, heats_N = best.learnt.scale.good_NK, best.learnt.good_heats(best.choice.used_K)
        owners_N = np.array(best.images.owners)
    else:
        held_out = read_good_images(
            settings.val, size, settings.tile, progress, seed=settings.seed, rules=best.images.rules
        )
        report_reading(held_out, progress)
        figures_NK, heats_N = best.learnt.figures_and_heats(held_out.pictures, best.choice.used_K)
        owners_N = np.array(held_out.owners)
    scores_N, order = join_figures(figures_NK[:, best.choice.used_K]), np.unique(owners_N)
    return (
        np.array([scores_N[owners_N == one].max() for one in order]),
        np.array([heats_N[owners_N == one].max() for one in order]),
    )


def _save(
    out: Path, best: Candidate, record: InspectorRecord, settings: InspectTrainSettings, rules: ValueRules
) -> None:
    from unpool.inference.inspection.model_folder import save_inspector

    graph = best.learnt.build(best.choice.used_K)
    options = {name: getattr(settings, name) for name in ("method", "network", "size", "tile", "seed")}
    save_inspector(
        out,
        graph,
        record,
        network=MIRROR_NETWORK if best.method == "mirror" else settings.network or DEFAULT_NETWORK,
        options=options,
        state=graph.arrays(),
        training={VALUES: rules.to_dict()} if rules else None,
    )
    close_run_folder(out)


def describe_threshold(threshold: Threshold, record: InspectorRecord) -> list[str]:
    """Say how sure the threshold is."""
    num = len(record.good_scores)
    line = (
        f"of unseen good images {threshold.rate:.1%} are expected above the threshold "
        f"({threshold.low:.1%} to {threshold.high:.1%}, as {num} good images say)"
    )
    if threshold.is_kept:
        return [line]
    needed = int(np.ceil(1 / record.false_alarms)) - 1
    return [f"{num} good images cannot promise {record.false_alarms:.1%}, which takes {needed}: {line}"]


def _describe_choice(best: Candidate, margin: float | None) -> list[str]:
    worst = min(best.choice.areas, key=lambda kind: best.choice.areas[kind])
    mean = float(np.mean(list(best.choice.areas.values())))
    placed = "places count" if best.learnt.parts[0].position_weight else "places do not count"
    found = f"made defects are found with an area below the ROC of {mean:.3f}"
    lines = [
        f"{best.method}: {found}, worst {worst} {best.choice.areas[worst]:.3f}",
        f"good images agree in place by {best.alignment:.2f}: {placed}",
    ]
    if margin is not None:
        lines.append(
            f"{best.method} was chosen by a margin of {margin:.3f} in the area of defects that no method was trained on"
        )
    return [*lines, *best.remarks]
