"""`unpool networks`: the catalogue, and the layers of one network."""

from __future__ import annotations

from typing import Any

from unpool.options import check

CLASSES = 21  # of a segmenter whose layers are told, as Pascal VOC has


def networks(name: str | None = None, *, size: int | None = None) -> dict[str, Any]:
    """The catalogue as {networks: [{network, description}]}, or the layer table of one network.

    Raises `UsageError` for an unknown name, `UnpoolError` for a size too small for the network.
    """
    check(size=size)
    from unpool.networks.catalogue import build_network, default_size, describe, layer_table, names
    from unpool.networks.segmentation.segmenter import CROP, DESCRIPTIONS, Segmenter

    if name is None:
        told = [
            {"network": known, "size": default_size(known), "description": describe(known)}
            for known in names()
        ]
        told += [
            {"network": known, "size": CROP, "description": described}
            for known, described in DESCRIPTIONS.items()
        ]
        return {"networks": told}
    if name in DESCRIPTIONS:
        return dict(layer_table(Segmenter(name, num_classes=CLASSES), size or CROP))
    return dict(layer_table(build_network(name, size=size), size or default_size(name)))
