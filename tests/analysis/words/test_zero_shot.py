"""Images get names by words, with a confidence, or none."""

from __future__ import annotations

import numpy as np

from unpool.analysis.classification.calibration import calibration_error
from unpool.analysis.words.zero_shot import MIN_LABELLED, name_images

NAMES = np.eye(8)[:3]


def test_images_get_the_name_that_fits_and_no_name_in_between() -> None:
    images = np.array([*NAMES, NAMES[0] + NAMES[1] + 0.9 * NAMES[2]])
    found = name_images(images, NAMES, [], 20.0)
    assert found.class_N.tolist() == [0, 1, 2, -1]
    assert found.confidence_N[:3].min() > 0.99
    assert found.confidence_N[3] < 0.6
    assert not found.is_unlike_N.any()
    assert (found.temperature, found.num_calibrated, found.accuracy) == (1.0, 0, None)


def test_images_of_other_things_get_none() -> None:
    images = np.array([NAMES[0], np.eye(8)[5] + 0.3 * NAMES[1]])
    assert name_images(images, NAMES, [], 50.0).class_N.tolist() == [
        0,
        1,
    ]  # without a reference it is sure of it
    found = name_images(images, NAMES, np.eye(8)[3:], 50.0)
    assert found.class_N.tolist() == [0, -1]
    assert found.is_unlike_N.tolist() == [False, True]


def test_labels_calibrate_the_confidence() -> None:
    rng = np.random.default_rng(0)
    true_N = rng.integers(0, 3, 600)
    images = NAMES[true_N] + rng.normal(0, 0.5, (600, 8))
    label_N = np.where(np.arange(600) < 200, true_N, -1)
    found = name_images(images, NAMES, [], 100.0, label_N)
    overconfident = name_images(images, NAMES, [], 100.0)
    right_N = (images @ NAMES.T).argmax(axis=1) == true_N
    assert found.num_calibrated == 200
    assert found.accuracy == right_N[:200].mean()
    assert found.temperature > 2
    assert calibration_error(overconfident.confidence_N[200:], right_N[200:]) > 0.1
    assert calibration_error(found.confidence_N[200:], right_N[200:]) < 0.05


def test_few_labels_measure_and_do_not_calibrate() -> None:
    label_N = np.full(30, -1)
    label_N[: MIN_LABELLED - 1] = 0
    found = name_images(np.tile(NAMES[0], (30, 1)), NAMES, [], 20.0, label_N)
    assert (found.temperature, found.num_calibrated, found.accuracy) == (1.0, 0, 1.0)
