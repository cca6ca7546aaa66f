"""Pixels to scores and heat: whole, by windows, by several threads, and what is damaged."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from time import sleep

import numpy as np
import pytest
from PIL import Image

from support.inspector import GOOD_SCORES, write_inspector
from support.messages import Messages
from unpool.errors import UnpoolError
from unpool.inference.inspection.inspector import (
    MAX_HEAT_SIDE,
    METADATA,
    ONNX,
    WINDOWS,
    HeatCanvas,
    InspectorRecord,
    fit_square,
    load_inspector,
    resize_heat,
)


def light(height: int, width: int, dark: tuple[int, int, int] | None = None) -> np.ndarray:
    """White pixels; `dark`: row, column and side of a black square."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    if dark is not None:
        row, column, side = dark
        pixels[row : row + side, column : column + side] = 0
    return pixels


def test_a_picture_is_seen_whole_whatever_its_shape(tmp_path: Path) -> None:
    inspector = load_inspector(write_inspector(tmp_path))
    found = inspector.inspect(light(128, 256, (64, 128, 64)))
    assert found.score == pytest.approx(1, abs=0.02)
    assert found.heat_hw.shape == (8, 8)
    row, column = np.argwhere(found.heat_hw > 0.5).mean(0)
    assert (row, column) == pytest.approx((5.5, 4.5), abs=0.6)
    assert inspector.inspect(light(64, 64)).score == pytest.approx(0)


def test_windows_find_what_a_whole_picture_hides(tmp_path: Path) -> None:
    pixels = light(512, 700, (300, 600, 8))
    whole = load_inspector(write_inspector(tmp_path / "whole"))
    tiled = load_inspector(write_inspector(tmp_path / "tiled", tile=64))
    assert whole.inspect(pixels).score < 0.2 < 0.5 < tiled.inspect(pixels).score
    heat = tiled.inspect(pixels).heat_hw
    row, column = np.unravel_index(int(heat.argmax()), heat.shape)
    assert (row * 512 / heat.shape[0], column * 700 / heat.shape[1]) == pytest.approx((304, 604), abs=8)


def test_rows_are_read_as_the_picture_would_be(tmp_path: Path) -> None:
    inspector = load_inspector(write_inspector(tmp_path, tile=64))
    pixels = light(200, 130, (150, 100, 10))
    shares: list[float] = []
    asked: list[tuple[int, int]] = []

    def read(top: int, bottom: int) -> np.ndarray:
        asked.append((top, bottom))
        return pixels[top:bottom]

    by_rows, at_once = inspector.inspect_rows(200, 130, read, shares.append), inspector.inspect(pixels)
    assert by_rows.score == at_once.score
    np.testing.assert_array_equal(by_rows.heat_hw, at_once.heat_hw)
    assert sum(shares) == pytest.approx(1)
    assert (asked[0][0], asked[-1][1]) == (0, 200)
    assert max(bottom - top for top, bottom in asked) == 64


@pytest.mark.parametrize("threads", [2, 3, 16])
def test_windows_are_run_beside_each_other_few_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    folder = write_inspector(tmp_path, tile=64)
    pixels = light(200, 300, (100, 200, 10))
    expected = load_inspector(folder, threads=1).inspect(pixels)
    inspector, lock = load_inspector(folder, threads=threads), Lock()
    at_a_time, running, run = [], [0], inspector.run

    def watched(squares_BSS3: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with lock:
            running[0] += len(squares_BSS3)
            at_a_time.append(running[0])
        sleep(0.002)
        found = run(squares_BSS3)
        with lock:
            running[0] -= len(squares_BSS3)
        return found

    monkeypatch.setattr(inspector, "run", watched)
    found = inspector.inspect(pixels)
    assert found.score == pytest.approx(expected.score, abs=1e-6)
    np.testing.assert_allclose(found.heat_hw, expected.heat_hw, atol=1e-6)
    assert WINDOWS // min(threads, WINDOWS) < max(at_a_time) <= WINDOWS


def test_a_picture_smaller_than_a_window_is_one(tmp_path: Path) -> None:
    inspector = load_inspector(write_inspector(tmp_path, tile=256))
    found = inspector.inspect(light(40, 90, (0, 0, 20)))
    assert found.heat_hw.shape == (40, 90)
    assert found.score > 0.5


def test_threads_do_not_disturb_each_other(tmp_path: Path) -> None:
    inspector = load_inspector(write_inspector(tmp_path), threads=1)
    pictures = [np.full((64, 64, 3), grey, np.uint8) for grey in range(0, 256, 5)]
    with ThreadPoolExecutor(4) as pool:
        found = [each.score for each in pool.map(inspector.inspect, pictures)]
    assert found == pytest.approx([1 - grey / 255 for grey in range(0, 256, 5)], abs=1e-5)


def test_pictures_are_resized_as_pillow_does() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (50, 90, 3), dtype=np.uint8)
    expected = np.asarray(Image.fromarray(pixels).resize((64, 64), Image.Resampling.BICUBIC))
    np.testing.assert_array_equal(fit_square(pixels, 64), expected)
    square = pixels[:, :50]
    np.testing.assert_array_equal(fit_square(square, 50), square)
    assert fit_square(square, 50).flags.c_contiguous


