"""Counts and scores of label maps against a loop over pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from unpool.errors import UnpoolError
from unpool.networks.segmentation.pixel_scores import as_positions, count_pixels, read_label_map, scores_of


def test_counts_and_scores_are_those_of_a_loop_over_pixels() -> None:
    rng = np.random.default_rng(0)
    true = rng.choice([0, 1, 2, 255], (2, 9, 7))
    predicted = rng.integers(0, 3, (2, 9, 7))
    table = count_pixels(torch.from_numpy(true), torch.from_numpy(predicted), 3).numpy()
    expected = np.zeros((3, 3), int)
    for one, other in zip(true.ravel(), predicted.ravel(), strict=True):
        if one != 255:
            expected[one, other] += 1
    assert (table == expected).all()
    scores = scores_of(table)
    counted = true != 255
    for number in range(3):
        both = ((true == number) & (predicted == number)).sum()
        either = (((true == number) | (predicted == number)) & counted).sum()
        assert scores["iou"][number] == pytest.approx(both / either)
    assert scores["mean_iou"] == pytest.approx(np.mean(scores["iou"]))
    accuracy = [(predicted[true == number] == number).mean() for number in range(3)]
    assert scores["mean_accuracy"] == pytest.approx(np.mean(accuracy))
    assert scores["pixel_accuracy"] == pytest.approx((true == predicted)[counted].mean())


def test_classes_that_do_not_occur_do_not_count() -> None:
    assert scores_of(np.array([[4, 0], [0, 0]]))["mean_iou"] == 1.0
    assert scores_of(np.array([[3, 1], [0, 0]]))["iou"] == [0.75, None]  # predicted, but never there
    assert scores_of(np.zeros((2, 2), int)) == {
        "pixel_accuracy": None, "mean_accuracy": None, "mean_iou": None, "iou": [None, None],
    }  # fmt: skip


@pytest.mark.parametrize(
    "dtype", [torch.uint8, torch.uint16, torch.int16, torch.int64, torch.float32, torch.bool]
)
def test_positions_of_any_type_are_taken_and_others_named(dtype: torch.dtype) -> None:
    label = torch.tensor([[0, 1], [1, 0]]).to(dtype)
    assert as_positions(label, 2).tolist() == [[0, 1], [1, 0]]
    if dtype != torch.bool:
        with pytest.raises(UnpoolError, match=r"m holds the value 3 \(1 pixel\), but must hold .* 0 to 2"):
            as_positions(torch.tensor([0, 3]).to(dtype), 3, "m")


def test_fractions_and_nan_are_no_positions() -> None:
    for value in (0.5, float("nan")):
        with pytest.raises(UnpoolError, match="holds the value"):
            as_positions(torch.tensor([0.0, value]), 2)


def test_a_label_map_is_read_from_arrays_tensors_pictures_and_files(tmp_path: Path) -> None:
    label_HW = np.array([[0, 1], [2, 255]], np.uint8)
    Image.fromarray(label_HW).save(tmp_path / "a.png")
    for way in (label_HW, torch.from_numpy(label_HW), Image.open(tmp_path / "a.png"), tmp_path / "a.png"):
        assert (read_label_map(way).numpy() == label_HW).all()
    Image.fromarray(label_HW).save(tmp_path / "a.jpg")
    with pytest.raises(UnpoolError, match=r"a\.jpg holds values that its format does not keep exactly"):
        read_label_map(tmp_path / "a.jpg")
    with pytest.raises(UnpoolError, match=r"none\.png cannot be read as a mask"):
        read_label_map(str(tmp_path / "none.png"))
