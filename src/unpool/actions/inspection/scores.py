"""scores.csv: score, verdict and worst region of every image."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import numpy as np

from unpool.actions.inspection.inspect_image import ImageResult
from unpool.analysis.anomaly.probability import find_probability
from unpool.images.reading.scan import Problem
from unpool.store.csv_files import write_csv

SCORES = "scores.csv"
COLUMNS = ("path", "score", "probability", "verdict", "x", "y", "width", "height", "area")
GOOD, BAD, UNREADABLE = "good", "not good", "unreadable"


def write_scores(
    file: Path,
    results: Mapping[str, ImageResult],
    problems: Collection[Problem],
    *,
    threshold: float,
    good_scores: tuple[float, ...],
) -> int:
    """Write scores.csv, sorted by path.

    What cannot be read has a row too, without numbers: an image that nobody has seen is not taken for a good one.

    Args:
        file: where.
        results: of the images, by path.
        problems: files that cannot be used.
        threshold: a score above it is not good.
        good_scores: of good images that nothing was learnt from.

    Returns:
        The number of paths that a spreadsheet would run as formulas, and that are written otherwise.
    """
    rows = [*_rows(results, threshold, good_scores)]
    rows += [(problem.path, None, None, UNREADABLE, *[None] * 5) for problem in problems]
    return write_csv(file, COLUMNS, sorted(rows, key=lambda row: str(row[0])))


def _rows(
    results: Mapping[str, ImageResult], threshold: float, good_scores: tuple[float, ...]
) -> Iterator[tuple[object, ...]]:
    probability_N = find_probability([result.score for result in results.values()], good_scores)
    for (path, result), probability in zip(results.items(), probability_N.tolist(), strict=True):
        verdict = BAD if result.score > threshold else GOOD
        yield (
            path,
            format_score(result.score),
            f"{probability:.6f}",
            verdict,
            *result.region.to_dict().values(),
        )


def format_score(score: float) -> str:
    """Write the fewest digits that stand for a score.

    So the verdict can be found from them again.
    """
    short = np.float32(score)
    return str(short) if float(short) == score else repr(score)
