"""The report of a workspace: pictures and a page.

Shapes: N images, D numbers a vector, S the side of a square image, C channels.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

from unpool.actions.sharing.quality import LOSS, MAP, PAIRS, SHEET
from unpool.actions.sharing.static_page import write_static_page
from unpool.actions.words.word_list import read_nouns
from unpool.core.atomic_files import write_bytes
from unpool.core.progress import Progress
from unpool.images.source import Source
from unpool.report.items import ThumbnailRows
from unpool.store.columns import OK
from unpool.store.fields.group_names import find_group_names
from unpool.store.origin import folder_of, source_of
from unpool.store.state import MODEL, REPORT
from unpool.store.table import ImageTable, embedded_vectors
from unpool.store.thumbnails import Thumbnails
from unpool.training.model_file import describe_model, load_model

COLUMNS = ("path", "thumbnail", "x", "y", "group", "group_name", "probability")  # that the pictures need
MAX_LOADED = 20_000  # images whose thumbnails are all read for the pictures
NUM_EXAMPLES = 16  # images that reconstructions are shown of
PAGE = "index.html"

Pairs = tuple[np.ndarray, np.ndarray]


def refresh_report(work: Path, progress: Progress) -> None:
    """Rewrite the report where there is one.

    Called when groups, map or figures have changed.
    """
    if (work / REPORT / PAGE).is_file():
        with progress.stage("report"):
            write_report(work)


def write_report(work: Path, *, out: Path | None = None, of_model: bool = True) -> Path:
    """Write the pictures and index.html of a workspace.

    Args:
        work: the workspace.
        out: the folder to write to; WORK/report where None.
        of_model: draw the pictures of the model too, which do not change with the images.

    Returns:
        The path of index.html, which needs no server and no network.

    Raises:
        UnpoolError: nothing is embedded yet.
    """
    folder = out or work / REPORT
    table = ImageTable(work)
    paths, vectors_ND = embedded_vectors(table)
    frame = table.frame(columns_of_pictures(table), where=f"status = '{OK}'")
    frame = frame.set_index("path", drop=False).loc[paths].reset_index(drop=True)
    if "group" in frame and frame["group"].notna().all():
        frame["rank"] = _ranks(vectors_ND, frame["group"].to_numpy(np.int64))
    _draw_groups(folder, frame, thumbnails_of(table, frame))
    if of_model and (training := describe_model(work / MODEL).get("training")):
        _draw_training(folder, training["epochs"], _reconstruct_examples(work, source_of(work), paths))
    write_static_page(work, folder / PAGE, pictures=[folder, work / REPORT], originals=folder_of(work))
    return folder / PAGE


def columns_of_pictures(table: ImageTable) -> list[str]:
    """The columns that the pictures need.

    The thumbnails of a large table are not among them: few are shown.
    """
    return [name for name in COLUMNS if name != "thumbnail" or len(table) <= MAX_LOADED]


def thumbnails_of(table: ImageTable, frame: pd.DataFrame) -> ThumbnailRows | None:
    """Return the thumbnails of rows, read one by one.

    None where the frame holds them.
    """
    return None if "thumbnail" in frame else _SomeThumbnails(table.work, frame["path"].tolist())


class _SomeThumbnails:
    """Thumbnails by row, each read where it is needed."""

    def __init__(self, work: Path, paths: list[str]) -> None:
        self._thumbnails = Thumbnails(work, paths)
        self._read: dict[int, bytes | None] = {}

    def __getitem__(self, row: int, /) -> bytes | None:
        if row not in self._read:
            self._read[row] = self._thumbnails.take([row])[0]
        return self._read[row]


def _draw_groups(folder: Path, frame: pd.DataFrame, thumbnails: ThumbnailRows | None) -> None:
    """Write map.png and groups.png."""
    from unpool.report.drawing import png_bytes
    from unpool.report.items import read_items
    from unpool.report.map_picture import draw_map, finest_level
    from unpool.report.pictures import draw_groups
    from unpool.report.thinning import assign_levels

    items = read_items(frame, thumbnails)
    names = _names_of_groups(frame)
    with ThreadPoolExecutor(1) as beside:
        sheet = beside.submit(lambda: png_bytes(draw_groups(items, names)))
        level_N = assign_levels(items.place_N2, items.priority(), finest=finest_level(items))
        write_bytes(folder / MAP, png_bytes(draw_map(items, level_N, names)))
        write_bytes(folder / SHEET, sheet.result())


def _names_of_groups(frame: pd.DataFrame) -> dict[int, str]:
    """What pictures call groups that have names in words; their font has no Chinese, so nouns of ours are English."""
    from unpool.report.drawing import can_draw

    if not {"group", "group_name"} <= set(frame.columns) or frame["group_name"].isna().all():
        return {}
    group_N = frame["group"].fillna(-1).to_numpy(np.int64)
    names = [name if isinstance(name, str) else None for name in frame["group_name"]]
    english = {chinese: noun for noun, chinese in read_nouns()}
    found = {number: english.get(name, name) for number, name in find_group_names(group_N, names).items()}
    return {number: name for number, name in found.items() if can_draw(name)}


def _draw_training(folder: Path, epochs: list[dict[str, float]], pairs: Pairs | None) -> None:
    """Write loss.png, and reconstructions.png where the network has a decoder."""
    from unpool.report.drawing import png_bytes
    from unpool.report.grid import draw_grid
    from unpool.report.pictures import draw_loss

    if epochs:
        write_bytes(folder / LOSS, draw_loss(epochs))
    if pairs is not None and len(pairs[0]):
        cells = dict(zip(("input", "output"), pairs, strict=True))
        write_bytes(folder / PAIRS, png_bytes(draw_grid(cells)))


def _ranks(vectors_ND: np.ndarray, group_N: np.ndarray) -> np.ndarray:
    """Rank the images of each group, 0 for the most typical; noise comes last."""
    from unpool.analysis.metrics.supervised import medoids

    rank_N = np.full(len(group_N), len(group_N), np.int64)
    for rows in medoids(vectors_ND, group_N, len(group_N)).values():
        rank_N[rows] = np.arange(len(rows))
    return rank_N


def _reconstruct_examples(work: Path, source: Source, paths: list[str]) -> Pairs | None:
    """Reconstruct some images from their codes: inputs and outputs (N, S, S, C); None without a decoder."""
    from unpool.inference.reconstruction import reconstruct
    from unpool.networks.decoders.base import NoDecoder

    network = load_model(work / MODEL)
    if isinstance(network.decoder, NoDecoder):
        return None
    prep = network.preprocessing
    positions = np.linspace(0, len(paths) - 1, min(NUM_EXAMPLES, len(paths))).astype(int)
    examples = {paths[position] for position in positions}
    files = [file for file in source.scan().files if file.path in examples]
    pixels = [prep.fit(source.read(file, prep.needed_side)) for file in files]
    if not pixels:  # the folder of all of them is away
        return None
    network.use_indices = False  # they would carry the images past their codes
    pairs = next(reconstruct(network, [np.stack(pixels)]))
    return pairs.input_BSSC, pairs.output_BSSC
