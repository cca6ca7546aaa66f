"""`unpool networks`: the catalogue, and the layers of one network."""

from __future__ import annotations

from typing import Any

from unpool.actions.encoders.availability import list_encoders, plain_row
from unpool.options import check

NUM_CLASSES = 21  # of a segmenter whose layers are listed, as in Pascal VOC


def networks(name: str | None = None, *, size: int | None = None) -> dict[str, Any]:
    """Return the catalogue, or the layer table of one network.

    The catalogue is {networks: [{network, size, description, …}]}, each with what `EncoderRow` says: licence, size in
    MB, dimension, images a second on this machine, whether words can search, and what it needs before it can be used.

    Raises `UsageError` for an unknown name, `UnpoolError` for a size too small for the network.
    """
    check(size=size)
    from unpool.networks.catalogue import build_network, default_size, describe, layer_table, names
    from unpool.networks.segmentation.segmenter import CROP, DESCRIPTIONS, Segmenter

    if name is None:
        encoders = list_encoders()
        listed = {each["network"] for each in encoders}
        trained = [
            plain_row(each, default_size(each), describe(each)) for each in names() if each not in listed
        ]
        segmenters = [plain_row(each, CROP, described) for each, described in DESCRIPTIONS.items()]
        return {"networks": [*encoders, *trained, *segmenters]}
    if name in DESCRIPTIONS:
        return dict(layer_table(Segmenter(name, num_classes=NUM_CLASSES), size or CROP))
    return dict(layer_table(build_network(name, size=size), size or default_size(name)))
