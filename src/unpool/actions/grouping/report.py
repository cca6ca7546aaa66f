"""The report of a workspace: pictures, and a page that opens from disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from unpool.actions.grouping.group_files import (
    CONFUSION,
    DENDROGRAM,
    MEANINGS,
    compared_table,
    groups_table,
    read_figures,
)
from unpool.actions.grouping.true_labels import classes_of
from unpool.core.atomic_files import write_bytes
from unpool.core.progress import Progress
from unpool.images.source import FolderSource, Source
from unpool.inference.embedding import Form
from unpool.store.columns import OK, SKIPPED
from unpool.store.origin import source_of
from unpool.store.state import MODEL, REPORT, read_state
from unpool.store.sync import problem_rows
from unpool.store.table import ImageTable, embedded_vectors
from unpool.training.model_file import describe_model, load_model

SHOWN = (
    "path",
    "id",
    "width",
    "height",
    "thumbnail",
    "x",
    "y",
    "group",
    "probability",
    "outlier_score",
    "label",
)
EXAMPLES = 16
PAGE = "index.html"


def facts_of(work: Path) -> dict[str, Any]:
    """What the report says first: the images, the network, the groups and how good they are."""
    state, figures, table = read_state(work), read_figures(work), ImageTable(work)
    grouping = state.get("group") or {}
    facts = {
        "images": table.count(OK), "skipped": table.count(SKIPPED), "network": state.get("network"),
        "why": state.get("reason"), "groups": grouping.get("groups"), "grouped by": grouping.get("method"),
    }  # fmt: skip
    known = {name.replace("_", " "): figures.get(name) for name in MEANINGS if name not in facts}
    return facts | {name: value for name, value in known.items() if value is not None}


def refresh_report(work: Path, progress: Progress) -> None:
    """Write the report anew where there is one: its groups or figures are others now."""
    if (work / REPORT / PAGE).is_file():
        with progress.stage("report"):
            make_report(work)


def make_report(work: Path, *, out: Path | None = None) -> Path:
    """Write the pictures and index.html of a workspace to WORK/report, or to `out`; returns index.html."""
    from unpool.report import write_report

    table = ImageTable(work)
    state = read_state(work)
    frame = table.frame(SHOWN, where=f"status = '{OK}'")
    paths, vectors_ND = embedded_vectors(table)
    frame = frame.set_index("path", drop=False).loc[paths].reset_index(drop=True)
    if "group" in frame and frame["group"].notna().all():
        frame["rank"] = _ranks(vectors_ND, frame["group"].to_numpy(np.int64))
    source = source_of(work)
    folder = source.folder if isinstance(source, FolderSource) else None
    training = describe_model(work / MODEL).get("training")
    return write_report(
        out or work / REPORT,
        frame,
        title=Path(str(state.get("images", work))).name,
        facts=facts_of(work),
        history=training["epochs"] if training else None,
        reconstructions=_examples(work, source, paths) if training else None,
        pictures=_pictures(work / REPORT),
        tables=[table for table in (groups_table(work), compared_table(state)) if table is not None],
        originals=folder,
        problems=problem_rows(table),
    )


def _pictures(folder: Path) -> list[tuple[str, str, Path]]:
    """Title, alternative text and file of what grouping and evaluating drew."""
    known = (
        ("How groups relate", "Tree of the groups, the most alike joined first", DENDROGRAM),
        ("Groups and classes", "Table of how many images of each class are in each group", CONFUSION),
    )
    return [(title, told, folder / name) for title, told, name in known if (folder / name).is_file()]


def draw_labelled_map(work: Path, labels: str) -> Path:
    """Write WORK/report/map-labels.png: the map with the images coloured by their true classes.

    `labels` is "folders" or a CSV of path,label, as for `unpool evaluate`; images without one stay grey.
    """
    from unpool.report.drawing import png_bytes
    from unpool.report.items import UNGROUPED, read_items
    from unpool.report.map_picture import draw_map
    from unpool.report.thinning import assign_levels

    table = ImageTable(work)
    frame = table.frame(("path", "thumbnail", "x", "y"), where=f"status = '{OK}'")
    classes = classes_of(frame["path"].tolist(), labels)
    names = sorted({name for name in classes if name is not None})
    number = {name: position for position, name in enumerate(names)}
    frame["group"] = [UNGROUPED if name is None else number[name] for name in classes]
    items = read_items(frame)
    levels = assign_levels(items.place_N2, items.priority())
    picture = draw_map(items, levels, dict(enumerate(names)))
    return write_bytes(work / REPORT / "map-labels.png", png_bytes(picture))


def _ranks(vectors_ND: np.ndarray, group_N: np.ndarray) -> np.ndarray:
    """0 for the most typical image of each group, 1 for the next; noise comes after all."""
    from unpool.analysis.metrics.supervised import medoids

    rank_N = np.full(len(group_N), len(group_N), np.int64)
    for rows in medoids(vectors_ND, group_N, len(group_N)).values():
        rank_N[rows] = np.arange(len(rows))
    return rank_N


def _examples(work: Path, source: Source, paths: list[str]) -> tuple[np.ndarray, np.ndarray] | None:
    """Some images as the trained network takes them, and what its mirror makes of their codes; None without one."""
    from unpool.inference.reconstruction import reconstruct
    from unpool.networks.decoders.base import NoDecoder

    network: Any = load_model(work / MODEL)
    if isinstance(network.decoder, NoDecoder):
        return None
    prep = network.preprocessing
    chosen = {paths[i] for i in np.linspace(0, len(paths) - 1, min(EXAMPLES, len(paths))).astype(int)}
    files = [file for file in source.scan().files if file.path in chosen]
    form = Form(prep.size, prep.channels, prep.crop)
    pixels = [form.fit(source.read(file, prep.size)) for file in files]
    network.use_indices = False  # they would carry the images past their codes
    made = next(reconstruct(network, [np.stack(pixels)]))
    return made.input_BSSC, made.output_BSSC
