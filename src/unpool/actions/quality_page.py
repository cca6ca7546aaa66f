"""How good the groups are, as the page shows it: figures with what they mean, pictures, tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from unpool.actions.described import compared_table, groups_table, read_figures
from unpool.actions.places import REPORT, read_state

MEANINGS = {
    "groups": "how many groups there are",
    "accuracy": "share of images in the group that matches their class best, each class with one group",
    "nmi": "what groups tell of classes, from 0, nothing, to 1, everything",
    "ari": "agreement of pairs of images with the classes, 0 where it is chance, 1 where it is perfect",
    "knn_accuracy": "share of images whose nearest neighbours tell their class",
    "silhouette": "how far groups lie apart for their width, from -1 to 1, by the images' vectors",
    "map_silhouette": "the same on the map",
    "coverage": "share of images that are in a group at all",
    "trustworthiness": "share of neighbours on the map that are neighbours by their vectors too",
    "purity": "share of an image's nearest neighbours that are in its own group",
    "stability": "agreement of k-means groups of random parts of the images, as many as there are groups",
    "effective_rank": "how many directions the vectors use; near 1 they have collapsed",
}
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
