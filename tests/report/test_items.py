"""The table as the pictures need it: any table gives clean arrays, groups in order and a place for each image."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from support.report_tables import make_table, thumbnail
from unpool.report.items import UNGROUPED, group_name, middle_image, read_items
from unpool.report.map_picture import draw_map
from unpool.report.pictures import draw_groups
from unpool.report.thinning import assign_levels

NAN = float("nan")
WIDE, TINY, BROKEN = thumbnail(400, 2), thumbnail(1, 1), b"no image"


@pytest.mark.parametrize(
    "table",
    [
        pytest.param(make_table(0), id="no image"),
        pytest.param(make_table(1, 1), id="one image"),
        pytest.param(make_table(2, 2), id="two images"),
        pytest.param(make_table(x=NAN, y=NAN), id="no map"),
        pytest.param(make_table(2)[["path", "thumbnail"]], id="only what must be there"),
        pytest.param(make_table(3, x=[1, None, 2], y=[1, 1, float("inf")]), id="partly mapped"),
        pytest.param(make_table(group=pd.array([None] * 40, dtype="Int64")), id="no groups"),
        pytest.param(make_table(group=-1), id="only noise"),
        pytest.param(make_table(4, thumbnail=[TINY, WIDE, BROKEN, None]), id="odd thumbnails"),
        pytest.param(make_table(x=3.0, y=-2.0), id="all at one place"),
        pytest.param(make_table(x=3.0), id="all on a line"),
        pytest.param(make_table(40, 1), id="one group"),
        pytest.param(make_table(400, 200), id="many groups"),
        pytest.param(make_table().iloc[10:20], id="an index of its own"),
        pytest.param(make_table(group=2_000_000_000), id="a large group number"),
    ],
)
def test_pictures_can_be_drawn_of_any_table(table: pd.DataFrame) -> None:
    items = read_items(table)
    assert items.paths == list(table["path"])
    assert sorted(np.concatenate([[], *items.groups().values()])) == list(range(len(table)))
    assert draw_map(items, assign_levels(items.place_N2, items.priority())).size == (2000, 1600)
    assert draw_groups(items).width > 0


def test_only_whole_coordinates_are_places() -> None:
    items = read_items(make_table(4, x=[1, None, 2, 3], y=[1, 1, float("inf"), 5]))
    np.testing.assert_array_equal(items.place_N2, [[0, 1], [NAN, NAN], [NAN, NAN], [0.5, 0]])
    assert items.mapped


@pytest.mark.parametrize(
    ("columns", "members"),
    [
        ({"rank": [2, 0, 0, 1, 1, 2]}, {0: [2, 4, 0], 1: [1, 3, 5]}),
        ({"probability": [0.1, 0.9, 0.9, 0.5, None, 0.6]}, {0: [2, 0, 4], 1: [1, 5, 3]}),
    ],
)
def test_groups_list_the_most_typical_first(columns: dict, members: dict) -> None:
    groups = read_items(make_table(6, 2, **columns)).groups()
    assert {number: rows.tolist() for number, rows in groups.items()} == members


def test_images_in_no_group_come_last() -> None:
    assert list(read_items(make_table(4, group=[-1, 3, None, 0])).groups()) == [0, 3, -1, UNGROUPED]
    assert [group_name(number) for number in (3, -1, UNGROUPED)] == ["group 3", "in no group", "not grouped"]


def test_without_a_map_the_images_lie_in_rows_by_group() -> None:
    items = read_items(make_table(12, 3, x=NAN, y=None))
    assert items.row_step == pytest.approx(1 / 3)
    in_reading_order = np.lexsort((items.place_N2[:, 0], items.place_N2[:, 1])).tolist()
    assert in_reading_order == np.concatenate(list(items.groups().values())).tolist()


def test_the_middle_image_is_nearest_to_the_median() -> None:
    place_N2 = np.array([[0.0, 0], [1, 0], [10, 0], [NAN, NAN]])
    assert middle_image(place_N2, np.arange(4)) == 1
    assert middle_image(place_N2, np.array([3])) is None


def test_the_middle_of_each_group_has_priority() -> None:
    table = make_table(6, 2, x=[0, 0, 1, 1, 9, 9], y=[0.0] * 6, rank=[0, 0, 1, 1, 2, 2])
    assert read_items(table).priority().tolist() == [0, 0, -1, -1, 2, 2]