def test_heat_is_resized_without_new_heat() -> None:
    heat = np.float32([[0, 4], [0, 0]])
    large = resize_heat(heat, 40, 60)
    assert large.shape == (40, 60)
    assert large.dtype == np.float32
    assert (large.min(), large.max()) == (0, 4)
    assert large[:20, 30:].mean() > 2 > large[20:, :30].mean()


def test_a_canvas_of_windows_of_one_heat_is_even() -> None:
    canvas = HeatCanvas(100, 150)
    for top in (0, 36):
        for left in (0, 43, 86):
            canvas.add(top, left, 64, 64, np.full((8, 8), 3.0, np.float32))
    np.testing.assert_allclose(canvas.heat(), 3, rtol=1e-5)


def test_a_canvas_stays_small_and_keeps_places() -> None:
    canvas = HeatCanvas(10_000, 20_000)
    heat = np.zeros((8, 8), np.float32)
    heat[4, 4] = 1
    canvas.add(5000, 10_000, 1000, 1000, heat)
    found = canvas.heat()
    assert found.shape == (MAX_HEAT_SIDE // 2, MAX_HEAT_SIDE)
    row, column = np.unravel_index(int(found.argmax()), found.shape)
    assert (row, column) == pytest.approx((5562 * 0.0512, 10_562 * 0.0512), abs=4)


def test_windows_count_less_at_their_border() -> None:
    canvas = HeatCanvas(64, 96)
    canvas.add(0, 0, 64, 64, np.zeros((8, 8), np.float32))
    canvas.add(0, 32, 64, 64, np.ones((8, 8), np.float32))
    row = canvas.heat()[32]
    assert row[:32].max() == 0
    assert row[64:].min() == pytest.approx(1)
    assert (np.diff(row[32:64]) >= 0).all()
    assert row[34] < 0.05 < 0.95 < row[61]


def test_the_record_is_read_as_it_was_written() -> None:
    record = InspectorRecord("memory", 1.0, 2.0, 0.05, (0.5, 0.75), 2, 64, 128, True, 0.5, {"a": [1]})
    assert InspectorRecord.from_dict(json.loads(json.dumps(record.to_dict()))) == record


def test_the_folder_says_what_it_was_written_with(tmp_path: Path) -> None:
    record = load_inspector(write_inspector(tmp_path, threshold=0.25)).record
    assert (record.threshold, record.good_scores, record.num_good) == (0.25, GOOD_SCORES, 20)


def test_what_is_missing_or_damaged_is_named(tmp_path: Path) -> None:
    folder = write_inspector(tmp_path / "a")
    described = json.loads((folder / "model.json").read_text())
    del described["inspection"]["threshold"]
    (folder / "model.json").write_text(json.dumps(described))
    with pytest.raises(UnpoolError, match=r"model.json is damaged .*threshold.*; train it again"):
        load_inspector(folder)
    folder = write_inspector(tmp_path / "b")
    (folder / "inspector.onnx").unlink()
    with pytest.raises(UnpoolError, match=r"b has no inspector.onnx; copy the whole folder"):
        load_inspector(folder)
    folder = write_inspector(tmp_path / "c")
    (folder / "inspector.onnx").write_bytes(b"no graph")
    with pytest.raises(UnpoolError, match=r"inspector.onnx"):
        load_inspector(folder)


def test_the_record_beside_the_graph_counts(tmp_path: Path) -> None:
    """A kill between the two files leaves an older model.json, with a threshold of another graph."""
    import onnx

    folder = write_inspector(tmp_path)
    old = load_inspector(folder).record
    model = onnx.load(folder / ONNX)
    new = json.dumps({**old.to_dict(), "threshold": old.threshold + 1})
    onnx.helper.set_model_props(model, {METADATA: new})
    heard = Messages()
    load_inspector(folder, heard)
    assert heard.texts == []
    onnx.save(model, folder / ONNX)
    assert load_inspector(folder, heard).record.threshold == old.threshold + 1
    (line,) = heard.texts
    assert line.startswith(f"{folder / 'model.json'} is not of the same state as inspector.onnx")
