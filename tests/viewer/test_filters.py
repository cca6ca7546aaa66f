"""Every condition of a filter narrows, and orders put images without a value last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unpool.actions.sharing.snapshot import Snapshot
from unpool.store.table import ImageTable
from unpool.viewer.filters import filter_rows
from unpool.viewer.schemas import Select

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
