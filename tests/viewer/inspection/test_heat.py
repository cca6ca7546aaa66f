"""Heat maps are made when they are looked at, and kept."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.inspector import write_inspector
from support.judged import PATHS
from unpool.actions.curation.check import check
from unpool.actions.curation.settings import CheckSettings
from unpool.errors import UnpoolError
from unpool.store.origin import source_of
from unpool.viewer.inspection import heat
from unpool.viewer.inspection.heat import HeatPictures


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def test_a_stain_is_hot_and_the_overlay_shows_the_image(work: Path) -> None:
    check(work, CheckSettings(model=write_inspector(work.parent / "darkness", heat_threshold=1.0)))
    view = HeatPictures().view(work, source_of(work), "stained0.png", "a")
    hot_HW = pixels(view.heat).sum(axis=2)
    assert hot_HW.shape == (64, 64)
    assert hot_HW[36:52, 36:52].min() > hot_HW[:32, :32].max()
    image_HW3 = pixels((work.parent / "parts" / "stained0.png").read_bytes())
    laid_HW = np.abs(pixels(view.overlay) - image_HW3).mean(axis=2)
    assert laid_HW[36:52, 36:52].mean() > 5 * laid_HW[:32, :32].mean()


def test_pictures_are_kept_until_there_are_many_or_the_model_changes(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    real = heat._draw
    monkeypatch.setattr(
        heat, "_draw", lambda loaded, source, path: (seen.append(path), real(loaded, source, path))[1]
    )
    monkeypatch.setattr(heat, "NUM_CACHED", 2)
    pictures, source = HeatPictures(), source_of(work)
    for path in ("good0.png", "good1.png", "good0.png", "good2.png", "good0.png", "good1.png"):
        pictures.view(work, source, path, path)
    assert seen == ["good0.png", "good1.png", "good2.png", "good1.png"]
    pictures.view(work, source, "good1.png", "another content")
    model = work.parent / "model" / "model.json"
    model.write_text(model.read_text().replace('"weights": "', '"weights": "0'))
    pictures.view(work, source, "good1.png", "another content")
    assert len(seen) == 6


def test_what_is_gone_or_broken_is_said(work: Path) -> None:
    parts = work.parent / "parts"
    (parts / PATHS[0]).unlink()
    (parts / PATHS[1]).write_bytes(b"no image")
    pictures, source = HeatPictures(), source_of(work)
    with pytest.raises(UnpoolError, match=r"good0\.png cannot be inspected"):
        pictures.view(work, source, PATHS[0], "a")
    with pytest.raises(UnpoolError, match=r"good1\.png cannot be inspected"):
        pictures.view(work, source, PATHS[1], "b")
    shutil.rmtree(work.parent / "model")
    with pytest.raises(UnpoolError, match="no model"):
        pictures.view(work, source, PATHS[2], "c")
