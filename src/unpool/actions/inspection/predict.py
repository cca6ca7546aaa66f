"""`unpool inspect predict`: scores, verdicts and heat maps of images."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unpool.actions.inspection.inspect_image import (
    ImageInspector,
    ImageJob,
    ImageResult,
    is_large,
    without_result,
)
from unpool.actions.inspection.output_files import ENDINGS, HEAT, HeatPaths
from unpool.actions.inspection.scores import SCORES, write_scores
from unpool.actions.inspection.settings import InspectPredictSettings, check_heat
from unpool.actions.outputs.folder import check_any_usable, check_output, find_images
from unpool.actions.outputs.messages import report, report_problems
from unpool.actions.outputs.names import names_for, report_names
from unpool.actions.outputs.record import OutputRecord, Request, check_overwrites, without_facts
from unpool.actions.outputs.tiff import import_tifffile
from unpool.analysis.anomaly.drift import describe_batch_drift, measure_batch_drift
from unpool.core.atomic_files import sweep
from unpool.core.cpu import usable_cores
from unpool.core.file_names import find_typed
from unpool.core.progress import Progress, Stage
from unpool.core.settings import check_settings
from unpool.errors import UnreadableImageError
from unpool.images.pixel_cache import map_ordered
from unpool.images.reading.notes import NOTE_KINDS
from unpool.images.reading.scan import ImageFile, Problem
from unpool.inference.inspection.inspector import load_inspector
from unpool.training.model_file import rules_of_model

COMMAND = "unpool inspect predict"
EXAMPLE = "inspected"  # a folder that errors propose


@dataclass
class _Run:
    """What is to be inspected, and what has been done.

    `large` are images that wait until all others are done, `num_new` counts those inspected this time, `notes` what
    was assumed when they were read.
    """

    images: ImageInspector
    record: OutputRecord
    stage: Stage
    results: dict[str, ImageResult] = field(default_factory=dict)
    failed: list[Problem] = field(default_factory=list)
    large: list[ImageJob] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    num_new: int = 0

    def jobs(self, files: Sequence[ImageFile], paths: Mapping[str, HeatPaths]) -> Iterator[ImageJob]:
        """The images whose results are not there already, without the large ones."""
        for file in files:
            job = ImageJob(file, paths[file.path], _request(self.images, file, paths[file.path]))
            if (done := self._find_done(job)) is not None:
                self._keep(job, done)
                self.stage.advance()
                continue
            try:
                waits = is_large(file)
            except UnreadableImageError as error:
                self.finish(job, Problem(file.path, error.problem, error.detail))
                continue
            if waits:
                self.large.append(job)
            else:
                self.begin(job)
                yield job

    def begin(self, job: ImageJob) -> None:
        """Note which files of an image may be written."""
        self.record.begin(job.file.path, self.images.files(job.paths, is_bad=True), job.paths.all_paths())

    def finish(self, job: ImageJob, result: ImageResult | Problem, share: float = 1.0) -> None:
        """Note what came of an image; `share` is what the bar does not yet show."""
        if isinstance(result, Problem):
            self.failed.append(result)
            self._remove_files(job)
        else:
            self.record.finish({**job.request, **result.to_dict()})
            self.notes.update({note.kind for note in result.notes})
            self.num_new += 1
            self._keep(job, result)
        self.stage.advance(share)

    def inspect_large(self, images: ImageInspector) -> None:
        """Inspect the large images, one after the other.

        Args:
            images: as `images`, with all cores for one image.
        """
        for job in self.large:
            self.begin(job)
            shown = 0.0

            def advance(share: float) -> None:
                nonlocal shown
                shown += share
                self.stage.advance(share)

            _, result = images.try_to_inspect(job, advance)
            self.finish(job, result, 1.0 - shown)

    def describe_notes(self) -> list[str]:
        """Say what was assumed when images were read."""
        counts = [
            f"{self.notes[name]:,} {kind.title}" for name, kind in NOTE_KINDS.items() if self.notes[name]
        ]
        return [f"read with assumptions: {', '.join(counts)}"] if counts else []

    def _find_done(self, job: ImageJob) -> ImageResult | None:
        """The result of an image as it is now, whose files are all there."""
        before = self.record.find(job.request, job.file.file)
        if before is None or without_facts(without_result(before)) != without_facts(job.request):
            return None
        done = ImageResult.from_dict(before)
        needed = self.images.files(job.paths, is_bad=self._is_bad(done))
        return done if all(self.record.owns(file) and file.is_file() for file in needed) else None

    def _keep(self, job: ImageJob, result: ImageResult) -> None:
        self.results[job.file.path] = result
        if self.images.heat == "bad" and not self._is_bad(result):
            self._remove_files(job)  # of another threshold, or another model

    def _remove_files(self, job: ImageJob) -> None:
        for file in filter(self.record.owns, job.paths.all_paths()):
            file.unlink(missing_ok=True)

    def _is_bad(self, result: ImageResult) -> bool:
        return result.score > self.images.threshold


def inspect_predict(
    images: Path,
    settings: InspectPredictSettings = InspectPredictSettings(),  # noqa: B008 - frozen
    *,
    model: Path,
    out: Path,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Say of images whether they are good, and where not.

    Args:
        images: an image, or a folder of them.
        settings: the threshold, and what is written.
        model: the inspector's model folder.
        out: the folder of scores.csv, heat maps and overlays.
        progress: where stages and messages go.

    Returns:
        The JSON object of `unpool inspect predict`: `images` counts those with a score, `bad` those of them that are
        not good, `predicted` those inspected this time.

    Raises:
        UsageError: for an output folder that holds the user's files, or options out of range.
        UnpoolError: where no image could be used.
    """
    began, progress = time.perf_counter(), progress or Progress()
    check_settings(settings)
    check_heat(settings)
    images = find_typed(images)
    check_output(images, out, EXAMPLE)
    files, problems = find_images(images, out, progress)
    workers = min(usable_cores(), len(files))
    seer = _load(model, settings, progress, threads=1 if workers > 1 else usable_cores())
    paths, record = _plan_output(files, out, seer)
    report_names({path: each.name for path, each in paths.items()}, progress)
    _open_output(record, paths)
    with progress.stage("inspecting", len(files), "images") as stage:
        run, start = _Run(seer, record, stage), time.perf_counter()
        for job, result in map_ordered(seer.try_to_inspect, run.jobs(files, paths), workers):
            run.finish(job, result)
        if run.large:
            run.inspect_large(seer if workers == 1 else _load(model, settings, progress, usable_cores()))
        rate = round(run.num_new / (time.perf_counter() - start), 2) if run.num_new else None
    problems = sorted([*problems, *run.failed], key=lambda problem: problem.path)
    report_problems(problems, progress)
    check_any_usable(images, files, run.failed)
    facts = _finish_output(run, problems, progress)
    return {**facts, "images_per_second": rate, "seconds": round(time.perf_counter() - began, 3)}


