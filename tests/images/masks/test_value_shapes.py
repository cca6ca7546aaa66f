"""Numbers of objects and soft edges are told from classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unpool.images.masks import value_shapes
from unpool.images.masks.mask_values import count_values
from unpool.images.masks.pairs import Pair
from unpool.images.masks.value_shapes import Numbering, find_objects, find_shades
from unpool.images.reading.scan import ImageFile


def write(folder: Path, *masks: np.ndarray) -> list[Pair]:
    files = []
    for place, mask in enumerate(masks):
        file = folder / f"{place}.png"
        Image.fromarray(mask).save(file)
        files.append(ImageFile(file.name, file, 1, 0.0))
    return [Pair(file, file) for file in files]


def objects(pairs: list[Pair]) -> Numbering | None:
    return find_objects(pairs, count_values(pairs, 1)[0])


def shades(pairs: list[Pair]) -> str | None:
    found = find_shades(pairs, count_values(pairs, 1)[0])
    return found.text if found else None


def cells(numbers: list[int], *, twice: bool = False) -> np.ndarray:
    """Squares of these numbers in a row, each a second time below where `twice`."""
    mask = np.zeros((24, 8 * len(numbers)), np.uint8)
    for place, number in enumerate(numbers):
        mask[2:8, 8 * place + 1 : 8 * place + 6] = number
        if twice:
            mask[12:18, 8 * place + 1 : 8 * place + 6] = number
    return mask


def test_numbers_up_to_another_maximum_in_each_mask_are_objects(tmp_path: Path) -> None:
    found = objects(write(tmp_path, *(cells(list(range(1, count + 1))) for count in (4, 6, 9))))
    assert found is not None
    assert found.is_certain
    assert "from 4 to 9" in found.text


def test_two_masks_alone_are_a_remark(tmp_path: Path) -> None:
    found = objects(write(tmp_path, *(cells(list(range(1, count + 1))) for count in (4, 6))))
    assert found is not None
    assert not found.is_certain


def test_numbers_or_colours_that_stand_in_one_mask_alone_are_objects(tmp_path: Path) -> None:
    masks = [cells(list(range(first, first + 4))) for first in (1, 5, 9)]
    assert objects(write(tmp_path, *masks)) is not None
    rng = np.random.default_rng(0)
    colours = rng.integers(1, 255, (256, 3), np.uint8)
    colours[0] = 0
    found = objects(write(tmp_path, *(colours[mask] for mask in masks)))
    assert found is not None
    assert "12 colours stand in one mask alone" in found.text


def test_classes_are_no_objects(tmp_path: Path) -> None:
    assert objects(write(tmp_path, *(cells([1, 2, 3, 4, 5]) for _ in range(4)))) is None, "one maximum"
    several = [cells(list(range(1, count + 1)), twice=True) for count in (4, 6, 9)]
    assert objects(write(tmp_path, *several)) is None, "in several pieces"
    assert objects(write(tmp_path, *(cells(each) for each in ([1, 4], [2, 3, 5], [1, 6])))) is None, (
        "with gaps"
    )
    assert objects(write(tmp_path, *(cells(list(range(1, count + 1))) for count in (1, 2, 3)))) is None, "few"


def test_shapes_are_looked_at_up_to_the_last_mask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(value_shapes, "MAX_MASKS", 4)
    pairs = write(tmp_path, *(cells([1, 2]) for _ in range(7)))
    read = value_shapes._read_some(pairs, False, lambda path: True)
    assert [path for path, _ in read] == ["0.png", "2.png", "4.png", "6.png"]


def test_soft_edges_of_grey_and_colour(tmp_path: Path) -> None:
    hard = np.zeros((40, 40), np.uint8)
    hard[8:30, 8:30] = 255
    soft = np.asarray(Image.fromarray(hard).resize((60, 60), Image.Resampling.BILINEAR))
    assert shades(write(tmp_path, hard)) is None
    assert "values of the masks stand along edges alone" in (shades(write(tmp_path, soft)) or "")
    colour = np.dstack([soft, soft // 8, soft * 0])
    assert "the colour #" in (shades(write(tmp_path, colour)) or "")
    grounds = np.dstack([hard, hard * 0, hard * 0])
    grounds[32:36, 2:6] = (128, 0, 0)  # a class between both, but an area of its own
    grounds[32:36, 20:26] = (64, 0, 0)
    assert shades(write(tmp_path, grounds)) is None
    thin = hard.copy()
    thin[3] = 2  # a number of its own, and no shade
    assert shades(write(tmp_path, thin)) is None
