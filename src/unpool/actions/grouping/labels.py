"""True classes of the images of a workspace."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unpool.core.progress import Progress
from unpool.images.labels.true_labels import TrueLabels, read_true_labels
from unpool.store.origin import known_location
from unpool.store.reading import record
from unpool.store.state import read_state

SECTION = "labels"  # of report/reading.json


def read_labels_of(work: Path, paths: Sequence[str], labels: str, progress: Progress) -> TrueLabels:
    """Read the true classes of some images of a workspace.

    What matched and what did not is reported, and recorded in report/reading.json.

    Args:
        work: the workspace.
        paths: the images.
        labels: folders, or a file of path,label.
        progress: where messages go.

    Returns:
        The classes, and how they were found.

    Raises:
        UnpoolError: the labels fit no image.
    """
    found = read_true_labels(paths, labels, places_of(work))
    for line in found.lines:
        progress.message(line)
    record(work, SECTION, None if found.is_plain else "; ".join(found.lines), **found.facts)
    return found


def places_of(work: Path) -> list[str]:
    """List every way in which the images' folder is known."""
    state = read_state(work)
    known = [known_location(work), state.get("images"), state.get("place")]
    return list(dict.fromkeys(str(Path(place).absolute()) for place in known if place))


def forget_labels(work: Path) -> None:
    """Remove what report/reading.json says of labels."""
    record(work, SECTION, None)


def describe_labels(labels: TrueLabels) -> dict[str, Any]:
    """Return what a JSON result says of its labels."""
    numbers = {
        name: labels.facts[name]
        for name in ("labelled", "unlabelled", "unmatched_lines")
        if name in labels.facts
    }
    return numbers | {"labels": labels.facts}
