"""What `unpool inspect evaluate --out` writes: two pictures and a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from unpool.actions.inspection.inspect_image import open_picture
from unpool.actions.inspection.measurement import Measured, measure_picture
from unpool.actions.inspection.scores import BAD, GOOD, format_score
from unpool.analysis.anomaly.probability import find_probability
from unpool.analysis.metrics.detection import ScoreCurve, apply_threshold, count_scores
from unpool.core.atomic_files import write_bytes
from unpool.errors import UnreadableImageError
from unpool.images.values.rules import ValueRules
from unpool.inference.inspection.inspector import Inspector
from unpool.report.drawing import png_bytes
from unpool.report.heat import reduce_rows
from unpool.report.misses import Section, ShownImage, draw_misses
from unpool.report.roc import draw_roc
from unpool.store.csv_files import write_csv

ROC, MISSES, TABLE = "roc.png", "misses.png", "evaluation.csv"
COLUMNS = ("path", "kind", "score", "probability", "verdict")
NUM_SHOWN = 6  # images of each half of the sheet
MAX_SIDE = 1024  # pixels, of an image before it is reduced to its cell


def write_evaluation(
    out: Path, measured: Measured, kinds: Mapping[str, ScoreCurve], inspector: Inspector, rules: ValueRules
) -> list[str]:
    """Write the ROC, the worst misses and every score.

    Args:
        out: the folder.
        measured: scores and truth.
        kinds: the curve of each kind of defect.
        inspector: inspects the images shown once more.
        rules: by which values of more than 8 bits are scaled.

    Returns:
        The files that were written. There is no ROC where all images are good, or none is.
    """
    record, written = inspector.record, []
    curve = count_scores(measured.scores, measured.is_bad)
    if curve.auroc() is not None:
        verdicts = apply_threshold(measured.scores, measured.is_bad, record.threshold)
        written.append(write_bytes(out / ROC, draw_roc(curve, kinds, verdicts, record.threshold)))
    lines = (
        f"Heat in colour: yellow is twice the heat that counts as a defect. White outline: the mask. Score at the "
        f"right, red where the threshold {record.threshold:.4g} is wrong.",
    )
    sheet = draw_misses(
        list(_sections(measured, inspector, rules)),
        heat_threshold=record.heat_threshold,
        title="Worst misses",
        lines=lines,
    )
    written += [write_bytes(out / MISSES, png_bytes(sheet)), out / TABLE]
    write_csv(out / TABLE, COLUMNS, _rows(measured, inspector))
    return [str(path) for path in written]


def _sections(measured: Measured, inspector: Inspector, rules: ValueRules) -> Iterator[Section]:
    """The bad images of the lowest scores, and the good ones of the highest."""
    threshold = inspector.record.threshold
    rising = sorted(range(len(measured.images)), key=lambda row: measured.scores[row])
    bad = [row for row in rising if measured.images[row].is_bad]
    good = [row for row in reversed(rising) if not measured.images[row].is_bad]
    num_missed = sum(measured.scores[row] <= threshold for row in bad)
    num_alarms = sum(measured.scores[row] > threshold for row in good)
    for rows, heading in (
        (bad, f"Not good, with the lowest scores: {num_missed} of {len(bad)} are missed"),
        (good, f"Good, with the highest scores: {num_alarms} of {len(good)} are false alarms"),
    ):
        yield Section(heading, list(_show(rows[:NUM_SHOWN], measured, inspector, rules)))


def _show(
    rows: Sequence[int], measured: Measured, inspector: Inspector, rules: ValueRules
) -> Iterator[ShownImage]:
    """Images read and inspected once more: only these few are ever held."""
    threshold, by_rows = inspector.record.threshold, inspector.record.tile is not None
    for row in rows:
        image, score = measured.images[row], measured.scores[row]
        try:
            with open_picture(image.file, rules, by_rows=by_rows) as picture:
                seen = measure_picture(image, picture, inspector)
                pixels_HW3 = reduce_rows(picture.read, picture.height, picture.width, MAX_SIDE)
        except UnreadableImageError:  # it has gone since
            continue
        mask_hw = None if seen.defects is None else seen.defects.mask_HW
        is_wrong = (score > threshold) != image.is_bad
        yield ShownImage(
            pixels_HW3, seen.inspection.heat_hw, mask_hw, image.file.path, image.kind, score, is_wrong
        )


def _rows(measured: Measured, inspector: Inspector) -> Iterator[tuple[object, ...]]:
    probability_N = find_probability(measured.scores, inspector.record.good_scores)
    for row in sorted(range(len(measured.images)), key=lambda row: measured.images[row].file.path):
        image, score = measured.images[row], measured.scores[row]
        verdict = BAD if score > inspector.record.threshold else GOOD
        yield image.file.path, image.kind, format_score(score), f"{probability_N[row]:.6f}", verdict
