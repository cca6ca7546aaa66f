"""confusion.png: how often each class was taken for each other.

K classes.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

MOST_NUMBERED = 25  # classes up to which every cell has its number


def draw_confusion(table_KK: NDArray[np.int64], classes: Sequence[str]) -> bytes:
    """A table of counts, rows true and columns predicted, as PNG bytes; shades are shares of the row."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    count = len(classes)
    side = min(16.0, 3.0 + 0.5 * count)
    share_KK = table_KK / np.maximum(table_KK.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(side, side), dpi=120, layout="constrained")
    axes = figure.add_subplot(xlabel="predicted", ylabel="true")
    axes.imshow(share_KK, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(count), classes, rotation=90 if max(map(len, classes)) > 2 else 0)
    axes.set_yticks(range(count), classes)
    axes.spines[:].set_visible(False)
    if count <= MOST_NUMBERED:
        for row, column in np.argwhere(table_KK > 0):
            ink = "white" if share_KK[row, column] > 0.5 else "black"
            axes.text(column, row, str(table_KK[row, column]), ha="center", va="center", color=ink)
    right, total = int(np.trace(table_KK)), max(int(table_KK.sum()), 1)
    axes.set_title(f"{right:,} of {total:,} right ({100 * right / total:.1f} %)")
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)
    return buffer.getvalue()
