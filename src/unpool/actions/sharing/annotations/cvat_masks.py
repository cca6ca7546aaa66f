"""Write "CVAT for images 1.1" of predicted masks.

Source: https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/
"""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

from unpool.actions.sharing.annotations.predicted_masks import MaskRequest, PredictedMask, WrittenMasks
from unpool.core.atomic_files import write_text, write_whole
from unpool.core.text.xml_files import quote_value, replace_unprintable
from unpool.images.annotations.regions import Region
from unpool.images.annotations.run_lengths import count_rows

FILE, COLOURS = "cvat.xml", "labelmap.txt"
HEADING = "# label:color_rgb:parts:actions"


def write_cvat(request: MaskRequest) -> WrittenMasks:
    """Write one file for all images, and labelmap.txt.

    labelmap.txt has the colours of the label maps, as CVAT's masks have it beside them. A region is a shape. Polygons
    hold no holes: regions with holes are masks.

    Args:
        request: The label maps.
    """
    file = request.out / FILE
    num_holed = 0

    def write(part: Path) -> None:
        nonlocal num_holed
        with part.open("w", encoding="utf-8") as stream:
            stream.write('<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n')
            stream.write(_describe_labels(request))
            for number, mask in enumerate(request.masks):
                stream.write(_describe_image(number, mask))
                for region in mask.find_regions(request.grounds):
                    num_holed += bool(region.holes)
                    stream.write(_describe_shape(region, request.names[region.value]))
                stream.write("  </image>\n")
                request.advance()
            stream.write("</annotations>\n")

    write_whole(file, write)
    write_text(request.out / COLOURS, _list_colours(request))
    remarks = [f"{num_holed:,} regions have holes and are masks, the others polygons"] if num_holed else []
    return WrittenMasks(file, remarks)


def _describe_labels(request: MaskRequest) -> str:
    labels = "".join(
        f"        <label><name>{escape(replace_unprintable(name))}</name>"
        f"<color>#{''.join(f'{part:02x}' for part in colour)}</color><type>any</type>"
        "<attributes></attributes></label>\n"
        for name, colour in ((name, request.colours[position]) for position, name in request.written.items())
    )
    return f"  <meta>\n    <task>\n      <labels>\n{labels}      </labels>\n    </task>\n  </meta>\n"


def _list_colours(request: MaskRequest) -> str:
    rows = zip(request.names, request.colours, strict=True)
    lines = [f"{name}:{','.join(map(str, colour))}::" for name, colour in rows]
    return "\n".join([HEADING, *lines]) + "\n"


def _describe_image(number: int, mask: PredictedMask) -> str:
    height, width = mask.size
    return f'  <image id="{number}" name={quote_value(mask.image)} width="{width}" height="{height}">\n'


def _describe_shape(region: Region, name: str) -> str:
    common = f'label={quote_value(name)} source="auto" occluded="0"'
    if not region.holes:
        points = ";".join(f"{x:.2f},{y:.2f}" for x, y in region.outline_V2.tolist())
        return f'    <polygon {common} points="{points}" z_order="0">\n    </polygon>\n'
    left, top, width, height = region.box
    counts = ", ".join(map(str, count_rows(region)))
    return (
        f'    <mask {common} rle="{counts}" left="{left}" top="{top}" width="{width}" height="{height}" '
        'z_order="0">\n    </mask>\n'
    )
