"""A workspace shows itself in a notebook: its counts, and the surest image of each group."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import numpy as np
from PIL import Image

from support.edits import PATHS, make_grouped_workspace
from unpool import Workspace
from unpool.images.resizing import thumbnail
from unpool.store.table import ImageTable
from unpool.viewer.notebooks.strip import NUM_IMAGES, draw_strip


def write_thumbnails(work: Path) -> None:
    shades = [thumbnail(np.full((20, 30, 3), 20 * number, np.uint8)) for number in range(len(PATHS))]
    ImageTable(work).update(PATHS, {"thumbnail": shades})


def shown(html: str) -> list[str]:
    return re.findall(r'alt="([^"]*)"', html)


def test_counts_and_the_surest_image_of_each_group_the_largest_first(tmp_path: Path) -> None:
    work = make_grouped_workspace(tmp_path / "w.unpool")
    write_thumbnails(work)
    ImageTable(work).update(["02.png", "06.png"], {"probability": [0.9, 0.8], "label": ["hat", None]})
    html = Workspace(work)._repr_html_()
    assert "12 images, 3 groups, 1 labelled" in html
    assert shown(html) == ["02.png", "06.png", "09.png"]
    content = base64.b64decode(re.findall(r"base64,([^\"]*)", html)[0])
    assert abs(int(np.asarray(Image.open(io.BytesIO(content)))[0, 0, 0]) - 40) < 5
    assert 'title="group 0, 5 images: 02.png"' in html


def test_without_groups_the_first_images_and_names_are_escaped(tmp_path: Path) -> None:
    table = ImageTable.create(tmp_path / "<b>.unpool")
    picture = thumbnail(np.zeros((9, 9, 3), np.uint8))
    table.upsert([
        {"path": f'{number:02}"<.png', "status": "ok", "thumbnail": picture} for number in range(NUM_IMAGES + 3)
    ])  # fmt: skip
    html = draw_strip(table.work)
    assert html.count("<img ") == NUM_IMAGES
    assert 'alt="00&quot;&lt;.png"' in html
    assert "<b>.unpool" not in html.replace("<b>&lt;", "")
    assert "15 images</p>" in html


def test_a_workspace_that_is_not_there_yet(tmp_path: Path) -> None:
    assert "nothing is embedded yet" in draw_strip(tmp_path / "new.unpool")
