"""Names leave groups as they are, unless another option says how to group."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unpool.actions.grouping.present_groups import count_groups, keeps_groups, present_stability
from unpool.actions.grouping.settings import GroupSettings
from unpool.store.table import ImageTable


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        (GroupSettings(names="auto"), True),
        (GroupSettings(names="auto", seed=3), True),
        (GroupSettings(names="auto", groups=3), False),
        (GroupSettings(names="auto", method="kmeans"), False),
        (GroupSettings(names="auto", merge=2), False),
        (GroupSettings(names="auto", split=0), False),
    ],
)
def test_another_way_to_group_makes_new_groups(tmp_path: Path, settings: GroupSettings, kept: bool) -> None:
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert([{"path": "a.png", "status": "ok"}])
    assert not keeps_groups(tmp_path / "w.unpool", settings)  # there are none yet
    table.update(["a.png"], {"group": [0]})
    assert keeps_groups(tmp_path / "w.unpool", settings) == kept


def test_groups_are_counted_without_noise(tmp_path: Path) -> None:
    assert count_groups(np.array([2, 2, 0, -1])) == (2, [1, 2])
    ImageTable.create(tmp_path / "w.unpool")
    assert present_stability(tmp_path / "w.unpool") is None
