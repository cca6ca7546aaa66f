"""Accuracy is measured on images that were not fitted to, and a power law goes on as it began."""

from __future__ import annotations

import numpy as np
import pytest

from unpool.analysis.classification.learning_curve import CurvePoint, forecast, measure_curve


def blobs(num: int, dimension: int = 32, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    class_N = rng.permutation(np.arange(num) % classes)
    return rng.normal(size=(classes, dimension))[class_N] + 1.5 * rng.normal(size=(num, dimension)), class_N


def test_accuracy_grows_with_labels():
    points = measure_curve(*blobs(200), "linear", whole=0.99)
    assert [point.labels for point in points] == [10, 20, 50, 100, 160]
    assert points[-1].accuracy == 0.99
    assert points[0].accuracy < points[2].accuracy < points[3].accuracy


def test_accuracy_is_of_images_held_out():
    vector_ND, class_N = blobs(200)
    points = measure_curve(vector_ND, np.random.default_rng(1).permutation(class_N), "linear", whole=0.25)
    assert all(point.accuracy < 0.45 for point in points)


def test_few_labels_have_no_curve():
    assert measure_curve(*blobs(12), "linear", whole=0.5) == [CurvePoint(10, 0.5)]
    assert forecast([CurvePoint(10, 0.5)], 60) is None


@pytest.mark.parametrize(("level", "fall", "rate"), [(0.9, 1.0, 0.5), (0.98, 2.0, 1.0), (1.0, 1.0, 0.3)])
def test_power_law_goes_on(level, fall, rate):
    points = [CurvePoint(n, level - fall * n**-rate) for n in (10, 20, 50, 100, 200)]
    assert forecast(points, 250) == pytest.approx(level - fall * 250**-rate, abs=0.003)
    assert forecast(points, 10**9) <= 1


def test_forecast_does_not_fall():
    falling = [CurvePoint(10, 0.8), CurvePoint(20, 0.75), CurvePoint(50, 0.7)]
    assert forecast(falling, 100) >= 0.7
    assert forecast([CurvePoint(n, 1.0) for n in (10, 20, 50)], 100) == 1.0
