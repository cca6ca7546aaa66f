"""How long fields take at many images: read from a file, counted, filtered, edited.

    python benchmarks/fields_speed.py [--images 100000] [--fields 12]

A workspace without vectors is made in a temporary folder. Each figure is the median of five, the import is done once.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from unpool.actions.fields.edit_fields import set_field
from unpool.actions.fields.import_fields import import_fields
from unpool.actions.fields.settings import ImportSettings
from unpool.store.state import write_state
from unpool.store.table import ImageTable
from unpool.viewer.filters import filter_rows
from unpool.viewer.messages.requests import Select
from unpool.viewer.session import Session

REPEATS = 5
KINDS = ("choice", "number", "date", "tags")


def write_table(file: Path, num_images: int, num_fields: int) -> None:
    """Write a CSV file with columns of all kinds.

    Args:
        file: The file.
        num_images: Rows.
        num_fields: Columns beside the path.
    """
    rng = np.random.default_rng(0)
    words = np.array([f"kind {number}" for number in range(40)])
    columns: dict[str, np.ndarray | list[str]] = {
        "path": [f"{row // 1000}/{row}.jpg" for row in range(num_images)]
    }
    for number in range(num_fields):
        kind = KINDS[number % len(KINDS)]
        if kind == "choice":
            values: np.ndarray = words[rng.integers(0, len(words), num_images)]
        elif kind == "number":
            values = rng.normal(size=num_images).round(3)
        elif kind == "date":
            values = (np.datetime64("2020-01-01") + rng.integers(0, 1500, num_images)).astype(str)
        else:
            pairs = words[rng.integers(0, len(words), (num_images, 2))]
            values = np.char.add(np.char.add(pairs[:, 0], "|"), pairs[:, 1])
        columns[f"{kind} {number}"] = values
    pyarrow.csv.write_csv(pa.table(columns), file)


def measure(action: Callable[[], object]) -> float:
    """Measure the median time of an action in milliseconds."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        action()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def main() -> None:
    """Measure, and print a line for each action."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--fields", type=int, default=12)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work, file = Path(folder) / "a.unpool", Path(folder) / "fields.csv"
        write_table(file, options.images, options.fields)
        table = ImageTable.create(work)
        table.append([{"path": f"{row // 1000}/{row}.jpg", "status": "ok"} for row in range(options.images)])
        write_state(work, images="photos")
        start = time.perf_counter()
        import_fields(work, ImportSettings(file))
        print(f"import of {options.fields} fields: {time.perf_counter() - start:.1f} s")
        report(work)


def report(work: Path) -> None:
    """Print what the page waits for.

    Args:
        work: A workspace with fields of all kinds.
    """
    session = Session(work)
    revision = session.revision
    start = time.perf_counter()
    session.fields(revision).facets()
    print(f"first facets: {1000 * (time.perf_counter() - start):.0f} ms")
    print(f"facets again: {measure(lambda: session.fields(revision).facets()):.0f} ms")
    conditions = [
        {"name": "choice 0", "any": ["kind 1", "kind 2"]},
        {"name": "number 1", "low": -1, "high": 1},
        {"name": "tags 3", "any": ["kind 3"]},
    ]
    request = Select.model_validate({"revision": revision, "fields": conditions})
    fields = session.fields(revision)
    seen = session.snapshot(revision)
    print(
        f"select by three conditions: {measure(lambda: filter_rows(seen, {}, request, lambda: fields)):.0f} ms"
    )
    print(f"colours of a field: {measure(lambda: fields.values['tags 3'].places().tobytes()):.0f} ms")
    number = iter(range(1000))

    def edit_and_count() -> None:
        set_field(work, ["0/1.jpg", "0/2.jpg"], "number 1", float(next(number)))
        session.reload()
        session.fields(session.revision).facets()

    print(f"edit of a field, the page counted again: {measure(edit_and_count):.0f} ms")


if __name__ == "__main__":
    main()
