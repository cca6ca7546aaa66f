"""`unpool classify predict`: names for images."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unpool.actions.embedding.embed import sync_embeddings
from unpool.actions.encoders.model_request import ModelRequest
from unpool.actions.sharing.folders import write_folders
from unpool.actions.teaching.classify_settings import ClassifyPredictSettings
from unpool.actions.teaching.scratch import scratch_of
from unpool.core.file_names import printable
from unpool.core.progress import Progress
from unpool.core.settings import check_settings
from unpool.errors import UnpoolError, UsageError
from unpool.images.values.rules import VALUES
from unpool.inference.classifier import Answers, Classifier, load_classifier
from unpool.store.csv_files import write_csv
from unpool.store.lock import working
from unpool.store.state import MODEL, read_state, write_state
from unpool.store.sync import problem_rows
from unpool.store.table import ImageTable, embedded_vectors, has_table
from unpool.training.model_file import has_model, kind_of_encoder, model_id

COLUMNS = ("path", "label", "probability", "abstained")
TABLE = "predictions.csv"  # in a folder of class folders
NUM_NAMED = 3
COMMAND = "unpool classify predict"


@dataclass(frozen=True)
class Predictions:
    """The answers for the images of a workspace."""

    table: ImageTable
    paths: list[str]
    classes: tuple[str, ...]
    answers: Answers

    def rows(self) -> Iterator[tuple[str, str, float, bool]]:
        """Return path, label, probability and abstained of each image."""
        values = (self.answers.number_M, self.answers.probability_M, self.answers.is_withheld_M)
        for path, number, probability, is_withheld in zip(
            self.paths, *(each.tolist() for each in values), strict=True
        ):
            yield path, self.classes[number], round(probability, 6), is_withheld

    def cells(self) -> Iterator[tuple[str, str, str, str]]:
        """Return the same as texts."""
        for path, label, probability, is_withheld in self.rows():
            yield path, label, f"{probability:.6f}", str(is_withheld).lower()

    def folder_of(self) -> dict[str, str | None]:
        """Return the class of each image, None without an answer."""
        values = (self.answers.number_M.tolist(), self.answers.is_withheld_M.tolist())
        return {
            path: None if is_withheld else self.classes[number]
            for path, number, is_withheld in zip(self.paths, *values, strict=True)
        }


def classify_predict(
    source: str | None,
    settings: ClassifyPredictSettings = ClassifyPredictSettings(),  # noqa: B008 - frozen
    *,
    model: Path,
    out: Path,
    work: Path | None = None,
    data: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Name images by a classifier.

    New images are embedded beside `out`, in a hidden workspace that is removed at the end: the same command goes on
    after an interruption.

    Args:
        source: a folder of images or a named data set; None for the images of a workspace.
        settings: what to write, and the device.
        model: the model folder of the classifier.
        out: the CSV file, or a new folder for class folders.
        work: the workspace, in place of `source`.
        data: folder with named data sets in torchvision's layout.
        progress: where stages and messages go.

    Returns:
        The JSON object of `unpool classify predict`.

    Raises:
        UnpoolError: no image is usable, or another network has embedded the workspace.
        UsageError: both or neither of `source` and `work`, or `out` does not suit.
    """
    check_settings(settings)
    if (source is None) == (work is None):
        raise UsageError("give a FOLDER of new images, or --work DIR for those of a workspace")
    start, progress = time.perf_counter(), progress or Progress()
    kind = _check_out(out, settings)
    classifier = load_classifier(model)
    facts: dict[str, Any] = {}
    with ExitStack() as stack:
        if source is not None:
            beside = _embed_beside(source, classifier, model, out, settings.device, data, progress)
            work, facts = stack.enter_context(beside)
        assert work is not None
        found = predict_workspace(work, classifier, model)
        _write(found, out, kind, settings, progress)
        num_skipped = _report_skipped(found.table, progress)
    return {
        "images": len(found.paths), "skipped": num_skipped, "abstained": int(found.answers.is_withheld_M.sum()),
        "out": str(out), **facts, "seconds": round(time.perf_counter() - start, 3),
    }  # fmt: skip


def predict_images(
    work: Path, source: str | None, *, model: Path, data: Path | None = None, progress: Progress | None = None
) -> list[tuple[str, str, float, bool]]:
    """Name images without writing anything.

    Args:
        work: the workspace, whose images are named where there is no `source`.
        source: a folder of new images, its address, or a named data set.
        model: the model folder of the classifier.
        data: folder with named data sets in torchvision's layout.
        progress: where stages and messages go.

    Returns:
        Path, label, probability and abstained of each image, sorted by path.

    Raises:
        UnpoolError: no image is usable, or another network has embedded the workspace.
    """
    classifier, progress = load_classifier(model), progress or Progress()
    if source is None:
        return list(predict_workspace(work, classifier, model).rows())
    with tempfile.TemporaryDirectory(prefix="unpool-") as folder:
        beside = _embed_beside(source, classifier, model, Path(folder) / TABLE, "auto", data, progress)
        with beside as (scratch, _):
            found = predict_workspace(scratch, classifier, model)
            _report_skipped(found.table, progress)
            return list(found.rows())


