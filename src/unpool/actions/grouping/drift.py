"""How much images that came later have changed a collection.

Shapes: N images in groups.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from unpool.analysis.joining import Drift, measure_drift
from unpool.store.columns import OK
from unpool.store.table import ImageTable, has_table


def read_drift(work: Path) -> Drift:
    """Measure how much later images have changed a collection."""
    if not has_table(work):
        return measure_drift([], [])
    where = f"status = '{OK}' AND `group` IS NOT NULL"
    rows = ImageTable(work).arrow(["outlier_score", "joined_distance"], where=where)
    score_N, joined_N = (rows[name].to_numpy().astype(np.float64) for name in rows.column_names)
    return measure_drift(score_N, joined_N)


def reason_to_rebuild(drift: Drift) -> str | None:
    """Say why groups and map should be made anew.

    None where they need not.
    """
    return describe_drift(drift) if drift.is_large else None


def describe_drift(drift: Drift) -> str | None:
    """Say how many images joined, and whether to rebuild.

    None where none has joined.
    """
    if not drift.joined:
        return None
    far = f" ({drift.far} of them far from all others)" if drift.far else ""
    sentence = (
        f"{drift.joined:,} of {drift.images:,} images came after the groups were made, and joined them by their "
        f"neighbours{far}: drift {drift.drift:.2f}"
    )
    return f"{sentence}; it is time to make groups and map anew" if drift.is_large else sentence
