"""`unpool networks`: the catalogue, and layer tables."""

from __future__ import annotations

import pytest

from unpool.actions.training.networks import NUM_CLASSES, networks
from unpool.errors import UnpoolError, UsageError
from unpool.networks.catalogue import CATALOGUE
from unpool.options import SEGMENTERS


def test_the_catalogue_lists_every_network_and_segmenter() -> None:
    listed = {entry["network"] for entry in networks()["networks"]}
    assert listed >= set(CATALOGUE) | set(SEGMENTERS)
    assert all(entry["description"] and entry["size"] > 0 for entry in networks()["networks"])


def test_a_layer_table_follows_the_size() -> None:
    small, large = (networks("conv", size=size)["layers"] for size in (8, 32))
    assert len(small) < len(large)
    assert networks("conv-small")["layers"] == networks("conv-small", size=28)["layers"]


def test_a_segmenter_has_a_layer_table_with_a_score_of_each_class() -> None:
    table = networks("fcn4s", size=32)
    assert table["network"] == "fcn4s"
    assert table["input"] == [3, 32, 32]
    assert table["output"] == [NUM_CLASSES, 32, 32]


def test_a_name_or_size_that_is_none_is_an_error() -> None:
    with pytest.raises(UsageError, match="did you mean 'conv"):
        networks("conf")
    with pytest.raises(UsageError, match="--size is 0"):
        networks("conv", size=0)
    with pytest.raises(UnpoolError, match="size 8 is too small for vgg16-bn"):
        networks("vgg16-bn", size=8)
