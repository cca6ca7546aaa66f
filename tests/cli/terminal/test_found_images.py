"""What a search has found is shown as one strip, where the terminal can."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unpool.cli.main import main
from unpool.cli.terminal.found_images import draw_found
from unpool.images.resizing import thumbnail
from unpool.store.table import ImageTable


@pytest.fixture
def work(tmp_path: Path) -> Path:
    table = ImageTable.create(tmp_path / "w.unpool")
    table.reset_vectors(2)
    grey = np.full((40, 60, 3), 120, np.uint8)
    table.upsert([
        {"path": "a.png", "status": "ok", "vector": [1, 0], "label": "hat", "group": 2, "thumbnail": thumbnail(grey)},
        {"path": "b.png", "status": "ok", "vector": [0.6, 0.8], "group": -1},
    ])  # fmt: skip
    return table.work


def test_a_strip_of_thumbnails_in_the_order_of_the_results(work: Path) -> None:
    codes = draw_found(work, ["b.png", "a.png"], "iterm")
    found = re.fullmatch("\x1b]1337;[^:]*:([^\x07]*)\x07\n", codes)
    assert found is not None
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(found[1]))).convert("L"))
    assert pixels.shape == (96, 196)
    assert pixels[:, :96].max() == 0  # b has no thumbnail
    assert abs(int(pixels[48, 148]) - 120) < 4


def test_no_pictures_where_the_terminal_shows_none(work: Path) -> None:
    assert draw_found(work, ["a.png"], "auto") == draw_found(work, ["a.png"], "none") == ""
    assert draw_found(work, [], "sixel") == ""


def search(work: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit):
        main(["search", "a.png", "--work", str(work), "-k", "2", *words])
    return capsys.readouterr().out


def test_a_search_prints_group_and_label(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert search(work, capsys).splitlines() == [
        "0.0000  group 2   hat  a.png",
        "0.4000  no group       b.png",
    ]
    shown = search(work, capsys, "--pictures", "sixel")
    assert shown.startswith("\x1bPq")
    assert shown.endswith("b.png\n")
    assert [
        row["label"] for row in json.loads(search(work, capsys, "--pictures", "sixel", "--json"))["results"]
    ] == [
        "hat",
        None,
    ]