def predict_workspace(work: Path, classifier: Classifier, model: Path) -> Predictions:
    """Name the images of a workspace by their vectors.

    Args:
        work: The workspace.
        classifier: The classifier.
        model: Its folder, whose network must have computed the vectors.

    Returns:
        The answers.

    Raises:
        UnpoolError: Another network has computed them, or there are none.
    """
    table = ImageTable(work)
    paths, vector_MD = embedded_vectors(table)
    used = read_state(work).get("embedded_by")
    if used not in (None, model_id(model)):
        raise UnpoolError(
            f"the vectors of {work} are of the network {used}, but {model} names those of {model_id(model)}; give the "
            f"folder of the images instead of --work, or run `unpool embed FOLDER --model {model} --work {work}`"
        )
    return Predictions(table, paths, classifier.classes, classifier.answer(vector_MD))


@contextmanager
def _embed_beside(
    source: str,
    classifier: Classifier,
    model: Path,
    out: Path,
    device: str,
    data: Path | None,
    progress: Progress,
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Embed new images in a workspace that the same command finds again after a kill."""
    if kind_of_encoder(model) == "vectors":
        raise UnpoolError(
            f"{model} has no encoder for new images, as its vectors were made elsewhere; name those of the workspace "
            "with --work"
        )
    scratch = scratch_of(out)
    if scratch.exists() and not _is_of(scratch, source, model):
        shutil.rmtree(scratch)
    with working(scratch, COMMAND, create=True):
        if VALUES not in read_state(scratch):
            write_state(scratch, **{VALUES: classifier.rules.to_dict()})
        request = ModelRequest(str(model), may_train=False)
        try:
            done = sync_embeddings(
                source, request, work=scratch, data=data, device=device, progress=progress, forget=True
            )
        except BaseException:
            if not has_table(scratch):  # nothing was done that the next try could use
                shutil.rmtree(scratch, ignore_errors=True)
            raise
        if done.assumptions:
            progress.message(f"read with assumptions: {done.assumptions}")
        yield scratch, {"embedded": done.embedded, "images_per_second": round(done.rate, 2)}
    shutil.rmtree(scratch, ignore_errors=True)  # an error leaves it for the next try


def _is_of(scratch: Path, source: str, model: Path) -> bool:
    """Whether the same command was stopped there: the same images, the same network."""
    state, is_here = read_state(scratch), Path(source).exists()
    same_images = (
        state.get("images") == str(Path(source).resolve()) if is_here else state.get("place") == source
    )
    return same_images and has_model(scratch / MODEL) and model_id(scratch / MODEL) == model_id(model)


def _check_out(out: Path, settings: ClassifyPredictSettings) -> str:
    """What is written, after a look at where."""
    kind = settings.to or ("csv" if out.suffix.lower() == ".csv" else "folders")
    if settings.link and kind != "folders":
        raise UsageError("--link goes with --to folders")
    if kind == "csv" and out.is_dir():
        raise UsageError(f"--out {out} is a folder, but the table is a file; name one, such as {out / TABLE}")
    if kind == "folders" and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UnpoolError(f"{out} is there already; name a new or empty folder with --out")
    return kind


def _write(
    found: Predictions, out: Path, kind: str, settings: ClassifyPredictSettings, progress: Progress
) -> None:
    if kind == "folders":
        write_folders(
            found.table, out, found.paths, link=settings.link, progress=progress, class_of=found.folder_of(),
            beside={TABLE: lambda file: write_csv(file, COLUMNS, found.cells())},
        )  # fmt: skip
        return
    if protected := write_csv(out, COLUMNS, found.cells()):
        progress.message(
            f"cells that a spreadsheet would run as formulas, with ./ or an apostrophe before them: {protected}"
        )


def _report_skipped(table: ImageTable, progress: Progress) -> int:
    """Say which images have no answer, since they cannot be used; returns how many."""
    skipped = problem_rows(table)
    if skipped:
        some = ", ".join(f"{printable(path)} ({problem})" for path, problem, _ in skipped[:NUM_NAMED])
        progress.message(f"{len(skipped)} skipped: {some}{' …' if len(skipped) > NUM_NAMED else ''}")
    return len(skipped)
