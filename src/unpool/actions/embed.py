"""`unpool embed`: every new or changed image of a folder becomes a row with a vector."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from unpool.actions.choose import (
    PRETRAINED,
    Choice,
    choose_network,
    chosen,
    is_comparable,
    trained_size,
    typical_side,
)
from unpool.actions.collection import (
    counts,
    find_pending,
    forget_gone,
    note_problems,
    refuse_other_images,
    refuse_taken,
)
from unpool.actions.learn import PixelStore, learn, training_form
from unpool.actions.model import ReadyModel, copy_model, ready_model, save_pretrained_apart
from unpool.actions.places import MODEL, default_work, read_state, write_state
from unpool.actions.tables import write_problems
from unpool.cores import usable_cores
from unpool.errors import UnpoolError
from unpool.files import PARTIAL, sweep, whole_folder
from unpool.images.folder import Scan
from unpool.images.source import Source, open_source
from unpool.inference.embed import Row, decode_chunks, embed_chunks, embed_pixels
from unpool.options import check
from unpool.ours import TRAINING
from unpool.progress import Progress
from unpool.training.model_file import describe_model, has_model
from unpool.workspace import ImageTable

FLUSH_ROWS, FLUSH_SECONDS = 512, 3.0


@dataclass
class Embedding:
    """One pass over a folder: what it found, and how long each part took in seconds."""

    work: Path
    table: ImageTable
    images: int = 0
    skipped: int = 0
    embedded: int = 0
    removed: int = 0
    network: str = ""
    reason: str = ""
    dimension: int = 0
    rate: float = 0.0
    compared: list[dict[str, Any]] = field(default_factory=list)  # of networks, the best first
    seconds: dict[str, float] = field(default_factory=lambda: {"scan": 0.0, "train": 0.0, "embed": 0.0})


@dataclass(frozen=True)
class Wish:
    """What was asked of the model; the same wish finds the same model in place."""

    network: str = "auto"
    minutes: float | None = None
    steps: int | None = None
    seed: int = 0
    may_train: bool = True
    groups: int | Literal["auto"] = "auto"  # what a trained network is refined by; not a reason to train anew

    def is_met_by(self, state: dict[str, Any], training: dict[str, Any] | None) -> bool:
        """Whether the model that a workspace has will do: made for this wish, or any where none was named.

        `training` is how that model was trained, None for weights from elsewhere.
        """
        anything = self.network == "auto" and self.minutes is None and self.steps is None
        same_seed = training is None or training.get("seed") == self.seed
        return (anything and same_seed) or state.get("wish") == self.asked

    @property
    def asked(self) -> dict[str, Any]:
        """The wish as unpool.yaml keeps it."""
        return {"network": self.network, "minutes": self.minutes, "steps": self.steps, "seed": self.seed}


def embed(
    place: str,
    *,
    model: str,
    work: Path | None = None,
    data: Path | None = None,
    seed: int = 0,
    device: str = "auto",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Embed the new and changed images of `place` with a model folder or a pretrained network.

    Returns the JSON object of `unpool embed`. Raises `UnpoolError` where no image is usable.
    """
    check(seed=seed, device=device)
    start = time.perf_counter()
    wish = Wish(model, seed=seed, may_train=False)
    done = bring_up_to_date(place, wish, work=work, data=data, device=device, progress=progress or Progress())
    return {
        "work": str(done.work), "images": done.images, "skipped": done.skipped, "embedded": done.embedded,
        "network": done.network, "dimension": done.dimension,
        "seconds": round(time.perf_counter() - start, 3), "images_per_second": round(done.rate, 2),
    }  # fmt: skip


def bring_up_to_date(
    place: str,
    wish: Wish,
    *,
    work: Path | None,
    data: Path | None,
    device: str,
    progress: Progress,
) -> Embedding:
    """Scan, choose or train the network, embed what is new: the first half of `run`, and all of `embed`."""
    work = work or default_work(place)
    source = open_source(place, data)
    refuse_other_images(work, source.location)
    refuse_taken(work, source.location)
    scan, seconds = _scan(source, progress)
    job = _Job(work, source, scan, device, progress)
    job.done.seconds["scan"] = seconds
    sweep(work)
    write_state(work, images=source.location, place=place, data=None if data is None else str(data))
    note_problems(job.table, scan.problems)
    if scan.files:
        job.prepare(wish)
        job.embed()
    return job.finish()


