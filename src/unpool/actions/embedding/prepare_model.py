"""Leave the requested model in the workspace.

It is kept, copied, pretrained, adapted, or trained here.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Literal, TypedDict

from unpool.actions.embedding.choose_network import (
    PRETRAINED,
    CandidateName,
    Choice,
    ComparisonRow,
    choose_compared,
    choose_network,
    is_comparable,
    trained_size,
    typical_side,
)
from unpool.actions.embedding.pixel_buffer import PixelBuffer
from unpool.actions.embedding.train_encoder import train_encoder, training_preprocessing
from unpool.actions.encoders.model_request import (
    REQUEST_KEY,
    VECTORS,
    ModelRequest,
    StoredRequest,
    is_pretrained,
)
from unpool.core.atomic_files import PARTIAL, sweep, whole_folder
from unpool.core.cpu import usable_cores
from unpool.core.markers import TRAINING
from unpool.core.progress import Progress
from unpool.images.reading.scan import Scan
from unpool.images.source import Source
from unpool.inference.embedding import decode_chunks
from unpool.inference.model import copy_model, copy_pretrained, load_encoder
from unpool.inference.vectors.first_vectors import measure_dimension
from unpool.inference.vectors.vector_file import VectorFile
from unpool.networks.encoders.door import find_encoder, function_of, keep_encoder
from unpool.networks.encoders.functions import allow_copy, allow_function
from unpool.networks.preprocessing import Preprocessing
from unpool.store.row_writer import RowWriter, check_not_empty
from unpool.store.state import EXPORTS, MODEL, read_state, write_state
from unpool.store.table import ImageTable
from unpool.training.foreign_model import write_foreign_model
from unpool.training.model_file import describe_model, has_model, save_model

MIN_COMPARISON_MINUTES = 2.0  # a comparison takes about half of them
MIN_GAIN_OF_IMAGES = 1.5  # times as many as were compared, for which a head is trained anew
SAFE_SHARE = 0.8  # of the time left, to plan for
MIN_TIME_SHARE = 0.1  # of the minutes, for training where a comparison took longer than it should


class StoredComparison(TypedDict):
    """A comparison as unpool.yaml keeps it, for a resumed run."""

    model_request: StoredRequest
    groups: int | Literal["auto"]
    rows: list[ComparisonRow]
    minutes: float


class Preparation:
    """Prepares the model of a workspace.

    Afterwards `network` and `reason` say which it is and why, `train_seconds` how long its training took, and
    `compared` has the networks that were compared, the best first. `store` holds the images as the network takes
    them where they were decoded for training; their rows are in the table then, without vectors.

    Args:
        work: The workspace.
        table: Its table.
        source: Where the images are read from.
        scan: The images.
        progress: Receives stages and messages.
    """

    def __init__(self, work: Path, table: ImageTable, source: Source, scan: Scan, progress: Progress) -> None:
        self.work, self.table, self.source, self.scan, self.progress = work, table, source, scan, progress
        self.folder = work / MODEL
        self.workers = usable_cores()
        self.store: PixelBuffer | None = None
        self.device = "cpu"  # where it is trained
        self.network, self.reason, self.train_seconds = "", "", 0.0
        self.compared: list[ComparisonRow] = []
        self._pretrained = work / f"{PARTIAL}pretrained"  # swept with whatever else is half done
        self._adapted = work / f"{PARTIAL}adapted"  # with the head of the comparison
        self._comparison_minutes = 0.0

    def prepare(self, request: ModelRequest) -> None:
        """Leave the requested model in the workspace."""
        state = read_state(self.work)
        training = describe_model(self.folder).get("training") if has_model(self.folder) else None
        is_same = request.matches(state, training) and not self._has_changed(request)
        if has_model(self.folder) and (request.names_model(self.folder) or is_same):
            self.reason = f"{state.get('reason', '')}; the workspace has its model already"
        elif request.vectors is not None:
            self._take_vectors(request, request.vectors)
        else:
            self._replace_model(request)
        self.compared = read_state(self.work).get("compared") or []
        self.network = describe_model(self.folder)["network"]
        if function := function_of(request.network):  # a user of this machine has typed it
            allow_function(self.folder, function)
        elif has_model(Path(request.network)):  # or made the folder that this is a copy of
            allow_copy(Path(request.network), self.folder)

    def _has_changed(self, request: ModelRequest) -> bool:
        """Whether a name stands for another encoder than when the model was written."""
        kind = find_encoder(request.network)
        if kind is None or kind.digest is None:
            return False
        encoder = describe_model(self.folder).get("encoder") or {}
        is_changed: bool = encoder.get("source") != kind.digest(request.network)
        if is_changed:
            self.progress.message(f"{request.network} has changed: all images are embedded again")
        return is_changed

    def _replace_model(self, request: ModelRequest) -> None:
        choice = self._choose_by_comparison(request)
        choice = choice or choose_network(request.network, self.source, self.scan.files)
        self.reason = choice.reason
        self.progress.message(f"network: {choice.network} ({choice.reason})")
        if choice.folder is None or choice.folder.resolve() != self.folder.resolve():
            with whole_folder(self.folder) as folder:
                self._write_model(choice, request, folder)
        sweep(self.work, leave=(EXPORTS,))
        stored = {REQUEST_KEY: request.run_key(), "network": choice.network, "reason": choice.reason}
        write_state(self.work, **stored, compared=self.compared, comparison=None)

    def _take_vectors(self, request: ModelRequest, vectors: VectorFile) -> None:
        """Leave a model that has no encoder."""
        self.reason = f"vectors of {vectors.file}"
        with whole_folder(self.folder) as folder:
            write_foreign_model(
                folder, VECTORS, Preprocessing(), vectors.dimension, digest=vectors.digest,
                encoder={"kind": "vectors", "file": vectors.file.name},
            )  # fmt: skip
        sweep(self.work, leave=(EXPORTS,))
        stored = {REQUEST_KEY: request.run_key(), "network": VECTORS, "reason": self.reason}
        write_state(self.work, **stored, compared=[], comparison=None)

    def _choose_by_comparison(self, request: ModelRequest) -> Choice | None:
        """The best network of a comparison; None where none is due, or it could not decide."""
        if request.network != "auto" or not request.may_train or not (request.minutes or request.steps):
            return None
        if not is_comparable(self.source, self.scan.files):
            return None
        plain = self._plain_way()
        least = MIN_COMPARISON_MINUTES * (1 if plain == "pretrained" else 3)  # which trains anyway
        if request.minutes is not None and request.minutes < least:
            self.progress.message(
                f"--minutes {request.minutes:g} leaves no time to compare networks ({least:g} would)"
            )
            return None
        comparison: StoredComparison | None = read_state(self.work).get("comparison")
        # Otherwise a run that was stopped goes on, with the time it had.
        if comparison is None or not _is_of(comparison, request):
            comparison = self._compare(request, plain)
            write_state(self.work, comparison=comparison)
        self.compared, self._comparison_minutes = comparison["rows"], comparison["minutes"]
        choice = choose_compared(comparison["rows"], trained_size(self.source, self.scan.files))
        if choice is None or request.minutes is None or choice.network != PRETRAINED or choice.adapted:
            return choice
        used = f"{60 * comparison['minutes']:.0f} of {60 * request.minutes:.0f} seconds used"
        return replace(choice, reason=f"{choice.reason}; {used}")

    def _plain_way(self) -> CandidateName:
        """What embeds these images without a budget."""
        choice = choose_network("auto", self.source, self.scan.files)
        return "pretrained" if choice.network == PRETRAINED else "scratch"

    def _compare(self, request: ModelRequest, plain: CandidateName) -> StoredComparison:
        from unpool.actions.embedding.compare_networks import compare, format_table

        start = time.perf_counter()
        compared = compare(
            self.source, self.scan.files, self._pretrained_model(), groups=request.groups,
            side=typical_side(self.source, self.scan.files), seed=request.seed, progress=self.progress,
            plain=plain, seconds=None if request.minutes is None else 60 * request.minutes, device=self.device,
        )  # fmt: skip
        results = compared.results
        if compared.adapted is not None and results[0].name == "adapted":
            network, record = compared.adapted
            save_model(self._adapted, network, training=record)
        if not results:
            self.progress.message("too few images can be read to compare networks on them")
        for line in format_table(results):
            self.progress.message(line)
        return StoredComparison(
            model_request=request.run_key(), groups=request.groups, rows=[result.row() for result in results],
            minutes=(time.perf_counter() - start) / 60,
        )  # fmt: skip

    def _pretrained_model(self) -> Path:
        """A model folder of the pretrained network, beside the model of the workspace."""
        if not has_model(self._pretrained):
            self._save_pretrained(PRETRAINED, self._pretrained)
        return self._pretrained

    def _save_pretrained(self, name: str, folder: Path, weights: Path | None = None) -> None:
        kind = find_encoder(name)
        if weights is not None:
            copy_model(keep_encoder(name, weights), folder)
        elif kind is None:
            with self.progress.stage("pretrained network, converted once per user"):
                copy_pretrained(name, folder)
        else:
            with self.progress.stage("reading the encoder"):
                if kind.keep is None:
                    kind.write(name, folder, None)
                else:
                    copy_model(kind.keep(name), folder)
            if function := function_of(name):  # is tried before it takes the place of another model
                allow_function(folder, function)
                model = load_encoder(folder, "auto", self.progress)
                measure_dimension(model, folder, self.source, self.scan.files)
        for note in (describe_model(folder).get("encoder") or {}).get("notes", ()):
            self.progress.message(f"{name}: {note}")

    def _write_model(self, choice: Choice, request: ModelRequest, folder: Path) -> None:
        if choice.adapted:
            self._adapt(request, folder)
        elif choice.network == PRETRAINED and request.weights is None and has_model(self._pretrained):
            copy_model(self._pretrained, folder)
        elif choice.folder is not None:
            copy_model(choice.folder, folder)
        elif not request.may_train or request.weights is not None or is_pretrained(choice.network):
            if request.minutes or request.steps:
                self.progress.message(f"{choice.network} is pretrained and used as it is: nothing to train")
            self._save_pretrained(choice.network, folder, request.weights)
        else:
            self._train(choice, request, folder)

    def _adapt(self, request: ModelRequest, folder: Path) -> None:
        from unpool.actions.embedding.adapt_features import adapt

        start = time.perf_counter()
        count = self._num_adapted(request.minutes)
        if count is None:
            seen = next(row["images"] for row in self.compared if row["way"] == "adapted")
            self.progress.message(
                f"the head of the comparison is kept; it has seen {seen} of {len(self.scan.files)} images"
            )
            copy_model(self._adapted, folder)
        else:
            adapt(
                folder, self._pretrained_model(), self.source, self.scan.files, num_images=count, seed=request.seed,
                device=self.device, workers=self.workers, progress=self.progress,
            )  # fmt: skip
        self.train_seconds = time.perf_counter() - start

    def _num_adapted(self, minutes: float | None) -> int | None:
        """How many images a head is trained on; None where that of the comparison has seen about as many."""
        row = next(row for row in self.compared if row["way"] == "adapted")
        remaining = self._remaining(minutes)
        count = len(self.scan.files)
        if remaining is not None:
            count = min(count, int(SAFE_SHARE * 60 * remaining * row["images"] / max(row["seconds"], 0.1)))
        is_enough = count < MIN_GAIN_OF_IMAGES * row["images"]
        if is_enough and has_model(self._adapted):
            return None
        return max(count, row["images"])

    def _train(self, choice: Choice, request: ModelRequest, folder: Path) -> None:
        start = time.perf_counter()
        self.store = self._decode(training_preprocessing(choice), folder)
        check_not_empty(self.work, self.table, self.source.location)
        train_encoder(
            folder, choice, self.store.view(), checkpoints=self.folder / TRAINING,
            minutes=self._remaining(request.minutes), steps=request.steps, groups=request.groups, seed=request.seed,
            device=self.device, progress=self.progress,
        )  # fmt: skip
        self.train_seconds = time.perf_counter() - start

    def _decode(self, preprocessing: Preprocessing, folder: Path) -> PixelBuffer:
        """Decode all images, and write their rows without vectors."""
        files = self.scan.files
        buffer, writer = PixelBuffer(folder, len(files), preprocessing.size), RowWriter(self.table)
        with self.progress.stage("decoding", len(files), "images") as stage:
            for chunk in decode_chunks(self.source, files, preprocessing, self.workers):
                buffer.add(chunk.usable, chunk.pixels_nSSC)
                writer.add(chunk.rows)
                stage.advance(len(chunk.rows))
        writer.flush()
        return buffer

    def _remaining(self, minutes: float | None) -> float | None:
        """The time that a comparison has left for training."""
        if minutes is None:
            return None
        return max(MIN_TIME_SHARE * minutes, minutes - self._comparison_minutes)


def _is_of(comparison: StoredComparison, request: ModelRequest) -> bool:
    same_request = comparison.get("model_request") == request.run_key()
    return same_request and comparison.get("groups") == request.groups
