"""Every vector goes to its own image, and what is left on both sides is counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unpool.errors import UnpoolError
from unpool.inference.vectors.vector_file import VectorFile
from unpool.inference.vectors.vector_matching import MatchedVectors, match_vectors

IMAGES = [f"class{number % 3}/image{number:02}.jpg" for number in range(20)]


def file_of(paths: list[str] | None, num_rows: int | None = None) -> VectorFile:
    rows = len(paths or []) if num_rows is None else num_rows
    vectors = np.repeat(np.arange(rows, dtype=np.float64)[:, None], 4, axis=1)
    return VectorFile(Path("own.npy"), paths, vectors, "digest")


def number_of(matched: MatchedVectors, image: str) -> float | None:
    vector = matched.vector_of(image)
    return None if vector is None else float(vector[0])


def test_shuffled_with_three_missing_and_two_unknown() -> None:
    order = np.random.default_rng(0).permutation(len(IMAGES))
    paths = ["gone/image03.jpg", *(IMAGES[i] for i in order if i not in (3, 7, 11)), "class0/image99.jpg"]
    matched = match_vectors(file_of(paths), IMAGES, ["/photos"])
    assert len(matched.row_of) == 17
    assert matched.missing == [IMAGES[3], IMAGES[7], IMAGES[11]]
    assert matched.unknown == [paths[0], paths[-1]]  # a name alone is no proof
    for row, path in enumerate(paths):
        if path in IMAGES:
            assert number_of(matched, path) == row
    assert number_of(matched, IMAGES[3]) is None
    assert "17 vectors" in matched.describe()
    assert "3 images without a vector (class0/image03.jpg" in matched.describe()
    assert "2 paths that are no image (gone/image03.jpg, class0/image99.jpg)" in matched.describe()


@pytest.mark.parametrize(
    "spell",
    [
        lambda path: f"/photos/{path}",
        lambda path: f"./{path}",
        lambda path: path.replace("/", "\\"),
        lambda path: f"photos/{path}",
    ],
)
def test_paths_as_other_programs_write_them(spell: object) -> None:
    assert callable(spell)
    matched = match_vectors(file_of([spell(path) for path in IMAGES]), IMAGES, ["/photos"])
    assert [number_of(matched, path) for path in IMAGES] == list(range(20))
    assert sum(matched.rules.values()) == 20


@pytest.mark.parametrize("guess", ["image07.jpg", "class1/image07.png", "class1/image07"])
def test_a_path_that_only_may_be_an_image_gives_it_no_vector(guess: str) -> None:
    matched = match_vectors(file_of([*IMAGES[:7], guess, *IMAGES[8:]]), IMAGES, ["/photos"])
    assert (matched.unknown, matched.missing) == ([guess], [IMAGES[7]])


def test_rows_in_the_order_of_the_images() -> None:
    matched = match_vectors(file_of(None, 20), IMAGES, [])
    assert [number_of(matched, path) for path in sorted(IMAGES)] == list(range(20))
    assert "by the order of the images" in matched.describe()
    with pytest.raises(UnpoolError, match=r"has 19 rows for 20 images, and no list of paths: put own\.txt"):
        match_vectors(file_of(None, 19), IMAGES, [])


def test_nothing_that_matches_and_two_that_are_one() -> None:
    with pytest.raises(UnpoolError, match=r"no path of own\.npy is an image here: it has x/1\.jpg"):
        match_vectors(file_of(["x/1.jpg"]), IMAGES, [])
    with pytest.raises(UnpoolError, match=r"are the same image class0/image00\.jpg"):
        match_vectors(file_of([IMAGES[0], f"./{IMAGES[0]}"]), IMAGES, [])
