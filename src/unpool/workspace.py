"""The Python way: one object with the same verbs as the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from unpool.actions.embedding.choose_network import PRETRAINED
from unpool.core.progress import Progress, TerminalProgress
from unpool.errors import UnpoolError
from unpool.store.state import MODEL, read_state
from unpool.store.table import ImageTable
from unpool.training.model_file import has_model


class Workspace:
    """A collection of images: `Workspace("photos.unpool")` opens or starts one.

    Give `images` (a folder or a named set) the first time; later the workspace remembers it. With
    `verbose` the verbs show progress on standard error. Every verb raises `UnpoolError`.

        w = Workspace("photos.unpool", "photos")
        w.embed(); w.group(); w.map(); w.search("a.jpg"); w.table()
    """

    def __init__(
        self,
        work: str | Path,
        images: str | Path | None = None,
        *,
        data: str | Path | None = None,
        verbose: bool = False,
    ) -> None:
        self.work = Path(work)
        self._images = None if images is None else str(images)
        self._data = None if data is None else Path(data)
        self._progress = TerminalProgress() if verbose else Progress()

    def __repr__(self) -> str:
        return f"Workspace({str(self.work)!r})"

    def run(self, **options: Any) -> pd.DataFrame:
        """Embed, map, group and report, as `unpool run`; options as there. Returns the table."""
        from unpool.actions.embedding.run import run

        run(self._place(), work=self.work, data=self._data, progress=self._progress, **options)
        return self.table()

    def embed(self, model: str | Path | None = None, **options: Any) -> pd.DataFrame:
        """Embed what is new or changed, as `unpool embed`.

        Without `model` by the workspace's own where it has one, else by EfficientNet-lite0.
        """
        from unpool.actions.embedding.embed import embed

        own = self.work / MODEL
        wanted = str(model or (own if has_model(own) else PRETRAINED))
        embed(
            self._place(), model=wanted, work=self.work, data=self._data, progress=self._progress, **options
        )  # fmt: skip
        return self.table()

    def group(self, **options: Any) -> pd.DataFrame:
        """Group the images, as `unpool group`. Returns the table with group and probability."""
        from unpool.actions.grouping.group import group

        group(self.work, progress=self._progress, **options)
        return self.table()

    def map(self, **options: Any) -> pd.DataFrame:
        """Lay the images out in the plane, as `unpool map`. Returns the table with x and y."""
        from unpool.actions.grouping.group import map_images

        map_images(self.work, progress=self._progress, **options)
        return self.table()

    def search(self, image: str | Path, k: int = 12, **options: Any) -> pd.DataFrame:
        """The `k` images most like `image`: path, distance (cosine) and group, nearest first."""
        from unpool.actions.curation.search import search

        told = search(Path(image), work=self.work, k=k, progress=self._progress, **options)
        return pd.DataFrame(told["results"], columns=["path", "distance", "group"])

    def evaluate(self, labels: str | Path | None = None) -> dict[str, Any]:
        """Quality of the groups, as `unpool evaluate`: a dictionary of its JSON keys."""
        from unpool.actions.grouping.group import evaluate

        return evaluate(self.work, labels=None if labels is None else str(labels), progress=self._progress)

    def label(self, paths: str | Sequence[str], name: str | None) -> int:
        """Give images a label, or take theirs away with None; returns how many images it changed.

        `paths` are those of the table: relative to the folder of the images.
        """
        from unpool.actions.curation.edit import label

        return int(label(self.work, paths, name)["changed"])

    def mark(self, paths: str | Sequence[str], wrong: bool = True) -> int:
        """Mark images as wrong, or take the mark away; returns how many images it changed."""
        from unpool.actions.curation.edit import mark

        return int(mark(self.work, paths, wrong)["changed"])

    def move(self, paths: str | Sequence[str], group: int) -> int:
        """Move images to a group: one there is, the next number for a new one, -1 for none; how many it changed."""
        from unpool.actions.curation.edit import move

        return int(move(self.work, paths, group)["changed"])

    def merge(self, groups: Sequence[int]) -> int:
        """Join groups into the one of the smallest number; returns how many images it changed."""
        from unpool.actions.curation.edit import merge

        return int(merge(self.work, groups)["changed"])

    def split(self, group: int) -> int:
        """Part a group in two; returns how many images are in the new one."""
        from unpool.actions.curation.edit import split

        return int(split(self.work, group)["changed"])

    def spread(self) -> pd.DataFrame:
        """Suggest labels from the labelled neighbours of each image, as `unpool spread`.

        Returns path, suggestion and suggestion_confidence of the images that have a suggestion, the surest first.
        """
        from unpool.actions.curation.suggest import spread

        spread(self.work, progress=self._progress)
        found = self.table(["path", "suggestion", "suggestion_confidence"]).dropna(subset=["suggestion"])
        return found.sort_values("suggestion_confidence", ascending=False, kind="stable", ignore_index=True)

    def accept(self, paths: str | Sequence[str]) -> int:
        """Make suggestions of images their labels; returns how many had one."""
        from unpool.actions.curation.edit import accept

        return int(accept(self.work, paths)["changed"])

    def refuse(self, paths: str | Sequence[str]) -> int:
        """Forget suggestions of images; returns how many had one."""
        from unpool.actions.curation.edit import refuse

        return int(refuse(self.work, paths)["changed"])

    def undo(self) -> str:
        """Take the last edit back, as `unpool undo`; returns what it was in words."""
        from unpool.actions.curation.edit import undo

        return str(undo(self.work)["told"])

    def check(self, **options: Any) -> dict[str, Any]:
        """Find duplicates, outliers, blurred and too dark or bright images, as `unpool check`: how many of each."""
        from unpool.actions.curation.check import check

        told: dict[str, Any] = check(self.work, progress=self._progress, **options)
        return told

    def export(
        self, to: str, out: str | Path, *, paths: Sequence[str] | None = None, link: bool = False
    ) -> Path:
        """Write the collection, or some of it, as csv, parquet, folders or html to `out`, which is returned."""
        from unpool.actions.sharing.export import export

        export(self.work, to=to, out=Path(out), paths=paths, link=link, progress=self._progress)
        return Path(out)

    def table(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """One row per image, sorted by path; all columns, or those named."""
        return ImageTable(self.work).frame(columns)

    def _place(self) -> str:
        place = self._images or read_state(self.work).get("place")
        if place is None:
            raise UnpoolError(f"{self.work} does not know its images yet; give them: Workspace(work, images)")
        if self._data is None and (data := read_state(self.work).get("data")):
            self._data = Path(data)
        return str(place)
