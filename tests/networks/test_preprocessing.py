"""How pixels become a network's input, kept in model.json."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
from PIL import Image

from unpool.images.reading.decode import Picture
from unpool.networks.preprocessing import Preprocessing, stack


def picture(pixels: np.ndarray) -> Picture:
    height, width = pixels.shape[:2]
    return Picture(pixels, width, height, "RGB", False, "id")


def test_json_and_back() -> None:
    prep = Preprocessing(size=9, channels=1, mean=(0.1,), std=(0.2,), crop="squash")
    assert Preprocessing.from_dict(json.loads(json.dumps(asdict(prep)))) == prep


def test_the_middle_or_the_whole_picture() -> None:
    pixels = np.zeros((10, 20, 3), np.uint8)
    pixels[:, :5], pixels[:, 15:] = 255, 255  # bright sides
    centre = Preprocessing(size=10).fit(picture(pixels))
    squashed = Preprocessing(size=10, crop="squash").fit(picture(pixels))
    assert centre.shape == squashed.shape == (10, 10, 3)
    assert centre.max() == 0
    assert squashed[:, 0].min() > 200


def test_one_channel_for_grey_networks() -> None:
    pixels = np.full((8, 8, 3), 77, np.uint8)
    assert Preprocessing(size=4, channels=1).fit(picture(pixels)).tolist() == np.full((4, 4, 1), 77).tolist()


def test_a_long_picture_is_noted_where_it_is_cut_in_strips() -> None:
    long = picture(np.zeros((10, 80, 3), np.uint8))
    assert [(note.kind, note.detail) for note in Preprocessing(size=8).notes(long)] == [
        ("strips", "80 × 10 pixels in 3 strips")
    ]
    assert Preprocessing(size=8, crop="squash").notes(long) == ()
    assert Preprocessing(size=8).notes(picture(np.zeros((10, 20, 3), np.uint8))) == ()


def test_an_exact_fit_in_grey_has_one_channel() -> None:
    colours = np.random.default_rng(0).integers(0, 256, (30, 20, 3), dtype=np.uint8)
    grey = Preprocessing(8, 1, (0.5,), (0.5,), exact=True).fit(picture(colours))
    assert grey.shape == (8, 8, 1)
    shown = Image.fromarray(Preprocessing(8, exact=True).fit(picture(colours))).convert("L")
    np.testing.assert_array_equal(grey[..., 0], np.asarray(shown))


def test_without_a_crop_pictures_keep_their_shapes() -> None:
    whole = Preprocessing(40, crop="none")
    small, grey, large = (np.zeros(shape, np.uint8) for shape in ((10, 20, 3), (7, 5, 1), (60, 80, 3)))
    fitted = [whole.fit(picture(each)) for each in (small, grey, large)]
    assert [each.shape for each in fitted] == [(10, 20, 3), (7, 5, 3), (30, 40, 3)]
    assert [each.shape for each in stack(fitted, whole)] == [each.shape for each in fitted]
    assert whole.notes(picture(small)) == ()
    assert [(note.kind, note.detail) for note in whole.notes(picture(large))] == [
        ("reduced", "from 80 × 60 pixels")
    ]
    assert stack([], Preprocessing(4)).shape == (0, 4, 4, 3)
