"""roc.png: defects found for false alarms."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping

from unpool.analysis.metrics.detection import ScoreCurve, Verdicts
from unpool.report.drawing import cut_end
from unpool.report.palette import distinct_colours

MAX_KINDS = 8  # that have a line of their own
MAX_SIGNS = 24  # of a kind's name
CURVE, FAINT = "#1c1e22", "#60646c"


def draw_roc(
    curve: ScoreCurve, kinds: Mapping[str, ScoreCurve], verdicts: Verdicts, threshold: float
) -> bytes:
    """Draw the ROC with the point of the threshold.

    Args:
        curve: of all images, good and bad ones among them.
        kinds: of each kind of defect beside all good images; the eight with most images have a line.
        verdicts: what the threshold makes of the images.
        threshold: of the score.

    Returns:
        A PNG file.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    figure = Figure(figsize=(7.2, 6.4), dpi=140, layout="constrained")
    axes = figure.add_subplot(
        xlabel="good images called not good", ylabel="images with a defect that are found"
    )
    shown = sorted(kinds, key=lambda kind: -kinds[kind].num_bad)[:MAX_KINDS] if len(kinds) > 1 else []
    for kind, colour in zip(shown, distinct_colours(len(shown)), strict=True):
        label = f"{cut_end(kind, MAX_SIGNS)}  {kinds[kind].auroc():.3f}"
        axes.plot(*kinds[kind].points(), color=colour, linewidth=1.1, label=label)
    axes.plot(*curve.points(), color=CURVE, linewidth=2.4, label=f"all images  {curve.auroc():.3f}")
    alarms, found = verdicts.false_alarm_rate or 0.0, verdicts.recall or 0.0
    axes.axvline(alarms, color=FAINT, linewidth=0.8, linestyle=":")
    text = f"threshold {threshold:.4g}:\n{100 * found:.1f} % found, {100 * alarms:.1f} % false alarms"
    axes.plot(
        [alarms], [found], "o", color="#d55e00", markersize=9, markeredgecolor="white", label=text, zorder=5
    )
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    # Names are text: dollar signs make no formula of them.
    legend = axes.legend(frameon=False, loc="lower right", title="area below the curve")
    for entry in legend.get_texts():
        entry.set_parse_math(False)
    axes.set_title(
        f"ROC of {verdicts.num_good:,} good images and {verdicts.num_bad:,} that are not", fontsize=12
    )
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the font lacks some signs, which become boxes
        FigureCanvasAgg(figure).print_png(buffer)
    return buffer.getvalue()
