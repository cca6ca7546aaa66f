"""`unpool networks`: the catalogue, and layer tables."""

from __future__ import annotations

import pytest

from unpool.actions.training.networks import networks
from unpool.errors import UsageError
from unpool.networks.catalogue import CATALOGUE
from unpool.options import SEGMENTERS


def test_the_catalogue_lists_every_network_and_segmenter() -> None:
    listed = {entry["network"] for entry in networks()["networks"]}
    assert listed >= set(CATALOGUE) | set(SEGMENTERS)
    assert all(entry["description"] and entry["size"] > 0 for entry in networks()["networks"])


def test_a_layer_table_follows_the_size() -> None:
    small, large = (networks("conv", size=size)["layers"] for size in (8, 32))
    assert len(small) < len(large)
    with pytest.raises(UsageError, match="did you mean 'conv"):
        networks("conf")
