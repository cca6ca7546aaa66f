"""Pairs decoded once, in memory or in a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unpool.errors import UnpoolError
from unpool.images.masks.folder_reading import FolderReading
from unpool.images.masks.pair_store import halve, join_pairs, load_pairs
from unpool.images.masks.pairs import Pair, find_pairs
from unpool.images.masks.pixel_classes import classes_by_value

READING = FolderReading(classes_by_value(["a", "b"]))


@pytest.fixture
def pairs(tmp_path: Path) -> list[Pair]:
    rng = np.random.default_rng(0)
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for number, (height, width) in enumerate([(5, 9), (12, 4), (7, 7)]):
        Image.fromarray(rng.integers(0, 255, (height, width, 3), np.uint8)).save(
            tmp_path / f"images/{number}.png"
        )
        Image.fromarray(rng.integers(0, 2, (height, width), np.uint8)).save(tmp_path / f"masks/{number}.png")
    return find_pairs(tmp_path / "images", tmp_path / "masks").pairs


def pixels_of(pair: Pair) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(Image.open(pair.image.file)), np.asarray(Image.open(pair.mask.file))


@pytest.mark.parametrize("limit", [2**20, 100, 300])
def test_memory_and_file_hold_the_same(pairs: list[Pair], tmp_path: Path, limit: int) -> None:
    done = []
    store = load_pairs(
        pairs, READING, workers=2, file=tmp_path / "p.u8", memory_limit=limit, progress=lambda: done.append(1)
    )
    assert (tmp_path / "p.u8").exists() is (limit < 2**20)
    assert len(store) == len(done) == 3
    for number, pair in enumerate(pairs):
        image, mask = pixels_of(pair)
        assert (store.pixels(number) == image).all()
        assert (store.labels(number) == mask).all()
        assert store.count_NK[number].tolist() == [int((mask == 0).sum()), int((mask == 1).sum())]


def test_without_a_file_much_is_an_error(pairs: list[Pair]) -> None:
    with pytest.raises(UnpoolError, match="give an output folder"):
        load_pairs(pairs, READING, workers=1, memory_limit=100)


def test_a_broken_pair_is_a_problem_and_the_rest_goes_on(pairs: list[Pair]) -> None:
    pairs[1].image.file.write_bytes(b"\x89PNG\r\n\x1a\n")
    store = load_pairs(pairs, READING, workers=2)
    assert store.paths == [pairs[0].path, pairs[2].path]
    assert [problem.path for problem in store.problems] == [pairs[1].path]
    assert (store.pixels(1) == pixels_of(pairs[2])[0]).all()


def test_the_fingerprint_sees_other_masks(pairs: list[Pair]) -> None:
    one = load_pairs(pairs, READING, workers=1).fingerprint()
    assert load_pairs(pairs, READING, workers=2).fingerprint() == one
    Image.fromarray(np.zeros((5, 9), np.uint8)).save(pairs[0].mask.file)
    assert load_pairs(pairs, READING, workers=1).fingerprint() != one


def test_values_that_are_no_class_stop_or_are_ignored(pairs: list[Pair]) -> None:
    Image.fromarray(np.full((5, 9), 77, np.uint8)).save(pairs[0].mask.file)
    with pytest.raises(UnpoolError, match="the value 77"):
        load_pairs(pairs, READING, workers=1)
    store = load_pairs(pairs, replace(READING, unknown="ignore"), workers=1)
    assert store.count_NK[0].tolist() == [0, 0]
    assert (store.num_ignored, store.unknown, store.unknown_in) == (45, {"77": 45}, ["0.png"])


@pytest.mark.parametrize("number", [0, 1, 2])  # wide, high, square
def test_one_pair_is_cut_across_its_longer_side(pairs: list[Pair], number: int) -> None:
    whole = load_pairs(pairs[number : number + 1], READING, workers=1)
    halves = halve(whole)
    axis = 0 if whole.sizes[0][0] > whole.sizes[0][1] else 1
    for read in ("pixels", "labels"):
        parts = [getattr(halves, read)(half) for half in range(2)]
        assert abs(parts[0].shape[axis] - parts[1].shape[axis]) <= 1
        np.testing.assert_array_equal(np.concatenate(parts, axis=axis), getattr(whole, read)(0))
    assert halves.count_NK.sum(axis=0).tolist() == whole.count_NK[0].tolist()
    assert len(halves) == 2
    assert len(whole) == 1


def test_parts_that_several_processes_decoded_are_the_whole(pairs: list[Pair], tmp_path: Path) -> None:
    pairs[1].mask.file.write_bytes(b"\x89PNG\r\n\x1a\n")
    whole = load_pairs(pairs, READING, workers=1)
    parts = [load_pairs(pairs[:2], READING, workers=1), load_pairs(pairs[2:], READING, workers=1)]
    file = tmp_path / "pairs.u8"
    file.write_bytes(b"".join(part.bytes_B.tobytes() for part in parts))
    joined = join_pairs([part.without_bytes() for part in parts], file)
    assert joined.fingerprint() == whole.fingerprint()
    assert (joined.paths, joined.sizes, joined.problems) == (whole.paths, whole.sizes, whole.problems)
    np.testing.assert_array_equal(joined.count_NK, whole.count_NK)
    for number in range(len(whole)):
        np.testing.assert_array_equal(joined.pixels(number), whole.pixels(number))
        np.testing.assert_array_equal(joined.labels(number), whole.labels(number))
