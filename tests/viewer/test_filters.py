"""Every condition of a filter narrows, and orders put images without a value last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unpool.actions.fields.shown_fields import ShownFields
from unpool.actions.sharing.snapshot import Snapshot
from unpool.store.fields.values import write_field
from unpool.store.table import ImageTable
from unpool.viewer.filters import filter_rows
from unpool.viewer.messages.requests import Select

PATHS = ["a/1.png", "a/b/2.png", "ab/Three.png", "four.png"]


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert([
        {
            "path": path, "status": "ok", "group": group, "label": label, "modified": 10.0 * at,
            "sharpness": sharpness,
        }
        for at, (path, group, label, sharpness) in enumerate(
            zip(PATHS, (0, 1, -1, None), (None, "owl", "owl", "cat"), (2.0, None, 1.0, 3.0), strict=True)
        )
    ])  # fmt: skip
    return Snapshot(table.work)


@pytest.mark.parametrize(
    ("conditions", "rows"),
    [
        ({}, [0, 1, 2, 3]),
        ({"group": 1}, [1]),
        ({"group": -1}, [2, 3]),  # noise, and what was never grouped
        ({"label": "owl"}, [1, 2]),
        ({"label": ""}, [0]),
        ({"label": "none"}, []),
        ({"folder": ""}, [3]),
        ({"folder": "a"}, [0, 1]),
        ({"from": 10, "to": 20}, [1, 2]),
        ({"text": "THREE"}, [2]),
        ({"rows": [3, 0, 99]}, [0, 3]),
        ({"problem": "dark"}, [2]),
        ({"problem": "blurred"}, [3, 0, 2]),  # as they were found, the worst first
        ({"problem": "blurred", "sort": "path"}, [0, 2, 3]),
        ({"problem": "blurred", "folder": "a"}, [0]),
        ({"problem": "dark", "label": "cat"}, []),
        ({"descending": True}, [3, 2, 1, 0]),
        ({"sort": "sharpness"}, [2, 0, 3, 1]),
        ({"sort": "sharpness", "descending": True}, [3, 0, 2, 1]),
    ],
)
def test_conditions_and_orders(snapshot: Snapshot, conditions: dict[str, Any], rows: list[int]) -> None:
    request = Select.model_validate({"revision": 1, **conditions})
    assert (
        filter_rows(snapshot, {"dark": np.array([2]), "blurred": np.array([3, 0, 2])}, request).tolist()
        == rows
    )


@pytest.mark.parametrize(
    ("conditions", "rows"),
    [
        ({"fields": [{"name": "weight", "low": 2}]}, [1, 3]),
        ({"fields": [{"name": "weight", "low": 2, "high": 2}]}, [1]),
        ({"fields": [{"name": "marks", "any": ["x", "z"]}]}, [0, 3]),
        ({"fields": [{"name": "marks", "any": ["x"]}, {"name": "weight", "high": 2}]}, [0]),
        ({"fields": [{"name": "marks", "any": []}]}, []),
        ({"fields": [{"name": "marks", "missing": True}]}, [2]),
        ({"fields": [{"name": "unknown", "any": ["x"]}]}, []),
        ({"fields": [{"name": "unknown", "missing": True}]}, [0, 1, 2, 3]),
        (
            {"fields": [{"name": "weight", "low": 1}], "folder": "a", "sort": "path", "descending": True},
            [1, 0],
        ),
        ({"saved": "best"}, [1, 2]),
        ({"saved": "best", "label": "owl", "fields": [{"name": "weight", "low": 0}]}, [1]),
        ({"saved": "forgotten"}, []),
    ],
)
def test_conditions_on_fields(snapshot: Snapshot, conditions: dict[str, Any], rows: list[int]) -> None:
    write_field(snapshot.work, "weight", dict(zip(PATHS, (1, 2, None, 3), strict=True)))
    write_field(snapshot.work, "marks", dict(zip(PATHS, (["x", "y"], ["y"], None, ["z"]), strict=True)))
    write_field(snapshot.work, "selections", {PATHS[1]: ["best"], PATHS[2]: ["best"]}, "tags")
    request = Select.model_validate({"revision": 1, **conditions})
    fields = ShownFields(snapshot.work, snapshot.paths)
    assert filter_rows(snapshot, {}, request, lambda: fields).tolist() == rows
