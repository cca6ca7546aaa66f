"""`unpool networks`: the catalogue, and the layers of one network."""

from __future__ import annotations

from typing import Any

from unpool.options import check

NUM_CLASSES = 21  # of a segmenter whose layers are listed, as in Pascal VOC


def networks(name: str | None = None, *, size: int | None = None) -> dict[str, Any]:
    """Return the catalogue, or the layer table of one network.

    The catalogue is {networks: [{network, size, description}]}.

    Raises `UsageError` for an unknown name, `UnpoolError` for a size too small for the network.
    """
    check(size=size)
    from unpool.networks.catalogue import build_network, default_size, describe, layer_table, names
    from unpool.networks.segmentation.segmenter import CROP, DESCRIPTIONS, Segmenter

    if name is None:
        entries = [
            {"network": known, "size": default_size(known), "description": describe(known)}
            for known in names()
        ]
        entries += [
            {"network": known, "size": CROP, "description": described}
            for known, described in DESCRIPTIONS.items()
        ]
        return {"networks": entries}
    if name in DESCRIPTIONS:
        return dict(layer_table(Segmenter(name, num_classes=NUM_CLASSES), size or CROP))
    return dict(layer_table(build_network(name, size=size), size or default_size(name)))
