"""groups.png and loss.png: the most typical images of each group, and the curve of training."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from unpool.report.drawing import FAINT_INK, INK, PAPER, fit, font, open_thumbnail, paste_centred
from unpool.report.items import Items, group_name
from unpool.report.palette import group_colours

CELL, GAP, EDGE, HEADING = 104, 8, 28, 44
PER_ROW = 12
MAX_GROUPS = 40


def draw_groups(items: Items) -> Image.Image:
    """Each group as a strip of its most typical images under its name; the 40 largest groups at most."""
    groups = items.groups()
    largest = sorted(groups, key=lambda group: (group < 0, -len(groups[group])))[:MAX_GROUPS]
    shown = [group for group in groups if group in largest]
    rows = 1 if len(shown) > 12 else 2
    width = 2 * EDGE + PER_ROW * (CELL + GAP) - GAP
    heights = [HEADING + min(rows, math.ceil(len(groups[g]) / PER_ROW)) * (CELL + GAP) + GAP for g in shown]
    rest_height = HEADING if len(groups) > len(shown) else 0
    sheet = Image.new("RGB", (width, sum(heights) + 2 * EDGE + rest_height), PAPER)
    colours, top = group_colours(shown), EDGE
    for group, height in zip(shown, heights, strict=True):
        _draw_strip(sheet, items, group, groups[group], top, rows, colours[group])
        top += height
    if len(groups) > len(shown):
        rest = f"and {len(groups) - len(shown)} smaller groups"
        ImageDraw.Draw(sheet).text((EDGE, top + 8), rest, fill=FAINT_INK, font=font(20))
    return sheet


def _draw_strip(
    sheet: Image.Image, items: Items, group: int, members: NDArray[np.int64], top: int, rows: int, colour: str
) -> None:
    draw = ImageDraw.Draw(sheet)
    draw.rounded_rectangle((EDGE, top + 6, EDGE + 20, top + 26), 5, fill=colour)
    count = f"  ·  {len(members):,} image{'' if len(members) == 1 else 's'}"
    draw.text((EDGE + 32, top + 2), group_name(group), fill=INK, font=font(21, bold=True))
    after = font(21, bold=True).getlength(group_name(group))
    draw.text((EDGE + 32 + after, top + 2), count, fill=FAINT_INK, font=font(21))
    for place, index in enumerate(members[: rows * PER_ROW].tolist()):
        thumbnail = open_thumbnail(items.thumbnails[index])
        if thumbnail is not None:
            row, column = divmod(place, PER_ROW)
            left = EDGE + column * (CELL + GAP)
            paste_centred(sheet, fit(thumbnail, CELL), left, top + HEADING + row * (CELL + GAP), CELL)


def draw_loss(history: Sequence[Mapping[str, float | None]]) -> bytes:
    """The curve of training as PNG bytes; the points without a finite value are left out."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(8, 4.5), dpi=150, layout="constrained")
    axes = figure.add_subplot(xlabel="epoch", ylabel="loss")
    for key, name, colour in (("train_loss", "training", "#0072b2"), ("val_loss", "validation", "#d55e00")):
        points = [
            (row.get("epoch", i), row[key]) for i, row in enumerate(history) if _is_number(row.get(key))
        ]
        if points:
            marker = "o" if len(points) < 40 else None
            axes.plot(*zip(*points, strict=True), label=name, color=colour, marker=marker, markersize=4)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    if axes.lines:
        axes.legend(frameon=False)
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)
    return buffer.getvalue()


def _is_number(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
