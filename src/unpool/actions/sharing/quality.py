"""Figures, pictures and tables of the page's *Quality*."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typing_extensions import TypedDict

from unpool.actions.grouping.drift import describe_drift, read_drift
from unpool.actions.sharing.figures import FIGURES, read_figures
from unpool.actions.sharing.levels import Levels, describe_levels, read_levels
from unpool.store.inspection.inspector import found_not_good, read_inspector
from unpool.store.state import REPORT, read_state

GROUPS, DENDROGRAM, CONFUSION = "groups.json", "dendrogram.png", "confusion.png"
MAP, SHEET, LOSS, PAIRS, LABELLED_MAP = (
    "map.png",
    "groups.png",
    "loss.png",
    "reconstructions.png",
    "map-labels.png",
)
MAX_NAMED, MAX_LISTED = 2, 100  # images named of each kind, and groups, in the table of groups


@dataclass(frozen=True)
class Picture:
    """A picture of WORK/report.

    Attributes:
        title: what people read above it.
        alt: its text for people who cannot see it.
        meaning: how to read it, in one sentence.
    """

    title: str
    alt: str
    meaning: str


PICTURES = {
    MAP: Picture(
        "Map", "All images laid out by similarity, coloured by group",
        "Similar images lie near each other. Distances between far groups mean little.",
    ),
    LABELLED_MAP: Picture(
        "Map by class", "The same map coloured by true class", "Groups that hold several colours mix classes.",
    ),
    SHEET: Picture(
        "Typical images of each group", "The most typical images of each group in rows",
        "The first images of a row are nearest to the middle of their group.",
    ),
    DENDROGRAM: Picture(
        "How groups relate", "Tree of the groups, the most similar joined first",
        "The further left two groups are joined, the less they have in common.",
    ),
    CONFUSION: Picture(
        "Groups and classes", "Table of how many images of each class are in each group",
        "Each row is a class. One dark cell in a row means that the class is in one group.",
    ),
    PAIRS: Picture(
        "Reconstructions", "Images beside what the network makes of their codes",
        "What is lost in the right image is not in the code, so groups cannot depend on it.",
    ),
    LOSS: Picture(
        "Loss by epoch", "Training and validation loss by epoch",
        "Both curves should fall and level off; validation that rises again means overfitting.",
    ),
}  # fmt: skip
"""The pictures that the page shows, by file name and in this order; titles stand here only."""


class FigureValue(TypedDict):
    """A figure with its value, as the page receives it."""

    name: str
    title: str
    value: float
    meaning: str
    good: str
    low: float | None
    high: float | None
    needs_classes: bool


class PictureAddress(TypedDict):
    """A picture with its address, as the page receives it."""

    title: str
    alt: str
    meaning: str
    url: str


class Table(TypedDict):
    """A table of text, as the page receives it."""

    title: str
    meaning: str
    header: list[str]
    rows: list[list[str]]


class Fact(TypedDict):
    """How the groups were made: one name and value."""

    name: str
    value: str


class Quality(TypedDict):
    """Everything of the page's *Quality*."""

    facts: list[Fact]
    figures: list[FigureValue]
    pictures: list[PictureAddress]
    tables: list[Table]


def quality(work: Path, address_of: Callable[[str], str | None]) -> Quality:
    """Collect what is known about the quality of the groups.

    Args:
        work: the workspace.
        address_of: the URL of a picture by its file name; None where there is no such picture.
    """
    figures = read_figures(work)
    state, levels = read_state(work), read_levels(work)
    tables = (groups_table(work), levels_table(levels), comparison_table(state))
    return {
        "facts": [*_facts(state, figures, levels, describe_drift(read_drift(work))), *_inspection(work)],
        "figures": [
            {
                "name": figure.name, "title": figure.title, "value": float(figures[figure.name]),
                "meaning": figure.meaning, "good": figure.good, "low": figure.low, "high": figure.high,
                "needs_classes": figure.needs_classes,
            }
            for figure in FIGURES
            if isinstance(figures.get(figure.name), int | float)
        ],
        "pictures": [
            {"title": picture.title, "alt": picture.alt, "meaning": picture.meaning, "url": url}
            for name, picture in PICTURES.items()
            if (url := address_of(name)) is not None
        ],
        "tables": [table for table in tables if table is not None],
    }  # fmt: skip


