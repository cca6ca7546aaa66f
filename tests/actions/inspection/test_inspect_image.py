"""One image, whole or by windows and rows, gives the same score, region and files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from support.inspector import write_inspector
from unpool.actions.inspection import inspect_image as module
from unpool.actions.inspection.inspect_image import (
    ImageInspector,
    ImageJob,
    ImageResult,
    is_large,
    without_result,
)
from unpool.actions.inspection.output_files import HeatPaths
from unpool.analysis.anomaly.regions import Region
from unpool.errors import UnreadableImageError
from unpool.images.reading.scan import ImageFile, Problem
from unpool.images.tiff.rows import TiffRows
from unpool.images.values.rules import NO_RULES
from unpool.inference.inspection.inspector import Inspection, load_inspector

SPOT = (slice(64, 96), slice(120, 160))  # rows, columns: a cell of the heat map


def part() -> np.ndarray:
    pixels = np.full((256, 320, 3), 230, np.uint8)
    pixels[SPOT] = 0
    return pixels


def seer(tmp_path: Path, tile: int | None = None, *, heat: str = "all", **more: Any) -> ImageInspector:
    folder = write_inspector(tmp_path / f"model-{tile}", tile=tile)
    return ImageInspector(load_inspector(folder, threads=1), NO_RULES, 0.5, heat, more.get("values", False))


def job(file: Path, out: Path) -> ImageJob:
    return ImageJob(ImageFile(file.name, file, file.stat().st_size, 0.0), HeatPaths(out, file.stem), {})


def written(out: Path) -> list[str]:
    return sorted(path.name for path in out.iterdir()) if out.exists() else []


@pytest.mark.parametrize("tile", [None, 64])
def test_the_region_is_that_of_the_defect(tile: int | None, tmp_path: Path) -> None:
    file, out = tmp_path / "a.png", tmp_path / "out"
    Image.fromarray(part()).save(file)
    result = seer(tmp_path, tile, values=True).inspect(job(file, out))
    assert result.score == pytest.approx(1.0, abs=0.05)
    box = result.region
    assert abs(box.x - 120) <= 12
    assert abs(box.y - 64) <= 12
    assert abs(box.x + box.width - 160) <= 12
    assert abs(box.y + box.height - 96) <= 12
    assert box.area == pytest.approx(32 * 40, rel=0.5)
    assert written(out) == ["a.heat.png", "a.heat.tif", "a.overlay.png"]


def test_a_large_tiff_is_read_by_rows_and_gives_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(part()).save(tmp_path / "a.png")
    tifffile.imwrite(tmp_path / "a.tif", part(), photometric="rgb", rowsperstrip=16, compression="zlib")
    windows = seer(tmp_path, 64)
    whole = windows.inspect(job(tmp_path / "a.png", tmp_path / "whole"))
    read: list[int] = []
    original = TiffRows.read

    def spy(self: TiffRows, top: int, bottom: int) -> np.ndarray:
        read.append(bottom - top)
        return original(self, top, bottom)

    monkeypatch.setattr(TiffRows, "read", spy)
    monkeypatch.setattr(module, "LARGE_PIXELS", 1000)
    shares: list[float] = []
    by_rows = windows.inspect(job(tmp_path / "a.tif", tmp_path / "rows"), shares.append)
    assert (by_rows.score, by_rows.region) == (whole.score, whole.region)
    assert sum(shares) == pytest.approx(1.0)
    assert read[0] == 64
    assert (tmp_path / "rows" / "a.overlay.png").read_bytes() == (
        tmp_path / "whole" / "a.overlay.png"
    ).read_bytes()
    read.clear()
    seer(tmp_path).inspect(job(tmp_path / "a.tif", tmp_path / "shrunk"))
    assert read == [], "a model without windows sees the whole image"


def test_a_large_tiff_that_is_turned_is_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, turned, orientation in (("turned", np.rot90(part(), -1), 8), ("upright", part(), 1)):
        tifffile.imwrite(
            tmp_path / f"{name}.tif", np.ascontiguousarray(turned), photometric="rgb",
            extratags=[(274, "H", 1, orientation, True)],
        )  # fmt: skip
    monkeypatch.setattr(module, "LARGE_PIXELS", 1000)
    results = [
        seer(tmp_path, 64).inspect(job(tmp_path / f"{name}.tif", tmp_path / name))
        for name in ("turned", "upright")
    ]
    assert results[0].region == results[1].region
    monkeypatch.setattr(module, "MAX_PIXELS", 1000)
    with pytest.raises(UnreadableImageError, match="this one is turned; save it again upright"):
        seer(tmp_path, 64).inspect(job(tmp_path / "turned.tif", tmp_path / "out"))


@pytest.mark.parametrize(
    ("heat", "threshold", "names"),
    [
        ("all", 2.0, ["a.heat.png", "a.heat.tif", "a.overlay.png"]),
        ("bad", 0.5, ["a.heat.png", "a.heat.tif", "a.overlay.png"]),
        ("bad", 2.0, []),
        ("none", 0.5, []),
    ],
)
def test_what_is_written(heat: str, threshold: float, names: list[str], tmp_path: Path) -> None:
    Image.fromarray(part()).save(tmp_path / "a.png")
    plain = seer(tmp_path)
    images = ImageInspector(plain.inspector, NO_RULES, threshold, heat, values=True)
    images.inspect(job(tmp_path / "a.png", tmp_path / "out"))
    assert written(tmp_path / "out") == names


def test_what_cannot_be_read_or_has_no_score_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.png").write_bytes(b"no image")
    images = seer(tmp_path)
    its_job, problem = images.try_to_inspect(job(tmp_path / "a.png", tmp_path / "out"))
    assert isinstance(problem, Problem)
    assert (its_job.file.path, problem.path, problem.problem) == ("a.png", "a.png", "not-an-image")
    Image.fromarray(part()).save(tmp_path / "b.png")
    for found in (Inspection(float("nan"), np.zeros((2, 2))), Inspection(1.0, np.full((2, 2), np.nan))):
        monkeypatch.setattr(images.inspector, "inspect", lambda pixels, found=found: found)
        _, problem = images.try_to_inspect(job(tmp_path / "b.png", tmp_path / "out"))
        assert isinstance(problem, Problem)
        assert (problem.problem, problem.detail) == (
            "no-score",
            "the model gives no number for it; train it again",
        )
    assert written(tmp_path / "out") == []


def test_a_result_comes_back_from_the_record() -> None:
    result = ImageResult(0.25, Region(1, 2, 3, 4, 5), "ab")
    stored = {"path": "a.png", "model": "m", **result.to_dict()}
    assert ImageResult.from_dict(stored) == result
    assert without_result(stored) == {"path": "a.png", "model": "m"}


def test_only_a_large_image_is_inspected_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.png"
    Image.fromarray(part()).save(file)
    image = ImageFile("a.png", file, 1, 0.0)
    assert not is_large(image)
    monkeypatch.setattr(module, "LARGE_PIXELS", 256 * 320 - 1)
    assert is_large(image)
