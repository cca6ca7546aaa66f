"""A workspace as a strip of images, in HTML."""

from __future__ import annotations

import base64
import html
from collections import Counter
from pathlib import Path

from unpool.store.columns import OK
from unpool.store.remote.mirror import name_of
from unpool.store.table import ImageTable, has_table

NUM_IMAGES = 12
SIDE = 96  # pixels


def draw_strip(work: Path) -> str:
    """Describe a workspace in HTML.

    Its counts, and the most certain image of each of the largest groups; of a workspace without groups the first
    images. Nothing is loaded from elsewhere.
    """
    name = html.escape(name_of(work))
    if not has_table(work):
        return f"<p><b>{name}</b>: nothing is embedded yet</p>"
    table = ImageTable(work)
    rows = table.arrow(["path", "group", "probability", "label"], where=f"status = '{OK}'")
    groups, labels = rows["group"].to_pylist(), rows["label"].to_pylist()
    counts = [f"{rows.num_rows:,} images"]
    if num_groups := len({group for group in groups if group is not None and group >= 0}):
        counts.append(f"{num_groups} groups")
    if num_labelled := len(labels) - labels.count(None):
        counts.append(f"{num_labelled:,} labelled")
    paths = rows["path"].to_pylist()
    shown = _choose_images(paths, groups, rows["probability"].to_pylist())
    pictures = table.some([path for path, _ in shown], ["thumbnail"])
    content_of = dict(zip(pictures["path"].to_pylist(), pictures["thumbnail"].to_pylist(), strict=True))
    images = "".join(_draw_image(path, title, content_of.get(path)) for path, title in shown)
    return f"<p><b>{name}</b>: {', '.join(counts)}</p><div>{images}</div>"


def _choose_images(
    paths: list[str], groups: list[int | None], probabilities: list[float | None]
) -> list[tuple[str, str]]:
    """Paths, and what is said of each."""
    sizes = Counter(group for group in groups if group is not None and group >= 0)
    best: dict[int, tuple[float, int]] = {}
    for row, (group, probability) in enumerate(zip(groups, probabilities, strict=True)):
        if group is not None and group in sizes:
            best[group] = max(best.get(group, (-1.0, 0)), (probability or 0.0, -row))
    if not best:
        return [(path, path) for path in paths[:NUM_IMAGES]]
    largest = sorted(sizes, key=lambda group: (-sizes[group], group))[:NUM_IMAGES]
    chosen = [(paths[-best[group][1]], group) for group in largest]
    return [(path, f"group {group}, {sizes[group]:,} images: {path}") for path, group in chosen]


def _draw_image(path: str, title: str, content: bytes | None) -> str:
    if content is None:
        return ""
    source = f"data:image/webp;base64,{base64.b64encode(content).decode('ascii')}"
    return (
        f'<img src="{source}" alt="{html.escape(path)}" title="{html.escape(title)}" '
        f'style="height: {SIDE}px; width: {SIDE}px; object-fit: contain; display: inline-block; margin: 2px">'
    )