def empty_quality() -> Quality:
    """Return a quality without any content."""
    return {"facts": [], "figures": [], "pictures": [], "tables": []}


def read_groups(work: Path) -> list[dict[str, Any]]:
    """Read report/groups.json; empty where there is none."""
    try:
        found = json.loads((work / REPORT / GROUPS).read_text("utf-8"))["groups"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return found if isinstance(found, list) else []


def groups_table(work: Path) -> Table | None:
    """List each group with its confidence, typical and unusual images."""
    rows = [
        [
            str(group["group"]), str(group["images"]), f"{group['confidence']:.2f}", f"{group['purity']:.2f}",
            ", ".join(group["typical"][:MAX_NAMED]), ", ".join(group["odd"][:MAX_NAMED]),
        ]
        for group in read_groups(work)[:MAX_LISTED]
    ]  # fmt: skip
    if not rows:
        return None
    return {
        "title": "Groups",
        "meaning": (
            "Confidence is the mean probability of the images' groups; neighbour purity the share of nearest "
            "neighbours in the same group. Both are from 0 to 1, higher is clearer. Unusual images are the first "
            "to check: they may belong elsewhere."
        ),
        "header": ["group", "images", "confidence", "neighbour purity", "most typical", "unusual"],
        "rows": rows,
    }


def levels_table(levels: Levels | None) -> Table | None:
    """List the levels of the tree with their stability.

    None without a tree.
    """
    tree = describe_levels(levels)
    if tree is None:
        return None
    marks = {tree["found"]: "found"} | {tree["level"]: "shown"}
    return {
        "title": "Levels of the tree of groups",
        "meaning": (
            "Each level joins groups of the next finer one. Stability is the agreement with groups that are found "
            "anew in four random parts of the images (adjusted Rand index, with its standard error): 1 is perfect, 0 "
            "is chance."
        ),
        "header": ["groups", "stability", "±", ""],
        "rows": [
            [
                str(level["groups"]), _as_text(level["stability"]), _as_text(level["error"]),
                marks.get(level["groups"], ""),
            ]
            for level in tree["levels"]
        ],
    }  # fmt: skip


def comparison_table(state: dict[str, Any]) -> Table | None:
    """List the compared networks, best first; None without any."""
    rows = state.get("compared") or []
    if not rows:
        return None
    return {
        "title": "Networks that were compared",
        "meaning": (
            "The first was taken. Lead is how much further apart groups stand than those of what is taken without a "
            "comparison; a network that leads by less than needed is not taken. Recognised is the share of cropped or "
            "shifted views that are nearest to their own image; where it is high, no other network is tried."
        ),
        "header": [name.replace("_", " ") for name in rows[0]],
        "rows": [[_as_text(value) for value in row.values()] for row in rows],
    }


def _facts(
    state: dict[str, Any], quality: dict[str, Any], levels: Levels | None, drift: str | None
) -> list[Fact]:
    """How the groups were made; what is not known is left out."""
    grouping, mapping = state.get("group") or {}, state.get("map") or {}
    facts = {
        "Network": state.get("network"),
        "Reason": state.get("reason"),
        "Grouping method": grouping.get("method"),
        "Level of the tree of groups": None if levels is None else levels.describe(),
        "Map method": mapping.get("method"),
        "Later images": drift,
        "Images that figures were measured on": quality.get("images") if drift else None,
        "Images with a class": _share(quality.get("labelled"), quality.get("images")),
    }
    return [{"name": name, "value": str(value)} for name, value in facts.items() if value]


def _inspection(work: Path) -> list[Fact]:
    """Which inspector has seen the images, and what it found."""
    seen = read_inspector(work)
    if seen is None:
        return []
    moved = "" if seen.moved_threshold is None else f", moved from {seen.own_threshold:.4g}"
    found = f"{len(found_not_good(work))} images not good, threshold {seen.threshold:.4g}{moved}"
    return [{"name": "Inspector", "value": seen.folder.name}, {"name": "Inspected", "value": found}]


def _share(count: object, total: object) -> str | None:
    """How many images the figures that need classes rest on; None without classes."""
    return f"{count} of {total}" if count and total else None


def _as_text(value: str | float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3g}" if isinstance(value, float) else str(value)
