"""Heat map, overlay and heat values show the same place, at every size."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from unpool.actions.inspection.output_files import HeatPaths, SeenImage
from unpool.analysis.anomaly.regions import Region
from unpool.report.heat import heat_palette


def seen(height: int, width: int, heat_hw: np.ndarray, threshold: float = 0.5) -> SeenImage:
    pixels = np.full((height, width, 3), 90, np.uint8)
    return SeenImage(height, width, lambda top, bottom: pixels[top:bottom], heat_hw, threshold)


def spot(rows: int, columns: int, y: int, x: int, heat: float = 1.0) -> np.ndarray:
    heat_hw = np.zeros((rows, columns), np.float32)
    heat_hw[y, x] = heat
    return heat_hw


@pytest.mark.parametrize(("height", "width"), [(90, 120), (900, 1200), (3000, 4000)])
def test_the_region_is_where_the_heat_is(height: int, width: int) -> None:
    region = seen(height, width, spot(9, 12, 2, 9)).find_region()
    cell = height / 9
    middle = region.x + region.width / 2, region.y + region.height / 2
    assert middle == pytest.approx((9.5 * cell, 2.5 * cell), abs=0.1 * cell)
    assert region.width == pytest.approx(cell, rel=0.25)
    assert region.area == pytest.approx(cell**2 * 0.7, rel=0.35)


@pytest.mark.parametrize(("height", "width"), [(90, 120), (3000, 4000)])
def test_pictures_show_heat_and_box_where_the_region_is(height: int, width: int, tmp_path: Path) -> None:
    image, paths = seen(height, width, spot(9, 12, 2, 9, 2.0)), HeatPaths(tmp_path, "deep/a")
    region = image.find_region()
    image.write_pictures(paths, region)
    heat, overlay = (
        np.asarray(Image.open(tmp_path / "deep" / name).convert("RGB"))
        for name in ("a.heat.png", "a.overlay.png")
    )
    step = 1 if height == 90 else 2
    assert heat.shape == overlay.shape == (height // step, width // step, 3)
    middle = (region.y + region.height // 2) // step, (region.x + region.width // 2) // step
    assert heat[middle].tolist() == heat_palette()[255].tolist()
    assert heat[-1, 0].tolist() == heat_palette()[0].tolist()
    assert overlay[-1, 0].tolist() == [90, 90, 90]
    assert overlay[middle][0] > 150
    rows, columns = np.nonzero((overlay == 255).all(axis=2))
    line = max(1, round(width / step / 400))
    found = np.array([columns.min(), rows.min(), columns.max(), rows.max()])
    expected = np.array([region.x, region.y, region.x + region.width, region.y + region.height]) / step
    assert np.abs(found - expected).max() <= line + 1


def test_without_a_region_no_box_is_drawn(tmp_path: Path) -> None:
    image = seen(40, 60, np.full((4, 6), 0.2, np.float32))
    assert image.find_region() == Region()
    image.write_pictures(HeatPaths(tmp_path, "a"), Region())
    assert (np.asarray(Image.open(tmp_path / "a.overlay.png")) == 90).all()


def test_values_give_the_heat_back(tmp_path: Path) -> None:
    heat_hw = np.random.default_rng(0).random((40, 60), np.float32) * 3
    image = seen(40, 60, heat_hw, threshold=0.5)
    image.write_values(HeatPaths(tmp_path, "a"), "model-1")
    with tifffile.TiffFile(tmp_path / "a.heat.tif") as tiff:
        value, described = tiff.asarray(), json.loads(tiff.pages[0].description)
    assert described == {
        "heat_of_65535": 2.0,
        "heat_threshold": 0.5,
        "width": 60,
        "height": 40,
        "model": "model-1",
    }
    assert value.dtype == np.uint16
    np.testing.assert_allclose(value / 65535 * 2.0, np.minimum(heat_hw, 2.0), atol=2 / 65535)
    assert np.asarray(Image.open(tmp_path / "a.heat.tif")).shape == (40, 60)


def test_values_of_a_large_image_are_reduced(tmp_path: Path) -> None:
    image = seen(10, 9000, spot(2, 90, 0, 30, heat=-1.0))
    image.write_values(HeatPaths(tmp_path, "a"), "m")
    value = tifffile.imread(tmp_path / "a.heat.tif")
    assert value.shape == (4, 3000)
    assert (value == 0).all(), "what is below 0 is 0"


def test_paths_of_what_is_written(tmp_path: Path) -> None:
    paths = HeatPaths(tmp_path, "deep/a.b")
    assert [file.name for file in paths.files(pictures=True, values=False)] == [
        "a.b.heat.png",
        "a.b.overlay.png",
    ]
    assert paths.files(pictures=False, values=True) == [tmp_path / "deep" / "a.b.heat.tif"]
    assert paths.all_paths() == paths.files(pictures=True, values=True)
