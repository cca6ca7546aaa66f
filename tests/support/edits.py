"""A workspace that tests edit by hand, and what they read of it."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd

from unpool.core.atomic_files import write_json
from unpool.store.findings import FILE, FORMAT
from unpool.store.state import REPORT, read_state, write_state
from unpool.store.table import ImageTable

PATHS = [f"{i:02}.png" for i in range(12)]
GROUPS = [0] * 5 + [1] * 4 + [3] * 2 + [-1]
COLUMNS = ["path", "group", "probability", "label", "wrong", "suggestion", "suggestion_confidence"]


def make_grouped_workspace(work: Path) -> Path:
    """Twelve images in the groups 0, 1 and 3, one in none; a thirteenth was skipped."""
    table = ImageTable.create(work)
    table.upsert([{"path": path, "status": "ok", "id": f"id-{path}"} for path in PATHS])
    table.upsert([{"path": "broken.png", "status": "skipped"}])
    table.reset_vectors(2)
    angle_N = np.radians(np.array(GROUPS) * 30 + np.arange(12) % 5 * (1 + 2 * (np.arange(12) % 5 > 2)))
    table.update(PATHS, {
        "vector": np.stack([np.cos(angle_N), np.sin(angle_N)], axis=1),
        "group": GROUPS, "probability": [0.5] * 12,
    })  # fmt: skip
    return work


def make_embedded_workspace(work: Path) -> Path:
    """The same with a model, `m1`, of one file."""
    make_grouped_workspace(work)
    (work / "model").mkdir()
    (work / "model" / "model.json").write_text("first")
    write_state(work, embedded_by="m1")
    return work


def relabel(work: Path, label: str) -> None:
    """Give all twelve a label, without a record."""
    ImageTable(work).update(PATHS, {"label": [label] * len(PATHS)})


def write_doubts(work: Path, *labels: tuple[str, str, bool]) -> None:
    """Write what a check has found: path, label, and whether the image was given it."""
    rows = ImageTable(work).some([path for path, _, _ in labels], ["id"])
    id_of = dict(zip(rows["path"].to_pylist(), rows["id"].to_pylist(), strict=True))
    entries = [
        {
            "path": path, "id": id_of[path], "label": label, "predicted": "coat", "probability": 0.9, "figure": 0.8,
            "is_given": is_given,
        }
        for path, label, is_given in labels
    ]  # fmt: skip
    record = {
        "format": FORMAT,
        "model": read_state(work).get("embedded_by"),
        "problems": {"mislabelled": entries},
    }
    write_json(work / REPORT / FILE, record)


def seen(work: Path) -> pd.DataFrame:
    """What edits change, by path."""
    return ImageTable(work).frame(COLUMNS).set_index("path")


def groups_csv(work: Path) -> dict[str, str]:
    """The groups as the file lists them."""
    with (work / "groups.csv").open(newline="") as file:
        return {row["path"]: row["group"] for row in csv.DictReader(file)}
