"""The formats of `segment predict --to`.

Each is declared once, with the function that writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, cast

from unpool.errors import unknown_name

if TYPE_CHECKING:
    from unpool.actions.sharing.annotations.predicted_masks import MaskRequest, WrittenMasks
    from unpool.core.progress import Progress

PNG = "png"  # the label maps, which are always written


@dataclass(frozen=True)
class MaskFormat:
    """A format that label maps can be written in.

    Args:
        name: What is typed after `--to`.
        writer: `module:function`, imported on first use.
        paths: What it writes in the output folder.
    """

    name: str
    writer: str
    paths: tuple[str, ...]

    def write(self, request: MaskRequest) -> WrittenMasks:
        """Write the format."""
        module, function = self.writer.split(":")
        writer = getattr(import_module(f"unpool.actions.sharing.annotations.{module}"), function)
        return cast("Callable[[MaskRequest], WrittenMasks]", writer)(request)


MASK_FORMATS = {
    each.name: each
    for each in (
        MaskFormat("coco", "coco_masks:write_coco", ("coco.json",)),
        MaskFormat("yolo", "yolo_masks:write_yolo", ("yolo",)),
        MaskFormat("labelme", "labelme_masks:write_labelme", ("labelme",)),
        MaskFormat("cvat", "cvat_masks:write_cvat", ("cvat.xml", "labelmap.txt")),
        MaskFormat(
            "labelstudio", "label_studio_masks:write_label_studio", ("labelstudio.json", "labelstudio.xml")
        ),
    )
}


def parse_mask_formats(text: str) -> Sequence[MaskFormat]:
    """Find the formats that somebody has typed, several with commas.

    Raises:
        UsageError: One is unknown.

    >>> [each.name for each in parse_mask_formats("png,coco")]
    ['coco']
    """
    names = list(dict.fromkeys(name.strip().lower() for name in text.split(",")))
    for name in names:
        if name != PNG and name not in MASK_FORMATS:
            raise unknown_name("format", name, [PNG, *MASK_FORMATS])
    return [MASK_FORMATS[name] for name in names if name != PNG]


def write_masks(
    formats: Sequence[MaskFormat], request: MaskRequest, progress: Progress
) -> tuple[dict[str, str], list[str]]:
    """Write label maps in some formats.

    Args:
        formats: Which.
        request: The label maps.
        progress: Receives a stage for each format.

    Returns:
        The file or folder of each format, and what they cannot hold as it was.
    """
    paths = {}
    remarks: list[str] = []
    for each in formats:
        with progress.stage(each.name, len(request.masks), "images") as stage:
            found = each.write(replace(request, advance=stage.advance))
        paths[each.name] = str(found.path)
        remarks += [f"{found.path}: {remark}" for remark in found.remarks]
    return paths, remarks
