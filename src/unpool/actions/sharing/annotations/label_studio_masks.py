"""Write Label Studio's tasks with brushes as predictions.

Sources: https://labelstud.io/guide/predictions and https://labelstud.io/tags/brushlabels
"""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

from unpool.actions.sharing.annotations.predicted_masks import MaskRequest, PredictedMask, WrittenMasks
from unpool.core.atomic_files import write_text, write_whole
from unpool.core.text.xml_files import quote_value
from unpool.images.annotations.brush import encode_brush

FILE, CONFIGURATION = "labelstudio.json", "labelstudio.xml"
LOCAL = "/data/local-files/?d="


def write_label_studio(request: MaskRequest) -> WrittenMasks:
    """Write one file of tasks, and one that configures them.

    Each class of an image is one brush, exact with its holes.

    Args:
        request: The label maps.
    """
    file = request.out / FILE

    def write(part: Path) -> None:
        with part.open("w", encoding="utf-8") as stream:
            stream.write("[")
            for number, mask in enumerate(request.masks):
                stream.write(
                    f"{',' * (number > 0)}\n{json.dumps(_describe(mask, request), ensure_ascii=True)}"
                )
                request.advance()
            stream.write("\n]\n")

    write_whole(file, write)
    write_text(request.out / CONFIGURATION, _configure(request))
    return WrittenMasks(
        file,
        [
            f"{CONFIGURATION} is the labelling configuration; images are named {LOCAL}… as Label Studio serves local "
            "files"
        ],
    )


def _describe(mask: PredictedMask, request: MaskRequest) -> dict[str, object]:
    height, width = mask.size
    runs = mask.find_runs(request.grounds)
    results = []
    for position, name in request.written.items():
        own = runs.select(runs.value_R == position)
        if len(own.row_R):
            first_R = own.row_R * width
            packed = encode_brush(first_R + own.start_R, first_R + own.end_R, height * width)
            results.append(
                {
                    "id": f"class-{position}", "type": "brushlabels", "from_name": "label", "to_name": "image",
                    "original_width": width, "original_height": height, "image_rotation": 0,
                    "value": {"format": "rle", "rle": packed, "brushlabels": [name]},
                }
            )  # fmt: skip
    prediction = {"model_version": request.model, "result": results}
    return {"data": {"image": f"{LOCAL}{quote(mask.image)}"}, "predictions": [prediction]}


def _configure(request: MaskRequest) -> str:
    labels = "".join(
        f'    <Label value={quote_value(name)} background="#{"".join(f"{part:02x}" for part in colour)}"/>\n'
        for name, colour in ((name, request.colours[position]) for position, name in request.written.items())
    )
    return (
        '<View>\n  <Image name="image" value="$image" zoom="true"/>\n  <BrushLabels name="label" toName="image">\n'
        f"{labels}  </BrushLabels>\n</View>\n"
    )
