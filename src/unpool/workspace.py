"""The Python face: one object with the command line's verbs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from unpool.actions.cleaning.settings import CleanSettings
from unpool.actions.curation.methods import Edits
from unpool.actions.curation.settings import CheckSettings, SearchSettings, SpreadSettings
from unpool.actions.embedding.choose_network import PRETRAINED
from unpool.actions.embedding.settings import RunSettings, WorkspaceEmbedSettings
from unpool.actions.fields.settings import ImportSettings
from unpool.actions.grouping.settings import EvaluateSettings, GroupSettings, MapSettings
from unpool.actions.inspection.judging.settings import JudgeSettings
from unpool.actions.sharing.settings import ExportSettings
from unpool.actions.teaching.classify_settings import ClassifyTrainSettings
from unpool.actions.teaching.settings import SuggestSettings
from unpool.actions.text.settings import ReadTextSettings
from unpool.actions.verbs import VERBS
from unpool.core.calls.arguments import Paths, as_paths, check_path
from unpool.core.calls.signatures import explain_calls
from unpool.core.calls.values import check_kind
from unpool.core.progress import Progress, TerminalProgress
from unpool.core.settings import keywords_of
from unpool.errors import UnpoolError, unknown_name
from unpool.images.reading.in_memory import ImageLike, list_images, read_any
from unpool.networks.encoders.functions import give_function
from unpool.store.columns import COLUMNS, VECTOR, describe_columns
from unpool.store.fields.plain_columns import plain_frame, plain_names
from unpool.store.origin import known_location, rules_of
from unpool.store.remote.mirror import name_addresses, name_of, open_workspace
from unpool.store.spaces.paths import outer_workspace, space_folder, space_of
from unpool.store.state import MODEL, read_state
from unpool.store.table import ImageTable
from unpool.training.model_file import has_model

if TYPE_CHECKING:
    from unpool.viewer.notebooks.page import NotebookPage

SEARCH_COLUMNS = ["path", "distance", "group", "label"]
SUGGEST_COLUMNS = ["path", "reason", "label", "probability"]


@name_addresses
class Workspace(Edits):
    """A folder of images, embedded, mapped and grouped.

    Every verb raises `UnpoolError`, and its kind `UsageError` for a wrong value. Keywords have the names, ranges
    and defaults of the command line's options.

        w = Workspace("photos.unpool", "photos")
        w.embed(); w.group(); w.map(); w.search("a.jpg"); w.table()

    Args:
        work: the workspace's own folder, or its address on an object store; opened or created.
        images: the folder of the images, its address, or a named data set; needed the first time only.
        data: folder with named data sets in torchvision's layout.
        verbose: show progress on standard error.
        space: the set of vectors to work with, made by its `embed`; None for the workspace's own.
    """

    @explain_calls
    def __init__(
        self,
        work: str | Path,
        images: str | Path | None = None,
        *,
        data: str | Path | None = None,
        verbose: bool = False,
        space: str | None = None,
    ) -> None:
        super().__init__(space_folder(open_workspace(check_path("work", work)), space))
        self._images = None if images is None else str(images)
        self._data = None if data is None else Path(data)
        self._progress = TerminalProgress() if verbose else Progress()

    def __repr__(self) -> str:
        space = space_of(self.work)
        return f"Workspace({name_of(outer_workspace(self.work))!r}{f', space={space!r}' if space else ''})"

    @keywords_of(RunSettings)
    def run(self, settings: RunSettings) -> pd.DataFrame:
        """Embed, map and group the images, and write the report. Returns the table."""
        self._call_on_images("run", settings)
        return self.table()

    @keywords_of(WorkspaceEmbedSettings)
    def embed(self, settings: WorkspaceEmbedSettings) -> pd.DataFrame:
        """Embed what is new or changed. Returns the table.

        Without `model` by the workspace's own where it has one, else by EfficientNet-lite0. `model` may be a function
        too, from a list of images (H, W, 3) uint8 to an array (B, D).
        """
        if settings.vectors is None:
            own = self.work / MODEL
            model = settings.model or (own if has_model(own) else PRETRAINED)
            model = give_function(model) if callable(model) else model
            settings = replace(settings, model=str(model))
        self._call_on_images("embed", settings)
        return self.table()

    @keywords_of(GroupSettings)
    def group(self, settings: GroupSettings) -> pd.DataFrame:
        """Group the images. Returns the table, with group and probability.

        With `names` and no other way to group, the present groups get names alone: column `group_name`.
        """
        self._call("group", settings)
        return self.table()

    @keywords_of(MapSettings)
    def map(self, settings: MapSettings) -> pd.DataFrame:
        """Lay the images out in the plane. Returns the table, with x and y."""
        self._call("map", settings)
        return self.table()

    @keywords_of(SearchSettings)
    def search(
        self,
        image: ImageLike | None = None,
        settings: SearchSettings = SearchSettings(),  # noqa: B008 - frozen
    ) -> pd.DataFrame:
        """Find the `k` images most like an image or words.

        Args:
            image: a path, of the workspace too; a picture, an array (H, W, C) or a tensor (C, H, W), of uint8 or of
                floats from 0 to 1; None where there are words.
            settings: or its fields as keywords; `words` and `without` are a text or several, `text` words that can be
                read in images.

        Returns:
            Path, distance (cosine, 0 to 2; of `text` 0 to 1), group and label, nearest first.
        """
        search = VERBS["search"].load()
        result = search(image, settings, work=self.work, progress=self._progress)
        has_text = any("text" in row for row in result["results"]) or settings.text is not None
        columns = [*SEARCH_COLUMNS, "text"] if has_text else SEARCH_COLUMNS
        return pd.DataFrame(result["results"], columns=columns)

    @keywords_of(ReadTextSettings)
    def read_text(self, settings: ReadTextSettings) -> pd.DataFrame:
        """Read the text inside new and changed images. Returns path and text of those that have some."""
        self._call("read-text", settings)
        rows = self.table(["path", "text"])
        return rows[rows["text"].fillna("") != ""].reset_index(drop=True)

    @explain_calls
    def embed_images(self, images: ImageLike | Iterable[ImageLike]) -> np.ndarray:
        """Compute vectors of any images by the workspace's model.

        Nothing is stored.

        Args:
            images: one or several, as for `search`.

        Returns:
            (N, D) float32, in the order of the images.
        """
        from unpool.inference.model import load_encoder

        model = load_encoder(self.work / MODEL, "auto", self._progress)
        rules, prep = rules_of(self.work), model.preprocessing
        pictures = (read_any(image, min_side=prep.size, rules=rules) for image in list_images(images))
        return np.concatenate([model.encoder(prep.fit(picture)[None]) for picture in pictures])

    @keywords_of(EvaluateSettings)
    def evaluate(self, settings: EvaluateSettings) -> dict[str, Any]:
        """Measure how good the groups are. Returns the JSON object of `unpool evaluate`."""
        return self._call("evaluate", settings)

    @keywords_of(CheckSettings)
    def check(self, settings: CheckSettings) -> dict[str, Any]:
        """Find duplicates, outliers, blurred, too dark and too bright images. Returns how many of each."""
        return self._call("check", settings)

    @keywords_of(JudgeSettings)
    def judge(self, paths: Paths, settings: JudgeSettings) -> dict[str, Any]:
        """Say of inspected images whether they are good. Returns the JSON object of `unpool inspect judge`.

        Args:
            paths: as in the table; by memory an empty list for all that were called good and are not in it.
        """
        from unpool.actions.inspection.judging.judge import judge

        return judge(self.work, settings, paths=as_paths(paths), progress=self._progress)

    @keywords_of(CleanSettings)
    def clean(self, settings: CleanSettings) -> dict[str, Any]:
        """Move the files of a problem away, or back. Returns the JSON object of `unpool clean`."""
        from unpool.actions.cleaning.clean import clean

        return clean(outer_workspace(self.work), settings, progress=self._progress)

    @keywords_of(ExportSettings)
    def export(self, settings: ExportSettings) -> Path:
        """Export the workspace to a file or folder. Returns `out`."""
        self._call("export", settings)
        return Path(settings.out)

    @keywords_of(SuggestSettings)
    def suggest(self, settings: SuggestSettings) -> pd.DataFrame:
        """Choose the images that are worth a label next.

        Returns:
            Path, reason, the likeliest label and its probability, the best image first.
        """
        return pd.DataFrame(self._call("suggest", settings)["images"], columns=SUGGEST_COLUMNS)

    @keywords_of(ClassifyTrainSettings)
    def classify_train(self, out: str | Path, settings: ClassifyTrainSettings) -> dict[str, Any]:
        """Make a classifier from the labels. Returns the JSON object of `unpool classify train`.

        Args:
            out: the model folder to write.
            settings: or its fields as keywords.
        """
        from unpool.actions.teaching.classify_train import classify_train

        folder = Path(check_path("out", out))
        return dict(classify_train(self.work, settings, out=folder, progress=self._progress))

    @explain_calls
    def classify_predict(self, model: str | Path, images: str | Path | None = None) -> pd.DataFrame:
        """Name images by a classifier. Returns path, label, probability and abstained of each.

        Args:
            model: the model folder of the classifier.
            images: a folder of new images, its address, or a named data set; None for those of the workspace.
        """
        from unpool.actions.teaching.classify_predict import COLUMNS, predict_images

        folder = Path(check_path("model", model))
        source = None if images is None else str(check_path("images", images))
        rows = predict_images(self.work, source, model=folder, data=self._data, progress=self._progress)
        return pd.DataFrame(rows, columns=list(COLUMNS))

    @keywords_of(SpreadSettings)
    def spread(self, settings: SpreadSettings) -> pd.DataFrame:
        """Suggest labels where few of them are wrong.

        Returns:
            Path, suggestion and suggestion_confidence of the images that have one, the most confident first.
        """
        self._call("spread", settings)
        return self._suggestions()

    @explain_calls
    def label_zero_shot(self, names: str | Sequence[str], *, all_fit: bool = False) -> pd.DataFrame:
        """Suggest labels by words alone.

        Their confidence is the model's own scale, and uncalibrated, where fewer than ten images have one of the names
        as a label.

        Args:
            names: two or more; or one text with commas between them.
            all_fit: whether each image has one of the names; else those that fit other nouns better get none.

        Returns:
            Path, suggestion and suggestion_confidence of the images that have one, the most confident first.
        """
        from unpool.actions.words.zero_shot import label_zero_shot

        label_zero_shot(self.work, names, all_fit=all_fit, progress=self._progress)
        return self._suggestions()

    @keywords_of(ImportSettings)
    def label_from(self, settings: ImportSettings) -> dict[str, Any]:
        """Read labels and fields from a file. Returns the JSON object of `unpool label --from`."""
        from unpool.actions.fields.import_fields import import_fields

        return dict(import_fields(self.work, settings, progress=self._progress))

    @explain_calls
    def spaces(self) -> pd.DataFrame:
        """List the sets of vectors, the workspace's own first.

        Returns:
            Name (None for its own), network, dimension, images that have a vector, those missing one, and bytes.
        """
        from unpool.actions.spaces.spaces import ListedSpace, list_spaces

        rows = list_spaces(self.work)["spaces"]
        return pd.DataFrame(rows, columns=list(ListedSpace.__annotations__), dtype=object)

    @explain_calls
    def remove_space(self, name: str) -> int:
        """Remove a space, which cannot be undone. Returns how many bytes that frees.

        Images, labels and other spaces stay. What was computed before can no longer be undone; edits by hand can.

        Args:
            name: of the space.
        """
        from unpool.actions.spaces.spaces import remove_space

        check_kind("name", name, str)
        return int(remove_space(outer_workspace(self.work), name)["freed"])

    @explain_calls
    def doctor(self) -> pd.DataFrame:
        """Find what is wrong with the workspace, and repair it.

        Returns:
            Kind, what, where, repaired and remedy of each problem; empty where there is none.
        """
        from unpool.actions.health.doctor import doctor
        from unpool.actions.health.findings import Finding

        problems = doctor(outer_workspace(self.work), progress=self._progress)["problems"]
        return pd.DataFrame(problems, columns=list(Finding.__annotations__))

    @explain_calls
    def table(self, columns: str | Sequence[str] | None = None) -> pd.DataFrame:
        """Return one row per image, sorted by path.

        Args:
            columns: the name of one column or field, or of several; None for all.

        Raises:
            UsageError: there is no column of that name; it names the nearest.

        Returns:
            Columns that nothing has computed yet are missing or null:

        """
        table = ImageTable(self.work)
        names = [columns] if isinstance(columns, str) else columns
        known = {*plain_names(table), *COLUMNS, VECTOR}
        if unknown := [name for name in names or [] if name not in known]:
            raise unknown_name("column", str(unknown[0]), known)
        return plain_frame(table, names)

    @explain_calls
    def view(self, *, height: int = 640) -> NotebookPage:
        """Show the page of the workspace in a notebook.

        It is served by this process on this machine alone, until `close` or the end of the process.

        Args:
            height: of the frame in pixels.

        Returns:
            What a notebook shows as a frame; `url` opens in any browser of this machine.
        """
        from unpool.viewer.notebooks.page import NotebookPage

        return NotebookPage(self.work, height=height)

    def _repr_html_(self) -> str:
        from unpool.viewer.notebooks.strip import draw_strip

        return draw_strip(self.work)

    def _suggestions(self) -> pd.DataFrame:
        rows = self.table(["path", "suggestion", "suggestion_confidence"]).dropna(subset=["suggestion"])
        return rows.sort_values("suggestion_confidence", ascending=False, kind="stable", ignore_index=True)

    def _call(self, name: str, settings: object) -> dict[str, Any]:
        return VERBS[name].load()(self.work, settings, progress=self._progress)

    def _call_on_images(self, name: str, settings: object) -> dict[str, Any]:
        state = read_state(self.work)
        source = self._images or known_location(self.work)
        if source is None:
            raise UnpoolError(f"{self.work} does not know its images yet; give them: Workspace(work, images)")
        if self._data is None and state.get("data"):
            self._data = Path(state["data"])
        verb = VERBS[name].load()
        return verb(str(source), settings, work=self.work, data=self._data, progress=self._progress)


Workspace.table.__doc__ = (Workspace.table.__doc__ or "").rstrip() + "\n\n" + describe_columns()
