"""Merge what many small writes have left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import lance

NUM_COMPACTED = 50_000  # rows from which on a file of the table is left as it is
MIN_LEFT_ALONE = 1_000  # rows of a smaller one that is left too, where it is
MUCH_LARGER = 4  # times as large as all smaller ones together
MAX_DELETED = 0.1  # share of the rows of a file that is left
CLEANUP_AGE = timedelta(hours=1)


def compact(dataset: lance.LanceDataset) -> None:
    """Merge small files, and remove old versions that nobody keeps.

    Old ones are those of more than an hour. Files of 50,000 rows, and of 1,000 that are four times as large as all
    smaller ones together, stay as they are, unless a tenth of their rows is deleted: otherwise a few new images would
    have all thumbnails of a table written anew.

    Args:
        dataset: The table, at its newest version.
    """
    dataset.optimize.compact_files(excluded_fragment_ids=_left_alone(dataset.get_fragments()))
    dataset.cleanup_old_versions(older_than=CLEANUP_AGE, error_if_tagged_old_versions=False)


def _left_alone(parts: Sequence[lance.LanceFragment]) -> list[int]:
    """Files that are not written anew: large ones, and those much larger than all smaller ones together."""
    found, smaller = [], 0
    for part in sorted(parts, key=lambda part: part.physical_rows):
        is_clean = part.num_deletions <= MAX_DELETED * part.physical_rows
        if is_clean and part.physical_rows >= min(NUM_COMPACTED, max(MIN_LEFT_ALONE, MUCH_LARGER * smaller)):
            found.append(part.fragment_id)
        smaller += part.physical_rows
    return found
