"""What is said of images that came later."""

from __future__ import annotations

from pathlib import Path

from support.edits import PATHS, make_grouped_workspace
from unpool.actions.grouping.drift import describe_drift, read_drift, reason_to_rebuild
from unpool.actions.sharing.quality import quality
from unpool.store.table import ImageTable


def test_images_that_joined_are_counted_and_many_are_a_reason_to_rebuild(tmp_path: Path) -> None:
    work = make_grouped_workspace(tmp_path / "w.unpool")
    assert read_drift(work) == (12, 0, 0, 0.0)
    assert describe_drift(read_drift(work)) is None
    assert reason_to_rebuild(read_drift(work)) is None
    table = ImageTable(work)
    table.update(PATHS, {"outlier_score": [0.1] * 12})
    table.update(PATHS[:2], {"joined_distance": [0.1, 0.3]})
    sentence = (
        "2 of 12 images came after the groups were made, and joined them by their neighbours (1 of them far from all "
        "others): drift 0.17"
    )
    assert describe_drift(read_drift(work)) == sentence
    assert {"name": "Later images", "value": sentence} in quality(work, lambda name: None)["facts"]
    assert reason_to_rebuild(read_drift(work)) is None
    table.update(PATHS[2:3], {"joined_distance": [0.1]})
    assert str(reason_to_rebuild(read_drift(work))).endswith(
        "drift 0.25; it is time to make groups and map anew"
    )


def test_without_a_table_nothing_has_joined(tmp_path: Path) -> None:
    assert read_drift(tmp_path / "none") == (0, 0, 0, 0.0)
