"""Whatever a function does with one image, the others keep their vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from unpool.errors import UnpoolError
from unpool.networks.encoders.function_encoder import FunctionEncoder

IMAGES = [np.full((height, 5, 3), height, np.uint8) for height in (2, 3, 4, 5)]
BAD = 4  # height of the image that goes wrong


def colour(image: np.ndarray) -> np.ndarray:
    return image.mean((0, 1))


def fail(images: list[np.ndarray]) -> Any:
    if any(len(each) == BAD for each in images):
        raise ValueError("cannot\nread this")
    return [colour(each) for each in images]


def leave(images: list[np.ndarray]) -> Any:
    if any(len(each) == BAD for each in images):
        raise SystemExit(3)
    return [colour(each) for each in images]


def shorten(images: list[np.ndarray]) -> Any:
    return [colour(each)[: 2 if len(each) == BAD else 3] for each in images]


def drop(images: list[np.ndarray]) -> Any:
    return [colour(each) for each in images if len(each) != BAD]


def divide(images: list[np.ndarray]) -> Any:
    return np.stack([colour(each) * (np.nan if len(each) == BAD else 1) for each in images])


def give_text(images: list[np.ndarray]) -> Any:
    return "abc" if any(len(each) == BAD for each in images) else [colour(each) for each in images]


FAULTS: dict[str, tuple[Callable[[list[np.ndarray]], Any], str]] = {
    "raises": (fail, "own:f raised ValueError: cannot read this"),
    "exits": (leave, "own:f raised SystemExit: 3"),
    "another length": (shorten, r"own:f gave an array of shape \(1, 2\), expected \(1, 3\)"),
    "too few": (drop, r"own:f gave an array of shape \(0,\), expected \(1, 3\)"),
    "not finite": (divide, "own:f: the vector holds numbers that are not finite"),
    "no numbers": (give_text, "own:f gave no array of numbers"),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_only_the_image_that_goes_wrong_has_no_vector(kind: str) -> None:
    function, message = FAULTS[kind]
    encoder = FunctionEncoder("own:f", function, 3)
    found = encoder.embed_each(IMAGES)
    for image, each in zip(IMAGES, found, strict=True):
        if len(image) == BAD:
            with pytest.raises(UnpoolError, match=message):
                encoder([image])
            assert isinstance(each, str)
        else:
            np.testing.assert_array_equal(each, np.full(3, len(image), np.float32))


def test_a_batch_is_one_call_and_the_first_vector_says_the_dimension() -> None:
    calls = []
    encoder = FunctionEncoder("own:f", lambda images: (calls.append(len(images)), fail(images))[1])
    assert encoder.dimension is None
    assert encoder(IMAGES[:2]).dtype == np.float32
    assert (calls, encoder.dimension) == ([2], 3)


def test_what_a_function_prints_is_no_result(capsys: pytest.CaptureFixture[str]) -> None:
    FunctionEncoder("own:f", lambda images: (print("loading"), fail(images))[1])(IMAGES[:2])
    assert capsys.readouterr() == ("", "loading\n")


def test_a_function_that_writes_into_its_images_changes_nothing() -> None:
    def blacken(images: list[np.ndarray]) -> Any:
        for each in images:
            each[:] = 0
        raise ValueError("after writing")

    image = IMAGES[0].copy()
    FunctionEncoder("own:f", blacken).embed_each([image, image])
    assert (image == IMAGES[0]).all()
