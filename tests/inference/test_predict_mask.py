"""Label maps window by window: the same in memory and in a file, also after a stop."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from support.scoring import PlainScoring
from unpool.inference import scaling
from unpool.inference.predict_mask import (
    LabelFile,
    Windows,
    _largest,
    choose_windows,
    label_pixels,
    predict_rows,
    state_file,
)
from unpool.networks.segmentation.scales import scaled_size


class Runtime(PlainScoring):
    """Scores that say whether a pixel is dark, middling or bright."""

    num_classes = 3

    def __init__(self, stop_after: int | None = None) -> None:
        self.left = stop_after

    def __call__(self, pixels_BHW3: np.ndarray) -> torch.Tensor:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt
        grey = torch.from_numpy(pixels_BHW3[..., 0].astype(np.float32)) / 255
        return torch.stack([1 - grey, 1 - (2 * grey - 1).abs(), grey], dim=1)


GREYS = np.array([0, 40, 128, 210, 255], np.uint8)  # none at which two classes tie
PIXELS = np.random.default_rng(0).choice(GREYS, (50, 40, 1)).repeat(3, axis=2)
WINDOWS = Windows(16, 0.25)


def expected() -> np.ndarray:
    scores = Runtime()(PIXELS[None])[0]
    return scores.argmax(dim=0).numpy().astype(np.uint8)


def test_windows_change_nothing_for_scores_of_single_pixels() -> None:
    shares: list[float] = []
    label_HW, probability_KHW = label_pixels(
        Runtime(), PIXELS, WINDOWS, probabilities=True, on_progress=shares.append
    )
    np.testing.assert_array_equal(label_HW, expected())
    assert probability_KHW is not None
    np.testing.assert_array_equal(probability_KHW.argmax(axis=0), expected())
    np.testing.assert_allclose(probability_KHW.astype(np.float32).sum(axis=0), 1, atol=3e-3)
    assert sum(shares) == pytest.approx(1)


def test_of_equal_scores_the_first_class_is_taken() -> None:
    scores_KRC = np.random.default_rng(0).integers(0, 4, (7, 30, 20)).astype(np.float32)
    np.testing.assert_array_equal(_largest(scores_KRC), scores_KRC.argmax(axis=0))


def predict(scratch: Path, runtime: Runtime, key: dict[str, str]) -> None:
    predict_rows(runtime, 50, 40, lambda top, bottom: PIXELS[top:bottom], WINDOWS, scratch, key=key)


def test_a_stopped_prediction_is_resumed_where_it_was(tmp_path: Path) -> None:
    scratch = tmp_path / "a.labels"
    with pytest.raises(KeyboardInterrupt):
        predict(scratch, Runtime(stop_after=8), {"model": "m"})
    assert state_file(scratch).is_file()
    resumed = Runtime(stop_after=100)
    predict(scratch, resumed, {"model": "m"})
    np.testing.assert_array_equal(LabelFile(scratch, 50, 40).read(0, 50), expected())
    fresh = Runtime(stop_after=100)
    predict(tmp_path / "b.labels", fresh, {"model": "m"})
    assert resumed.left is not None
    assert fresh.left is not None
    assert resumed.left > fresh.left


def test_another_key_starts_again(tmp_path: Path) -> None:
    predict(tmp_path / "a.labels", Runtime(), {"model": "m"})
    again = Runtime(stop_after=100)
    predict(tmp_path / "a.labels", again, {"model": "m"})
    assert again.left == 100
    predict(tmp_path / "a.labels", again, {"model": "n"})
    assert again.left < 100


def test_small_images_are_one_window() -> None:
    network = SimpleNamespace(enlarge=2.0)
    assert choose_windows(network, 300, 400).tile == 400
    assert choose_windows(network, 3000, 4000).tile == 384
    assert choose_windows(network, 300, 400, tile=64, overlap=0.5) == Windows(64, 0.5)


@pytest.mark.parametrize("scale", [0.4, 2.5])
def test_a_resized_image_has_a_label_map_of_its_own_size(scale: float, tmp_path: Path) -> None:
    size = scaled_size(50, 40, scale)
    resized = np.asarray(Image.fromarray(PIXELS).resize(size[::-1], Image.Resampling.BILINEAR))
    scores = torch.nn.functional.interpolate(Runtime()(resized[None]), size=(50, 40), mode="bilinear")[0]
    wanted = scores.argmax(dim=0).numpy()
    for windows in (Windows(1000, 0.25, scale), Windows(8, 0.25, scale)):
        label_HW, probability_KHW = label_pixels(Runtime(), PIXELS, windows, probabilities=True)
        assert (label_HW != wanted).mean() < 0.01  # where two classes all but tie
        assert probability_KHW is not None
        np.testing.assert_allclose(probability_KHW.astype(np.float32), scores.softmax(dim=0), atol=5e-3)


# With 0.32 the image becomes 16 rows, of which the second row of windows begins where the first ends.
@pytest.mark.parametrize(("scale", "overlap"), [(0.4, 0.25), (1.6, 0.25), (0.32, 0.0)])
@pytest.mark.parametrize("stop_after", [2, 3])
@pytest.mark.parametrize("what", ["a window", "a band of rows"])
def test_a_stopped_prediction_of_a_resized_image_is_resumed(
    scale: float, overlap: float, stop_after: int, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scaling, "MAX_SCORES", 3 * 40 * 4)  # bands of four rows

    def predict_resized(scratch: Path, runtime: Runtime) -> np.ndarray:
        predict_rows(
            runtime,
            50,
            40,
            lambda top, bottom: PIXELS[top:bottom],
            Windows(8, overlap, scale),
            scratch,
            key={},
        )
        return LabelFile(scratch, 50, 40).read(0, 50)

    def stop(self: LabelFile, top: int, label_RW: np.ndarray) -> None:
        if top >= 4 * stop_after:
            raise KeyboardInterrupt
        write(self, top, label_RW)

    write = LabelFile.write
    if what == "a band of rows":
        monkeypatch.setattr(LabelFile, "write", stop)
    runtime = Runtime(stop_after=stop_after if what == "a window" else None)
    with pytest.raises(KeyboardInterrupt):
        predict_resized(tmp_path / "a.labels", runtime)
    monkeypatch.setattr(LabelFile, "write", write)
    again = predict_resized(tmp_path / "a.labels", Runtime())
    np.testing.assert_array_equal(again, predict_resized(tmp_path / "b.labels", Runtime()))


def test_windows_of_a_resized_image_are_of_its_new_size() -> None:
    network = SimpleNamespace(enlarge=2.0)
    assert choose_windows(network, 3000, 4000, scale=0.1) == Windows(400, 0.25, 0.1)
    assert choose_windows(network, 300, 400, scale=10).tile == 384
    assert choose_windows(network, 300, 400, tile=100, scale=0.5).tile == 50
