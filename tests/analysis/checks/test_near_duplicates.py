"""Sets of pictures that are the same, and not of those that merely look alike."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from scipy.fft import dct

from support.pictures import make_photograph
from unpool.analysis.checks import turned_copies
from unpool.analysis.checks.near_duplicates import (
    build_sets,
    candidates,
    low_frequency_dct,
    near_duplicates,
    tone_neighbours,
    unique_pairs,
)
from unpool.analysis.checks.sketches import Sketches


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    content = io.BytesIO()
    image.save(content, "JPEG", quality=quality)
    return Image.open(content).convert("RGB")


def photographs(count: int) -> list[Image.Image]:
    """With grain, so that there is detail to compare."""
    made = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        grain = Image.fromarray(rng.integers(0, 256, (24, 32), dtype=np.uint8)).resize((240, 180))
        pixels = np.asarray(make_photograph(seed), float) * 0.6 + np.asarray(grain)[..., None] * 0.4
        made.append(Image.fromarray(pixels.clip(0, 255).astype(np.uint8)))
    return made


def no_neighbours(count: int) -> np.ndarray:
    return np.full((count, 0), -1)


def sets_of(images: list[Image.Image], **options) -> list[list[int]]:
    worth = options.pop("worth", -np.arange(len(images)))
    return near_duplicates(Sketches.from_images(images), no_neighbours(len(images)), worth, **options).sets


@pytest.fixture(scope="module")
def photos() -> list[Image.Image]:
    return photographs(30)


VARIANTS = {
    "compressed": lambda image: jpeg(image, 30),
    "smaller": lambda image: image.resize((120, 90)),
    "cropped": lambda image: image.crop((8, 3, 236, 174)),
    "brighter": lambda image: image.point(lambda value: min(255, int(value * 1.15))),
    "darker": lambda image: image.point(lambda value: int(value * 0.85)),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_copies_are_found_and_nothing_else(name: str, photos: list[Image.Image]) -> None:
    copies = [VARIANTS[name](image) for image in photos[::3]]
    assert sets_of(photos + copies) == [[3 * number, 30 + number] for number in range(10)]


def test_copies_of_one_article_in_many_colours_are_candidates() -> None:
    """All have one shape, so that directions of light and dark are the same."""
    images = []
    for colour in (
        (200, 30, 30),
        (30, 90, 200),
        (30, 150, 60),
        (235, 200, 40),
        (30, 30, 30),
        (235, 150, 180),
    ):
        image = Image.new("RGB", (240, 240), "white")
        ImageDraw.Draw(image).polygon([(70, 50), (170, 50), (210, 100), (170, 200), (70, 200)], fill=colour)
        images += [image, jpeg(image.resize((150, 150)), 70)]
    sketches = Sketches.from_images(images)
    coarse_ND = low_frequency_dct(sketches.grey_NSS)
    tone_NK = tone_neighbours(coarse_ND, sketches.chroma_NCC2)
    assert (tone_NK[:, 0] == np.arange(12) ^ 1).all()
    found = {tuple(pair) for pair in candidates(coarse_ND, no_neighbours(12), tone_NK).tolist()}
    assert {(row, row + 1) for row in range(0, 12, 2)} <= found


def test_photographs_of_their_own_are_in_no_set(photos: list[Image.Image]) -> None:
    mirrored = photos[0].transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    light, blue, red = photos[1].convert("YCbCr").split()
    tinted = Image.merge("YCbCr", [light, blue.point(lambda v: v // 2 + 90), red.point(lambda v: v // 2)])
    assert sets_of([*photos, mirrored, tinted.convert("RGB")]) == []


@pytest.mark.parametrize(("side", "found"), [(28, []), (63, []), (64, [[0, 1]])])
def test_small_pictures_must_agree_more(
    side: int, found: list, photos: list[Image.Image], monkeypatch
) -> None:
    monkeypatch.setattr(
        "unpool.analysis.checks.near_duplicates.agreement",
        lambda one, other, early_reject: np.full(len(one), 0.93),
    )
    assert sets_of([photos[0], photos[0].resize((side, side // 2))]) == found


def test_the_worthiest_is_kept_and_reported_how_alike_the_others_are(photos: list[Image.Image]) -> None:
    images = [jpeg(photos[0], 40), photos[0], jpeg(photos[0], 20), photos[1]]
    found = near_duplicates(Sketches.from_images(images), no_neighbours(4), np.array([1, 3, 2, 0]))
    assert found.sets == [[1, 0, 2]]
    assert np.isnan(found.agreement_N).tolist() == [False, True, False, True]
    assert (found.agreement_N[[0, 2]] > 0.95).all()


def test_neighbours_in_the_embedding_are_candidates_too(photos: list[Image.Image], monkeypatch) -> None:
    images = [photos[0], jpeg(photos[0], 40), *photos[1:4]]
    monkeypatch.setattr(
        "unpool.analysis.checks.near_duplicates.find_near_equals",
        lambda table, *_, **options: no_neighbours(len(table)),
    )
    assert sets_of(images) == []
    near = np.array([[1, -1], [-1, -1], [3, -1], [-1, -1], [-1, -1]])
    assert near_duplicates(Sketches.from_images(images), near, np.arange(5)).sets == [[1, 0]]


def test_many_copies_are_one_set(photos: list[Image.Image]) -> None:
    images = [jpeg(photos[0], quality) for quality in range(30, 90, 2)] + photos[1:6]
    (found,) = sets_of(images)
    assert sorted(found) == list(range(30))


def test_waves_are_a_cosine_transform(photos: list[Image.Image]) -> None:
    grey = Sketches.from_images(photos[:2]).grey_NSS
    transformed = dct(dct(grey.astype(float), axis=1, norm="ortho"), axis=2, norm="ortho")[:, :8, :8]
    frequency = np.hypot(np.arange(8)[:, None], np.arange(8)) ** 0.5
    assert low_frequency_dct(grey) == pytest.approx((transformed * frequency).reshape(2, 64)[:, 1:], abs=0.01)
    assert low_frequency_dct(grey[:0]).shape == (0, 63)


rows = st.integers(0, 9)
graphs = st.lists(st.tuples(rows, rows).filter(lambda pair: pair[0] != pair[1]), max_size=25)


@given(graphs, graphs, st.permutations(range(10)))
@settings(max_examples=100)
def test_sets_hold_only_what_agrees_with_the_one_to_keep(pairs, others, worth):
    same = {frozenset(pair) for pair in (*pairs, *others)}
    pair_P2 = np.array(sorted({tuple(sorted(pair)) for pair in pairs}), np.int64).reshape(-1, 2)

    def confirm(asked):
        return np.array([frozenset(pair) in same for pair in asked.tolist()], bool)

    sets = build_sets(10, pair_P2, np.array(worth), confirm)
    members = [row for rows in sets for row in rows]
    assert len(members) == len(set(members))
    for kept, *rest in sets:
        assert rest
        assert all(frozenset((kept, row)) in same for row in rest)
        assert all(worth[kept] > worth[row] for row in rest)
    # No confirmed pair is left lying: one of the two is in a set.
    assert all(set(pair) & set(members) for pair in pair_P2.tolist())


def test_a_chain_of_small_changes_is_no_set():
    chain = np.array([(row, row + 1) for row in range(99)])
    sets = build_sets(100, chain, -np.arange(100), lambda pairs: np.abs(pairs[:, 0] - pairs[:, 1]) <= 2)
    assert sets == [[row, row + 1, row + 2] for row in range(0, 99, 3)]


def test_no_image_and_one_image_make_no_set():
    assert sets_of([]) == []
    assert sets_of([make_photograph()]) == []


def test_many_sketches_are_scaled_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    coarse_ND = rng.normal(scale=300, size=(60, 63)).astype(np.float32)
    chroma_NCC2 = rng.integers(0, 256, (60, 8, 8, 2), np.uint8)
    expected = tone_neighbours(coarse_ND, chroma_NCC2), turned_copies._candidates(coarse_ND, chroma_NCC2, 0)
    monkeypatch.setattr("unpool.analysis.checks.near_duplicates.ROWS_AT_ONCE", 7)
    monkeypatch.setattr(turned_copies, "ROWS_AT_ONCE", 7)
    np.testing.assert_array_equal(tone_neighbours(coarse_ND, chroma_NCC2), expected[0])
    np.testing.assert_array_equal(turned_copies._candidates(coarse_ND, chroma_NCC2, 0), expected[1])


def test_each_pair_counts_once() -> None:
    rng = np.random.default_rng(0)
    pair_P2 = rng.integers(0, 30, (400, 2))
    expected = np.unique(np.sort(pair_P2, axis=1), axis=0)
    np.testing.assert_array_equal(unique_pairs(pair_P2, 30), expected)
