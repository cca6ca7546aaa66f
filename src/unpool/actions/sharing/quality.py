"""How good the groups are, as the page shows it: figures with what they mean, pictures, tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from unpool.actions.grouping.group_files import MEANINGS, compared_table, groups_table, read_figures
from unpool.store.state import REPORT, read_state

PICTURES = {
    "map.png": ("The map", "All images laid out by likeness, coloured by group"),
    "groups.png": ("Typical images of each group", "The most typical images of each group in rows"),
    "dendrogram.png": ("How groups relate", "Tree of the groups, the most alike joined first"),
    "confusion.png": ("Groups and classes", "Table of how many images of each class are in each group"),
    "reconstructions.png": ("What the network makes of images", "Images above what is made of their codes"),
    "loss.png": ("Loss by epoch", "Training and validation loss by epoch"),
}  # fmt: skip


def quality(work: Path, url: Callable[[str], str]) -> dict[str, Any]:
    """The `Quality` of web/src/data/types.ts, from what `unpool evaluate` and `unpool group` wrote.

    `url` gives the address of a picture in WORK/report by its name.
    """
    figures = read_figures(work)
    return {
        "figures": [
            {"name": name.replace("_", " "), "value": figures[name], "meaning": meaning}
            for name, meaning in MEANINGS.items()
            if isinstance(figures.get(name), int | float)
        ],
        "pictures": [
            {"title": title, "alt": alt, "url": url(name)}
            for name, (title, alt) in PICTURES.items()
            if (work / REPORT / name).is_file()
        ],
        "tables": [
            {"title": title, "header": header, "rows": rows}
            for title, header, rows in filter(None, (groups_table(work), compared_table(read_state(work))))
        ],
    }