def _scan(source: Source, progress: Progress) -> tuple[Scan, float]:
    start = time.perf_counter()
    with progress.stage("reading", None, "files") as stage:
        scan = source.scan(lambda count: stage.reach(count))
    if not scan.files and not scan.problems:
        raise UnpoolError(f"there is no image in {source.location}; name a folder that holds some")
    return scan, time.perf_counter() - start


class _Job:
    """One embedding: the source, the table and the clock that its parts share."""

    def __init__(self, work: Path, source: Source, scan: Scan, device: str, progress: Progress) -> None:
        self.work, self.source, self.scan, self.device, self.progress = work, source, scan, device, progress
        self.table = ImageTable.create(work)
        self.folder = work / MODEL
        self.done = Embedding(work, self.table)
        self.workers = usable_cores()
        self.store: PixelStore | None = None
        self.tried = work / f"{PARTIAL}pretrained"  # swept with whatever else is half done
        self.compared_minutes = 0.0

    def prepare(self, wish: Wish) -> None:
        """Leave the wanted model in the workspace."""
        state = read_state(self.work)
        training = describe_model(self.folder).get("training") if has_model(self.folder) else None
        if has_model(self.folder) and wish.is_met_by(state, training):
            self.done.reason = f"{state.get('reason', '')}; the workspace has its model already"
        else:
            choice = self._compared(wish) or choose_network(wish.network, self.source, self.scan.files)
            self.done.reason = choice.reason
            self.progress.message(f"network: {choice.network} ({choice.reason})")
            if choice.folder is None or choice.folder.resolve() != self.folder.resolve():
                with whole_folder(self.folder) as folder:
                    self._make(choice, wish, folder)
            sweep(self.work)
            told = {
                "network": choice.network,
                "reason": choice.reason,
                "compared": self.done.compared,
                "comparison": None,
            }
            write_state(self.work, wish=wish.asked, **told)
        self.done.compared = read_state(self.work).get("compared") or []
        self.done.network = describe_model(self.folder)["network"]

    def _compared(self, wish: Wish) -> Choice | None:
        """What a comparison of networks finds best; None where none was asked for, or it could tell nothing."""
        if wish.network != "auto" or not wish.may_train or not (wish.minutes or wish.steps):
            return None
        if not is_comparable(self.source, self.scan.files):
            return None
        kept = read_state(self.work).get("comparison") or {}
        if kept.get("wish") != wish.asked:  # else a run that was stopped goes on, with the time it had
            kept = {"wish": wish.asked} | self._try_all(wish)
            write_state(self.work, comparison=kept)
        self.done.compared, self.compared_minutes = kept["rows"], kept["minutes"]
        return chosen(kept["rows"], trained_size(self.source, self.scan.files))

    def _try_all(self, wish: Wish) -> dict[str, Any]:
        from unpool.actions.compare import compare, told

        began = time.perf_counter()
        tried = compare(
            self.source, self.scan.files, self._pretrained(), groups=wish.groups,
            side=typical_side(self.source, self.scan.files), seed=wish.seed, progress=self.progress,
        )  # fmt: skip
        for line in told(tried):
            self.progress.message(line)
        rows = [trial.row() for trial in tried]
        return {"rows": rows, "minutes": (time.perf_counter() - began) / 60}

    def _pretrained(self) -> Path:
        """A model folder of the pretrained network, beside the model of the workspace."""
        if not has_model(self.tried):
            with self.progress.stage("preparing"):
                save_pretrained_apart(PRETRAINED, self.tried)
        return self.tried

    def _make(self, choice: Choice, wish: Wish, folder: Path) -> None:
        if choice.adapted:
            self._adapt(wish, folder)
        elif choice.folder is None and choice.network == PRETRAINED and has_model(self.tried):
            copy_model(self.tried, folder)
        elif choice.folder is not None:
            copy_model(choice.folder, folder)
        elif not wish.may_train or _is_pretrained(choice.network):
            if wish.minutes or wish.steps:
                self.progress.message(f"{choice.network} is pretrained and used as it is: nothing to train")
            with self.progress.stage("preparing"):
                save_pretrained_apart(choice.network, folder)
        else:
            self._learn(choice, wish, folder)

    def _adapt(self, wish: Wish, folder: Path) -> None:
        from unpool.actions.adapt import adapt

        began = time.perf_counter()
        adapt(
            folder, self._pretrained(), self.source, self.scan.files, seed=wish.seed, workers=self.workers,
            progress=self.progress,
        )  # fmt: skip
        self.done.seconds["train"] = time.perf_counter() - began

    def _learn(self, choice: Choice, wish: Wish, folder: Path) -> None:
        form = training_form(choice)
        began = time.perf_counter()
        self.store = PixelStore(folder, len(self.scan.files), form.size)
        writer = _Writer(self.table)
        with self.progress.stage("decoding", len(self.scan.files), "images") as stage:
            for chunk in decode_chunks(self.source, self.scan.files, form, self.workers):
                self.store.add(chunk.usable, chunk.pixels_NSSC)
                writer.add(chunk.rows)
                stage.advance(len(chunk.rows))
        writer.flush()
        self._refuse_empty()
        learn(
            folder, choice, self.store.view(), checkpoints=self.folder / TRAINING,
            minutes=self._left(wish.minutes), steps=wish.steps, groups=wish.groups, seed=wish.seed,
            progress=self.progress,
        )  # fmt: skip

        self.done.seconds["train"] = time.perf_counter() - began

    def _left(self, minutes: float | None) -> float | None:
        """Of the time that was asked for what a comparison has not taken, a third at least."""
        return None if minutes is None else max(minutes / 3, minutes - self.compared_minutes)

    def embed(self) -> None:
        """Give every image that needs one its vector."""
        began = time.perf_counter()
        model = ready_model(self.folder, self.device, self.progress)
        self.done.dimension = model.dimension
        if read_state(self.work).get("embedded_by") != model.id or self.table.dimension != model.dimension:
            self.table.reset_vectors(model.dimension)
            write_state(self.work, embedded_by=model.id)
        started = time.perf_counter()
        self._rows_from_store(model) if self.store else self._rows_from_files(model)
        now = time.perf_counter()
        self.done.rate = self.done.embedded / max(1e-9, now - started)
        self.done.seconds["embed"] = now - began

    def _rows_from_files(self, model: ReadyModel) -> None:
        pending = find_pending(self.table, self.scan, model.id)
        chunks = embed_chunks(self.source, pending.files, model.form, model.encoder, self.workers)
        writer = _Writer(self.table)
        with self.progress.stage("embedding", len(pending.files), "images") as stage:
            for rows in chunks:
                for row in rows:
                    row["model"] = model.id if row["status"] == "ok" else None
                self.done.embedded += sum(row["status"] == "ok" for row in rows)
                writer.add(rows)
                stage.advance(len(rows))
        writer.flush()
        self.done.removed = len(pending.gone)
        forget_gone(self.table, pending.gone)

    def _rows_from_store(self, model: ReadyModel) -> None:
        assert self.store is not None
        pixels, paths = self.store.view(), self.store.paths
        if pixels.shape[3] != model.form.channels:
            pixels = np.repeat(pixels, 3, axis=3)
        writer = _Writer(self.table)
        with self.progress.stage("embedding", len(paths), "images") as stage:
            for vectors in embed_pixels(pixels, model.encoder, self.workers):
                first = self.done.embedded
                named = zip(paths[first : first + len(vectors)], vectors, strict=True)
                writer.add([{"path": path, "vector": vector, "model": model.id} for path, vector in named])
                self.done.embedded += len(vectors)
                stage.advance(len(vectors))
        writer.flush()
        gone = find_pending(self.table, self.scan, model.id).gone
        self.done.removed = len(gone)
        forget_gone(self.table, gone)

    def finish(self) -> Embedding:
        """Count, list the problems, and refuse a folder in which nothing could be used."""
        if self.done.embedded or self.done.removed:
            self.table.compact()
        self.done.images, self.done.skipped = counts(self.table)
        write_problems(self.work, self.table)
        self._refuse_empty()
        if self.done.skipped:
            self.progress.message(f"{self.done.skipped} skipped: {self.work / 'problems.csv'} says why")
        return self.done

    def _refuse_empty(self) -> None:
        images, skipped = counts(self.table)
        if not images:
            write_problems(self.work, self.table)
            raise UnpoolError(
                f"no image in {self.source.location} can be used: {skipped} skipped, "
                f"{self.work / 'problems.csv'} says why"
            )


def _is_pretrained(name: str) -> bool:
    """Whether a network is used with weights from elsewhere; torch is not imported for the default."""
    if name == PRETRAINED:
        return True
    from unpool.networks.catalogue import is_backbone

    return is_backbone(name)


class _Writer:
    """Rows gathered and written together, often enough that a kill loses little."""

    def __init__(self, table: ImageTable) -> None:
        self._table = table
        self._rows: list[Row] = []
        self._written = time.perf_counter()

    def add(self, rows: Iterable[Row]) -> None:
        self._rows.extend(rows)
        if len(self._rows) >= FLUSH_ROWS or time.perf_counter() - self._written > FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        self._table.upsert(self._rows)
        self._rows, self._written = [], time.perf_counter()
