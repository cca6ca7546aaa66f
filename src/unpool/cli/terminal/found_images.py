"""Found images as a strip on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def draw_found(work: Path, paths: Sequence[str], pictures: str) -> str:
    """Write the thumbnails of images as codes of the terminal.

    Args:
        work: The workspace.
        paths: The images, in their order.
        pictures: kitty, iterm, sixel, none, or auto for those that the terminal knows.

    Returns:
        The codes and the end of a line; empty where the terminal shows no pictures.
    """
    from unpool.cli.terminal.pictures import PROTOCOLS, draw_strip, encode_picture, terminal_protocol

    protocol = next((each for each in PROTOCOLS if each == pictures), None) or terminal_protocol()
    if protocol == "none" or not paths:
        return ""
    from unpool.report.drawing import open_thumbnail
    from unpool.store.table import ImageTable

    rows = ImageTable(work).some(paths, ["thumbnail"])
    content_of = dict(zip(rows["path"].to_pylist(), rows["thumbnail"].to_pylist(), strict=True))
    strip = draw_strip([open_thumbnail(content_of.get(path)) for path in paths])
    return encode_picture(strip, protocol) + "\n"
