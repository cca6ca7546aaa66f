"""The model of a workspace, made ready for a wish: kept, copied, pretrained, adapted, or trained here."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from unpool.actions.embedding.choose_network import (
    PRETRAINED,
    Choice,
    choose_network,
    chosen,
    is_comparable,
    trained_size,
    typical_side,
)
from unpool.actions.embedding.train_encoder import PixelBuffer, learn, training_form
from unpool.core.atomic_files import PARTIAL, sweep, whole_folder
from unpool.core.cpu import usable_cores
from unpool.core.markers import TRAINING
from unpool.core.progress import Progress
from unpool.images.reading.scan import Scan
from unpool.images.source import Source
from unpool.inference.embedding import decode_chunks
from unpool.inference.model import copy_model, save_pretrained_apart
from unpool.store.row_writer import RowWriter, check_not_empty
from unpool.store.state import MODEL, read_state, write_state
from unpool.store.table import ImageTable
from unpool.training.model_file import describe_model, has_model

COMPARED_FROM = 2.0  # minutes: a comparison takes 60 to 90 seconds of them


@dataclass(frozen=True)
class ModelRequest:
    """What was asked of the model; the same wish finds the same model in place."""

    network: str = "auto"
    minutes: float | None = None
    steps: int | None = None
    seed: int = 0
    may_train: bool = True
    groups: int | Literal["auto"] = "auto"  # what a trained network is refined by; not a reason to train anew

    def matches(self, state: dict[str, Any], training: dict[str, Any] | None) -> bool:
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


class Preparation:
    """Leaves the wanted model in the workspace, and says which it is, why, and how long its training took.

    `store` holds the images as the network takes them where they were decoded for training; their rows are in the
    table then, without vectors.
    """

    def __init__(self, work: Path, table: ImageTable, source: Source, scan: Scan, progress: Progress) -> None:
        self.work, self.table, self.source, self.scan, self.progress = work, table, source, scan, progress
        self.folder = work / MODEL
        self.workers = usable_cores()
        self.store: PixelBuffer | None = None
        self.network, self.reason, self.train_seconds = "", "", 0.0
        self.compared: list[dict[str, Any]] = []  # networks, the best first
        self._tried = work / f"{PARTIAL}pretrained"  # swept with whatever else is half done
        self._compared_minutes = 0.0

    def prepare(self, wish: ModelRequest) -> None:
        """Leave the wanted model in the workspace."""
        state = read_state(self.work)
        training = describe_model(self.folder).get("training") if has_model(self.folder) else None
        if has_model(self.folder) and wish.matches(state, training):
            self.reason = f"{state.get('reason', '')}; the workspace has its model already"
        else:
            choice = self._best_compared(wish) or choose_network(wish.network, self.source, self.scan.files)
            self.reason = choice.reason
            self.progress.message(f"network: {choice.network} ({choice.reason})")
            if choice.folder is None or choice.folder.resolve() != self.folder.resolve():
                with whole_folder(self.folder) as folder:
                    self._make(choice, wish, folder)
            sweep(self.work)
            told = {
                "network": choice.network,
                "reason": choice.reason,
                "compared": self.compared,
                "comparison": None,
            }
            write_state(self.work, wish=wish.asked, **told)
        self.compared = read_state(self.work).get("compared") or []
        self.network = describe_model(self.folder)["network"]

    def _best_compared(self, wish: ModelRequest) -> Choice | None:
        """What a comparison of networks finds best; None where none was asked for, or it could tell nothing."""
        if wish.network != "auto" or not wish.may_train or not (wish.minutes or wish.steps):
            return None
        if not is_comparable(self.source, self.scan.files):
            return None
        if wish.minutes is not None and wish.minutes < COMPARED_FROM:
            told = f"--minutes {wish.minutes:g} leaves no time to compare networks ({COMPARED_FROM:g} would)"
            self.progress.message(told)
            return None
        kept = read_state(self.work).get("comparison") or {}
        asked = {"wish": wish.asked, "groups": wish.groups}
        if any(kept.get(name) != value for name, value in asked.items()):
            # Else a run that was stopped goes on, with the time it had.
            kept = asked | self._try_all(wish)
            write_state(self.work, comparison=kept)
        self.compared, self._compared_minutes = kept["rows"], kept["minutes"]
        return chosen(kept["rows"], trained_size(self.source, self.scan.files))

    def _try_all(self, wish: ModelRequest) -> dict[str, Any]:
        from unpool.actions.embedding.compare_networks import compare, told

        began = time.perf_counter()
        tried = compare(
            self.source, self.scan.files, self._pretrained(), groups=wish.groups,
            side=typical_side(self.source, self.scan.files), seed=wish.seed, progress=self.progress,
        )  # fmt: skip
        if not tried:
            self.progress.message("too few images can be read to compare networks on them")
        for line in told(tried):
            self.progress.message(line)
        rows = [trial.row() for trial in tried]
        return {"rows": rows, "minutes": (time.perf_counter() - began) / 60}

    def _pretrained(self) -> Path:
        """A model folder of the pretrained network, beside the model of the workspace."""
        if not has_model(self._tried):
            with self.progress.stage("preparing"):
                save_pretrained_apart(PRETRAINED, self._tried)
        return self._tried

    def _make(self, choice: Choice, wish: ModelRequest, folder: Path) -> None:
        if choice.adapted:
            self._adapt(wish, folder)
        elif choice.folder is None and choice.network == PRETRAINED and has_model(self._tried):
            copy_model(self._tried, folder)
        elif choice.folder is not None:
            copy_model(choice.folder, folder)
        elif not wish.may_train or _is_pretrained(choice.network):
            if wish.minutes or wish.steps:
                self.progress.message(f"{choice.network} is pretrained and used as it is: nothing to train")
            with self.progress.stage("preparing"):
                save_pretrained_apart(choice.network, folder)
        else:
            self._learn(choice, wish, folder)

    def _adapt(self, wish: ModelRequest, folder: Path) -> None:
        from unpool.actions.embedding.adapt_features import adapt

        began = time.perf_counter()
        adapt(
            folder, self._pretrained(), self.source, self.scan.files, minutes=self._left(wish.minutes),
            seed=wish.seed, workers=self.workers, progress=self.progress,
        )  # fmt: skip
        self.train_seconds = time.perf_counter() - began

    def _learn(self, choice: Choice, wish: ModelRequest, folder: Path) -> None:
        form = training_form(choice)
        began = time.perf_counter()
        self.store = PixelBuffer(folder, len(self.scan.files), form.size)
        writer = RowWriter(self.table)
        with self.progress.stage("decoding", len(self.scan.files), "images") as stage:
            for chunk in decode_chunks(self.source, self.scan.files, form, self.workers):
                self.store.add(chunk.usable, chunk.pixels_NSSC)
                writer.add(chunk.rows)
                stage.advance(len(chunk.rows))
        writer.flush()
        check_not_empty(self.work, self.table, self.source.location)
        learn(
            folder, choice, self.store.view(), checkpoints=self.folder / TRAINING,
            minutes=self._left(wish.minutes), steps=wish.steps, groups=wish.groups, seed=wish.seed,
            progress=self.progress,
        )  # fmt: skip

        self.train_seconds = time.perf_counter() - began

    def _left(self, minutes: float | None) -> float | None:
        """Of the time that was asked for what a comparison has not taken, a third at least."""
        return None if minutes is None else max(minutes / 3, minutes - self._compared_minutes)


def _is_pretrained(name: str) -> bool:
    """Whether a network is used with weights from elsewhere; torch is not imported for the default."""
    if name == PRETRAINED:
        return True
    from unpool.networks.catalogue import is_backbone

    return is_backbone(name)
