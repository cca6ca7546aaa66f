"""dendrogram.png: the tree of groups, with their typical images.

K groups; a hierarchy has K − 1 rows of (a, b, height, images).
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from unpool.report.drawing import fit, open_thumbnail
from unpool.report.palette import group_colours, ink_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_GROUPS = 60  # groups on one picture
ROW = 0.46  # inches a group
THUMBNAIL = 40  # pixels


def draw_dendrogram(
    merges: Sequence[Sequence[float]] | NDArray[np.float64],
    groups: Sequence[int],
    sizes: Sequence[int],
    thumbnails: Mapping[int, bytes | None],
) -> bytes | None:
    """Draw the tree of groups, from top to bottom.

    Args:
        merges: (K − 1, 4) rows of (a, b, height, images), as SciPy's linkage matrices.
        groups: numbers of the groups, in the order in which `merges` counts them.
        sizes: images in each group, in the same order.
        thumbnails: group number → WebP bytes of its typical image.

    Returns:
        A PNG file; None for fewer than 2 or more than 60 groups.
    """
    if not 2 <= len(groups) <= MAX_GROUPS:
        return None
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from scipy.cluster.hierarchy import dendrogram

    drawn = dendrogram(_counting_groups(merges, len(groups)), orientation="left", no_plot=True)
    figure = Figure(figsize=(9, 1.3 + ROW * len(groups)), dpi=120, layout="constrained")
    axes = figure.add_subplot(xlabel="how far groups are apart where they are joined (Ward)")
    for near, far in zip(drawn["icoord"], drawn["dcoord"], strict=True):
        axes.plot(far, near, color="#60646c", linewidth=1.6, solid_joinstyle="round")
    colours = group_colours(list(groups))
    for place, leaf in enumerate(drawn["leaves"] or []):
        number = groups[leaf]
        _leaf(axes, 10 * place + 5, f"group {number}", sizes[leaf], colours[number], thumbnails.get(number))
    axes.set_xlim(max(max(far) for far in drawn["dcoord"]) * 1.04, 0)
    axes.set_ylim(0, 10 * len(groups))
    axes.set_yticks([])
    axes.spines[["left", "right", "top"]].set_visible(False)
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)
    return buffer.getvalue()


def _counting_groups(
    merges: Sequence[Sequence[float]] | NDArray[np.float64], num_groups: int
) -> NDArray[np.float64]:
    """The same rows with groups counted in the last column, as SciPy expects them, instead of images."""
    rows = np.array(merges, float)
    counted = [1] * num_groups
    for row in rows:
        counted.append(counted[int(row[0])] + counted[int(row[1])])
        row[3] = counted[-1]
    return rows


def _leaf(axes: Axes, height: float, name: str, size: int, colour: str, thumbnail: bytes | None) -> None:
    """Picture, name and size to the right of the tree's end."""
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage

    where: dict[str, Any] = {"xycoords": axes.get_yaxis_transform(), "annotation_clip": False}
    image = open_thumbnail(thumbnail)
    if image is not None:
        picture = OffsetImage(np.asarray(fit(image, THUMBNAIL)), zoom=0.62)
        axes.add_artist(
            AnnotationBbox(
                picture, (1, height), (22, 0), boxcoords="offset points", frameon=False, pad=0, **where
            )
        )
    box = {"boxstyle": "round,pad=0.3", "facecolor": colour, "edgecolor": "none"}
    axes.annotate(
        name, (1, height), (44, 0), textcoords="offset points", va="center", color=ink_on(colour), bbox=box,
        fontsize=9, fontweight="bold", **where,
    )  # fmt: skip
    axes.annotate(
        f"{size:,}", (1, height), (112, 0), textcoords="offset points", va="center", color="#60646c", fontsize=9,
        **where,
    )  # fmt: skip
