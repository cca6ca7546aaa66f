"""Numbers of objects and soft edges are told from classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from unpool.images.masks import value_shapes
from unpool.images.masks.mask_values import count_values
from unpool.images.masks.pairs import Pair
from unpool.images.masks.value_shapes import Numbering, are_exchangeable, find_objects, find_shades
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


def things(
    folder: Path, count: int, numbers: Sequence[int], *, by_number: bool, raster: bool = False
) -> list[Pair]:
    """Images of squares that do not touch, numbered in each mask; of a number's own colour or all of one."""
    pairs = []
    for place in range(count):
        rng = np.random.default_rng(place)
        mask, pixels = np.zeros((40, 80), np.uint8), np.full((40, 80, 3), 40, np.uint8)
        cells = rng.permutation(8)[: rng.choice(numbers)]
        shifts = rng.integers(1, 6, len(cells))
        corners = [
            (20 * (cell // 4) + shift, 20 * (cell % 4) + shift)
            for cell, shift in zip(cells, shifts, strict=True)
        ]
        for number, (top, left) in enumerate(sorted(corners) if raster else corners, start=1):
            side = rng.integers(5, 14)
            part = slice(top, top + side), slice(left, left + side)
            mask[part] = number
            colour = (50 * number, 250 - 40 * number, 90) if by_number else (200, 90, 60)
            pixels[part] = np.array(colour) + rng.integers(-9, 9, 3)
        image, label = folder / f"{place}.jpg.png", folder / f"{place}.png"
        Image.fromarray(pixels).save(image)
        Image.fromarray(mask).save(label)
        pairs.append(Pair(*(ImageFile(file.name, file, 1, 0.0) for file in (image, label))))
    return pairs


@pytest.mark.parametrize("raster", [False, True])
@pytest.mark.parametrize("numbers", [[5], [1, 2, 3], [4, 5]], ids=str)
def test_numbers_that_mean_nothing_are_asked_about(numbers: list[int], raster: bool, tmp_path: Path) -> None:
    found = objects(things(tmp_path, 20, numbers, by_number=False, raster=raster))
    assert found is not None
    assert not found.is_certain
    assert found.text.startswith("each mask takes the same numbers one after the other")


@pytest.mark.parametrize("numbers", [[5], [1, 2, 3], [4, 5]], ids=str)
def test_numbers_of_things_that_look_unlike_are_classes(numbers: list[int], tmp_path: Path) -> None:
    assert objects(things(tmp_path, 14, numbers, by_number=True)) is None


def test_classes_that_end_at_another_number_in_each_mask_are_asked_about(tmp_path: Path) -> None:
    for by_number in (False, True):
        found = objects(things(tmp_path, 8, [3, 4, 5, 6], by_number=by_number))
        assert found is not None
        assert found.is_certain is not by_number


def test_few_pieces_show_nothing(tmp_path: Path) -> None:
    assert objects(things(tmp_path, 3, [2], by_number=False)) is None
    assert not are_exchangeable([])


def test_shapes_are_looked_at_up_to_the_last_mask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(value_shapes, "MAX_MASKS", 4)
    pairs = write(tmp_path, *(cells([1, 2]) for _ in range(7)))
    read = value_shapes._read_some(pairs, False, lambda path: True)
    assert [pair.path for pair, _ in read] == ["0.png", "2.png", "4.png", "6.png"]


def test_soft_edges_of_grey_and_colour(tmp_path: Path) -> None:
    hard = np.zeros((40, 40), np.uint8)
    hard[8:30, 8:30] = 255
    soft = np.asarray(Image.fromarray(hard).resize((60, 60), Image.Resampling.BILINEAR))
    assert shades(write(tmp_path, hard)) is None
    assert "values of the masks stand along edges alone" in (shades(write(tmp_path, soft)) or "")
    colour = np.dstack([soft, soft // 8, soft * 0])
    assert "the colour #" in (shades(write(tmp_path, colour)) or "")
    small = np.zeros((200, 200, 3), np.uint8)  # less than a twentieth of all
    small[:40, :40] = np.asarray(Image.fromarray(hard).filter(ImageFilter.GaussianBlur(2)))[..., None]
    small[..., 1] = 0
    assert "the colour #" in (shades(write(tmp_path, small)) or "")
    many = np.zeros((200, 200, 3), np.uint8)
    for place in range(12):  # in line, but areas of their own
        many[9 * place : 9 * place + 6, :6, 0] = 20 * place + 20
    assert shades(write(tmp_path, many)) is None
    grounds = np.dstack([hard, hard * 0, hard * 0])
    grounds[32:36, 2:6] = (128, 0, 0)  # a class between both, but an area of its own
    grounds[32:36, 20:26] = (64, 0, 0)
    assert shades(write(tmp_path, grounds)) is None
    thin = hard.copy()
    thin[3] = 2  # a number of its own, and no shade
    assert shades(write(tmp_path, thin)) is None
