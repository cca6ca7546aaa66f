"""Write COCO's JSON of predicted masks.

Source: https://cocodataset.org/#format-data
"""

from __future__ import annotations

import json
from pathlib import Path

from unpool.actions.sharing.annotations.predicted_masks import MaskRequest, PredictedMask, WrittenMasks
from unpool.core.atomic_files import write_whole
from unpool.images.annotations.regions import Region
from unpool.images.annotations.run_lengths import count_columns

FILE = "coco.json"


def write_coco(request: MaskRequest) -> WrittenMasks:
    """Write one file for all images.

    A region is an annotation. Polygons hold no holes: regions with holes are run lengths, as those of many objects
    are (`iscrowd`).

    Args:
        request: The label maps.
    """
    file = request.out / FILE
    num_holed = 0

    def write(part: Path) -> None:
        nonlocal num_holed
        with part.open("w", encoding="utf-8") as stream:
            stream.write(
                f'{{"info": {_to_text({"description": "unpool segment predict", "model": request.model})},\n'
            )
            categories = [
                {"id": position + 1, "name": name, "supercategory": ""}
                for position, name in request.written.items()
            ]
            images = [_describe(number, mask) for number, mask in enumerate(request.masks, 1)]
            stream.write(f'"licenses": [],\n"categories": {_to_text(categories)},\n')
            stream.write(f'"images": [{_join(images)}],\n"annotations": [')
            count = 0
            for number, mask in enumerate(request.masks, 1):
                for region in mask.find_regions(request.grounds):
                    count += 1
                    num_holed += bool(region.holes)
                    annotation = _annotate(count, number, region, mask.size)
                    stream.write(f"{',' * (count > 1)}\n{_to_text(annotation)}")
                request.advance()
            stream.write("\n]}\n")

    write_whole(file, write)
    remarks = (
        [f"{num_holed:,} regions have holes and are run lengths, the others polygons"] if num_holed else []
    )
    return WrittenMasks(file, remarks)


def _to_text(value: object) -> str:
    return json.dumps(value, ensure_ascii=True)


def _join(values: list[dict[str, object]]) -> str:
    return ",\n".join(map(_to_text, values))


def _describe(number: int, mask: PredictedMask) -> dict[str, object]:
    height, width = mask.size
    return {"id": number, "file_name": mask.image, "height": height, "width": width}


def _annotate(number: int, image: int, region: Region, size: tuple[int, int]) -> dict[str, object]:
    shape: object = [region.outline_V2.reshape(-1).tolist()]
    if region.holes:
        shape = {"counts": count_columns(region, *size), "size": list(size)}
    return {
        "id": number, "image_id": image, "category_id": region.value + 1, "segmentation": shape,
        "area": region.area, "bbox": list(region.box), "iscrowd": int(bool(region.holes)),
    }  # fmt: skip
