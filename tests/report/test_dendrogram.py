"""The tree of groups: drawn from groups of many images, and by their own names."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from unpool.analysis.clustering.hierarchy import hierarchy
from unpool.report.dendrogram import draw_dendrogram


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


def test_one_group_has_no_tree() -> None:
    assert draw_dendrogram(np.zeros((0, 4)), [0], [5], {}) is None