def _load(model: Path, settings: InspectPredictSettings, progress: Progress, threads: int) -> ImageInspector:
    inspector = load_inspector(model, progress, threads)
    threshold = inspector.record.threshold if settings.threshold is None else settings.threshold
    return ImageInspector(
        inspector, rules_of_model(model), threshold, heat=settings.heat, values=settings.heat_values
    )


def _plan_output(
    files: Sequence[ImageFile], out: Path, seer: ImageInspector
) -> tuple[dict[str, HeatPaths], OutputRecord]:
    """Where each image's files go, and which are there; UsageError where one would replace the user's."""
    names, record = names_for([file.path for file in files], ENDINGS), OutputRecord(out, COMMAND)
    paths = {path: HeatPaths(out, name) for path, name in names.items()}

    def is_written(file: ImageFile, target: Path) -> bool:
        return target in seer.files(paths[file.path], is_bad=True)

    targets = {path: each.all_paths() for path, each in paths.items()}
    check_overwrites(files, targets, record, is_written, EXAMPLE)
    record.check_free([out / SCORES])
    if seer.values:
        import_tifffile()
    return paths, record


def _open_output(record: OutputRecord, paths: Mapping[str, HeatPaths]) -> None:
    """Make the folder, without half-written files of a killed run."""
    record.out.mkdir(parents=True, exist_ok=True)
    for folder in {record.out, *(each.file(HEAT).parent for each in paths.values())}:
        sweep(folder)
    record.claim([record.out / SCORES])


def _finish_output(run: _Run, problems: Sequence[Problem], progress: Progress) -> dict[str, Any]:
    """Write scores.csv; returns what came of the images."""
    record, out, results = run.images.inspector.record, run.record.out, dict(sorted(run.results.items()))
    threshold = run.images.threshold
    protected = write_scores(
        out / SCORES, results, problems, threshold=threshold, good_scores=record.good_scores
    )
    score_N = [result.score for result in results.values()]
    drift = measure_batch_drift(score_N, record.good_scores, record.threshold)
    remarks = run.describe_notes()
    if protected:
        remarks.append(f"paths that a spreadsheet would run as formulas, with ./ before them: {protected}")
    if drift is not None and (sentence := describe_batch_drift(drift)) is not None:
        remarks.append(sentence)
    report(remarks, progress)
    return {
        "images": len(results), "bad": sum(score > threshold for score in score_N), "skipped": len(problems),
        "out": str(out), "scores": str(out / SCORES), "predicted": run.num_new, "threshold": threshold,
        "model": run.images.inspector.id, "drift": None if drift is None else drift.to_dict(), "notes": remarks,
    }  # fmt: skip


def _request(images: ImageInspector, file: ImageFile, paths: HeatPaths) -> Request:
    """What is computed for one image; the same need not be computed twice."""
    return {
        "path": file.path, "name": paths.name, "bytes": file.bytes, "modified": file.modified, "stamp": file.stamp,
        "model": images.inspector.id, "heat_threshold": images.inspector.record.heat_threshold,
    }  # fmt: skip
