"""Write YOLO's outlines, one text file for each image.

Source: https://docs.ultralytics.com/datasets/segment/
"""

from __future__ import annotations

import numpy as np
import yaml

from unpool.actions.sharing.annotations.predicted_masks import MaskRequest, WrittenMasks
from unpool.core.atomic_files import write_text
from unpool.images.annotations.bridges import bridge_holes

FOLDER, LABELS, NAMES = "yolo", "labels", "data.yaml"
ENDING = ".txt"


def write_yolo(request: MaskRequest) -> WrittenMasks:
    """Write the folder yolo with labels and data.yaml.

    A region is a line. Lines hold no holes: a hole is joined to the outline by a cut of no width.

    Args:
        request: The label maps.
    """
    folder = request.out / FOLDER
    index_of = {position: index for index, position in enumerate(request.written)}
    num_holed = 0
    for mask in request.masks:
        file = folder / LABELS / f"{mask.name}{ENDING}"
        if mask.is_new or not file.is_file():
            lines = []
            for region in mask.find_regions(request.grounds):
                num_holed += bool(region.holes)
                share_V2 = bridge_holes(region) / np.array(mask.size[::-1])
                lines.append(
                    f"{index_of[region.value]} {' '.join(f'{x:.8f}' for x in share_V2.reshape(-1))}\n"
                )
            write_text(file, "".join(lines))
        request.advance()
    names = dict(enumerate(request.written.values()))
    sets = {
        "train": "images",
        "val": "images",
    }  # without `path`, which programs take relative to where they run
    write_text(folder / NAMES, yaml.safe_dump({**sets, "names": names}, sort_keys=False, allow_unicode=True))
    remarks = []
    if num_holed:
        remarks.append(
            f"{num_holed:,} regions have holes, which are cut to the outline by a line of no width"
        )
    return WrittenMasks(folder, remarks)
