"""The map coloured by true class: report/map-labels.png."""

from __future__ import annotations

from pathlib import Path

from unpool.actions.grouping.labels import read_labels_of
from unpool.actions.sharing.quality import LABELLED_MAP
from unpool.actions.sharing.report import columns_of_pictures, thumbnails_of
from unpool.core.atomic_files import write_bytes
from unpool.core.progress import Progress
from unpool.images.labels.true_labels import TrueLabels
from unpool.store.columns import OK
from unpool.store.state import REPORT
from unpool.store.table import ImageTable


def draw_labelled_map(work: Path, labels: str, progress: Progress) -> tuple[Path, TrueLabels]:
    """Draw the map with the images coloured by true class.

    Args:
        work: the workspace, already mapped.
        labels: folders, or a file of path,label; images without a label stay grey.
        progress: where messages go.

    Returns:
        The path of WORK/report/map-labels.png, and the labels.

    Raises:
        UnpoolError: the labels fit no image.
    """
    from unpool.report.drawing import png_bytes
    from unpool.report.items import UNGROUPED, read_items
    from unpool.report.map_picture import draw_map, finest_level
    from unpool.report.thinning import assign_levels

    table = ImageTable(work)
    columns = [name for name in columns_of_pictures(table) if name in ("path", "thumbnail", "x", "y")]
    frame = table.frame(columns, where=f"status = '{OK}'")
    true_labels = read_labels_of(work, frame["path"].tolist(), labels, progress)
    classes = true_labels.classes
    names = sorted({name for name in classes if name is not None})
    number_of = {name: position for position, name in enumerate(names)}
    frame["group"] = [UNGROUPED if name is None else number_of[name] for name in classes]
    items = read_items(frame, thumbnails_of(table, frame))
    levels = assign_levels(items.place_N2, items.priority(), finest=finest_level(items))
    picture = draw_map(items, levels, dict(enumerate(names)))
    return write_bytes(work / REPORT / LABELLED_MAP, png_bytes(picture)), true_labels
