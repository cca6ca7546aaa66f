"""Pictures and the page that a person opens: what is in the folder, seen at one glance."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from unpool.core.atomic_files import write_bytes
from unpool.report.drawing import png_bytes
from unpool.report.grid import draw_grid
from unpool.report.items import read_items
from unpool.report.map_picture import draw_map
from unpool.report.page import Table, build_page, relative_url
from unpool.report.pictures import draw_groups, draw_loss
from unpool.report.thinning import assign_levels

__all__ = ["write_report"]


def write_report(
    out: Path,
    table: pd.DataFrame,
    *,
    title: str,
    facts: dict[str, str | int | float | None],
    history: list[dict[str, float]] | None = None,
    reconstructions: tuple[NDArray[np.uint8], NDArray[np.uint8]] | None = None,
    pictures: Sequence[tuple[str, str, Path]] = (),
    tables: Sequence[Table] = (),
    originals: Path | None = None,
    problems: Sequence[tuple[str, str, str]] = (),
) -> Path:
    """Writes map.png, groups.png, index.html into `out`; loss.png, reconstructions.png where there are such.

    `table` has a row for each usable image: path, id, width, height, thumbnail (WebP bytes), x, y, group,
    probability, label; `rank` (0 is the most typical of its group) and `outlier_score` are welcome.
    Everything but path and thumbnail may be null or missing. `facts` are shown as they are, null ones not.
    `history` has rows of epoch, train_loss, val_loss; `reconstructions` are inputs and outputs (N, H, W, C);
    `pictures` are the title, alternative text and PNG file of others; `tables` title, columns and rows of text;
    `originals` is the folder that the paths are relative to; `problems` are path, problem, detail.

    Returns the path of index.html, which needs no server and no network.
    """
    out = Path(out)
    items = read_items(table)
    level_N = assign_levels(items.place_N2, items.priority())
    write_bytes(out / "map.png", png_bytes(draw_map(items, level_N)))
    write_bytes(out / "groups.png", png_bytes(draw_groups(items)))
    figures = [_figure(*picture) for picture in pictures]
    if history:
        loss = write_bytes(out / "loss.png", draw_loss(history))
        figures.append(_figure("Training", "Loss after each epoch, on training and validation images", loss))
    if reconstructions is not None and len(reconstructions[0]):
        pairs = draw_grid(dict(zip(("input", "output"), reconstructions, strict=True)))
        file = write_bytes(out / "reconstructions.png", png_bytes(pairs))
        figures.append(_figure("Reconstructions", "Images beside what the network made of them", file))
    page = build_page(
        items,
        level_N,
        title=title,
        facts=facts,
        figures=figures,
        tables=tables,
        problems=problems,
        originals=relative_url(originals, out),
    )
    return write_bytes(out / "index.html", page.encode())


def _figure(title: str, alt: str, picture: Path) -> dict[str, str]:
    content = base64.b64encode(picture.read_bytes()).decode()
    return {"title": title, "alt": alt, "src": "data:image/png;base64," + content}
