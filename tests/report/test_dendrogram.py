"""The tree of groups: drawn from groups of many images, and by their own names."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from unpool.analysis.clustering.hierarchy import hierarchy
from unpool.report import dendrogram
from unpool.report.dendrogram import draw_dendrogram
from unpool.report.palette import group_colours


def test_groups_of_many_images_are_drawn() -> None:
    turns = np.repeat([0.0, 0.2, 1.0, 2.5], [50, 7, 30, 3]) + np.random.default_rng(0).normal(0, 0.01, 90)
    group_N = np.repeat([0, 1, 2, 3], [50, 7, 30, 3])
    merges = hierarchy(np.stack([np.cos(turns), np.sin(turns)], 1), group_N)
    before = merges.copy()
    picture = draw_dendrogram(merges, [0, 1, 2, 3], [50, 7, 30, 3], {})
    assert picture is not None
    image = Image.open(io.BytesIO(picture))
    assert image.width > 600
    assert np.asarray(image.convert("L")).std() > 10, "nothing was drawn"
    assert (merges == before).all()


def test_joins_stand_where_the_axis_says() -> None:
    merges = np.array([[0, 1, 0.5, 2], [2, 3, 2.0, 3]])
    picture = draw_dendrogram(merges, [0, 1, 2], [1, 1, 1], {})
    assert picture is not None
    pixels = np.asarray(Image.open(io.BytesIO(picture)))
    axis = len(pixels) - dendrogram.FOOT
    is_line = (pixels[:axis] == dendrogram.FAINT_INK).all(axis=2)
    # A join is an upright line: of one leaf's height between two leaves, half more beside a join of two.
    heights = is_line[:, : dendrogram.LEFT + dendrogram.TREE].sum(axis=0)
    upright = np.flatnonzero(heights > dendrogram.ROW * 0.9)
    places = (dendrogram.LEFT + dendrogram.TREE - upright) * 2.0 / dendrogram.TREE
    assert {round(float(place), 1) for place in places} == {0.5, 2.0}
    for number in range(3):
        colour = tuple(bytes.fromhex(group_colours([0, 1, 2])[number][1:]))
        assert (pixels == colour).all(axis=2).any(), "each group has its label"


def test_one_group_has_no_tree() -> None:
    assert draw_dendrogram(np.zeros((0, 4)), [0], [5], {}) is None
