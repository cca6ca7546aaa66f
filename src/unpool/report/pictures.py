"""groups.png and loss.png: typical images, and the training curve."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from unpool.report.drawing import FAINT_INK, INK, PAPER, cut_end, fit, font, open_thumbnail, paste_centred
from unpool.report.items import Items, group_name
from unpool.report.palette import group_colours

CELL, GAP, EDGE, HEADING = 104, 8, 28, 44
PER_ROW = 12
MAX_GROUPS = 40
MAX_SIGNS = 60  # of a group's name


def draw_groups(items: Items, names: Mapping[int, str] | None = None) -> Image.Image:
    """Draw each group's most typical images under its name.

    Only the 40 largest groups are drawn; the rest are counted.

    Args:
        items: the images and their groups.
        names: group number → name; by default the number.
    """
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
        name = cut_end((names or {}).get(group, group_name(group)), MAX_SIGNS)
        _draw_strip(sheet, items, name, groups[group], top, rows, colours[group])
        top += height
    if len(groups) > len(shown):
        rest = f"and {len(groups) - len(shown)} smaller groups"
        ImageDraw.Draw(sheet).text((EDGE, top + 8), rest, fill=FAINT_INK, font=font(20))
    return sheet


def _draw_strip(
    sheet: Image.Image, items: Items, name: str, members: NDArray[np.int64], top: int, rows: int, colour: str
) -> None:
    draw = ImageDraw.Draw(sheet)
    draw.rounded_rectangle((EDGE, top + 6, EDGE + 20, top + 26), 5, fill=colour)
    count = f"  ·  {len(members):,} image{'' if len(members) == 1 else 's'}"
    draw.text((EDGE + 32, top + 2), name, fill=INK, font=font(21, bold=True))
    after = font(21, bold=True).getlength(name)
    draw.text((EDGE + 32 + after, top + 2), count, fill=FAINT_INK, font=font(21))
    for place, index in enumerate(members[: rows * PER_ROW].tolist()):
        thumbnail = open_thumbnail(items.thumbnails[index])
        if thumbnail is not None:
            row, column = divmod(place, PER_ROW)
            left = EDGE + column * (CELL + GAP)
            paste_centred(sheet, fit(thumbnail, CELL), left, top + HEADING + row * (CELL + GAP), CELL)


def draw_loss(history: Sequence[Mapping[str, Any]]) -> bytes:
    """Draw the training curve as PNG.

    Points without a finite value are left out.

    Phases follow each other, each with a curve of its own: their losses are of different things.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(8, 4.5), dpi=150, layout="constrained")
    axes = figure.add_subplot(xlabel="epoch", ylabel="loss")
    for number, (name, before, rows) in enumerate(phases(history)):
        if number:
            axes.axvline(before + 0.5, color="#888888", linewidth=0.8, linestyle=":")
        if name:
            axes.annotate(name, (before + 1, 1), xycoords=("data", "axes fraction"), fontsize=9, va="bottom")
        for key, what, colour in (
            ("train_loss", "training", "#0072b2"),
            ("val_loss", "validation", "#d55e00"),
        ):
            points = [
                (before + row.get("epoch", i), row[key])
                for i, row in enumerate(rows)
                if _is_number(row.get(key))
            ]
            if points:
                known = {line.get_label() for line in axes.lines}
                axes.plot(
                    *zip(*points, strict=True), label=f"_{what}" if what in known else what, color=colour,
                    marker="o" if len(points) < 40 else None, markersize=4,
                )  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    if axes.lines:
        axes.legend(frameon=False)
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)
    return buffer.getvalue()


def phases(history: Sequence[Mapping[str, Any]]) -> list[tuple[str, float, list[Mapping[str, Any]]]]:
    """Split a training history into its phases.

    Returns the name of each, how many epochs came before it, and its rows.

    >>> rows = [{"phase": "contrast", "epoch": 1}, {"phase": "contrast", "epoch": 2}]
    >>> rows.append({"phase": "groups-0", "epoch": 1})
    >>> [(name, before, len(part)) for name, before, part in phases(rows)]
    [('contrast', 0, 2), ('groups-0', 2, 1)]
    """
    found: list[tuple[str, float, list[Mapping[str, Any]]]] = []
    before = 0
    for name, part in groupby(history, key=lambda row: str(row.get("phase", ""))):
        rows = list(part)
        found.append((name, before, rows))
        before += rows[-1].get("epoch", len(rows))
    return found


def _is_number(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
