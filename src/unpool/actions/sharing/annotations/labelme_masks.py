"""Write LabelMe's JSON, one file for each image.

Source: https://github.com/wkentaro/labelme
"""

from __future__ import annotations

import base64
import io
import os
from pathlib import Path

from PIL import Image

from unpool.actions.sharing.annotations.predicted_masks import MaskRequest, PredictedMask, WrittenMasks
from unpool.core.atomic_files import write_json
from unpool.images.annotations.regions import Region

FOLDER = "labelme"
ENDING = ".json"
VERSION = "5.5.0"  # the first that shows masks is 5.3


def write_labelme(request: MaskRequest) -> WrittenMasks:
    """Write the folder labelme with a file for each image.

    A region is a shape. Polygons hold no holes: regions with holes are shapes of kind mask.

    Args:
        request: The label maps.
    """
    folder = request.out / FOLDER
    num_holed = 0
    for mask in request.masks:
        file = folder / f"{mask.name}{ENDING}"
        if mask.is_new or not file.is_file():
            shapes = []
            for region in mask.find_regions(request.grounds):
                num_holed += bool(region.holes)
                shapes.append(_describe(region, request.names[region.value]))
            height, width = mask.size
            write_json(
                file,
                {
                    "version": VERSION, "flags": {}, "shapes": shapes, "imagePath": _find_image(file, mask),
                    "imageData": None, "imageHeight": height, "imageWidth": width,
                },
            )  # fmt: skip
        request.advance()
    remarks = []
    if num_holed:
        remarks.append(
            f"{num_holed:,} regions have holes and are masks (LabelMe 5.3 and later), the others polygons"
        )
    return WrittenMasks(folder, remarks)


def _find_image(file: Path, mask: PredictedMask) -> str:
    return Path(os.path.relpath(mask.image_file, file.parent)).as_posix()


def _describe(region: Region, name: str) -> dict[str, object]:
    points, picture = region.outline_V2.tolist(), None
    if region.holes:
        left, top, width, height = region.box
        points = [[left, top], [left + width - 1, top + height - 1]]
        stream = io.BytesIO()
        Image.fromarray(region.fill_box()).save(stream, "PNG")
        picture = base64.b64encode(stream.getvalue()).decode("ascii")
    return {
        "label": name, "points": points, "group_id": None, "description": "",
        "shape_type": "mask" if region.holes else "polygon", "flags": {}, "mask": picture,
    }  # fmt: skip
