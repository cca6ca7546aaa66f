"""confusion.png: how often each class was taken for each other.

K classes, J columns.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unpool.report.drawing import cut_end

MAX_NUMBERED = 25  # classes up to which every cell has its number
MAX_SIGNS = 24  # of a name beside the table


def draw_confusion(
    table_KJ: NDArray[np.int64],
    classes: Sequence[str],
    columns: Sequence[str] | None = None,
    *,
    across: str = "predicted",
    numbered: bool = True,
) -> bytes:
    """Draw a table of counts, rows true and columns predicted.

    Args:
        table_KJ: counts (K, J); cells are shaded by their share of the row.
        classes: names of the K rows.
        columns: names of the J columns where they are not the classes, such as groups.
        across: what the columns are.
        numbered: whether cells hold counts; else, as of pixels, their share of the row in percent.

    Returns:
        A PNG file.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = classes if columns is None else columns
    height, width = (min(16.0, 3.0 + 0.5 * len(labels)) for labels in (classes, names))
    share_KJ = table_KJ / np.maximum(table_KJ.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    axes = figure.add_subplot(xlabel=across, ylabel="true")
    axes.imshow(share_KJ, cmap="Blues", vmin=0, vmax=1)
    # Names are text: dollar signs make no formula of them.
    axes.set_xticks(
        range(len(names)), _shorten(names), rotation=90 if max(map(len, names)) > 2 else 0, parse_math=False
    )
    axes.set_yticks(range(len(classes)), _shorten(classes), parse_math=False)
    axes.spines[:].set_visible(False)
    if max(table_KJ.shape) <= MAX_NUMBERED:
        for row, column in np.argwhere(table_KJ > 0):
            ink, share = "white" if share_KJ[row, column] > 0.5 else "black", 100 * share_KJ[row, column]
            text = str(table_KJ[row, column]) if numbered else f"{share:.0f}" if share >= 0.5 else ""
            axes.text(column, row, text, ha="center", va="center", color=ink)
    right, total = int(np.trace(table_KJ)), max(int(table_KJ.sum()), 1)
    axes.set_title(f"{right:,} of {total:,} right ({100 * right / total:.1f} %)")
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the font lacks some signs, which become boxes
        FigureCanvasAgg(figure).print_png(buffer)
    return buffer.getvalue()


def _shorten(names: Sequence[str]) -> list[str]:
    return [cut_end(name, MAX_SIGNS) for name in names]
