"""Terms of a query weigh the same, however far apart their similarities lie."""

from __future__ import annotations

import numpy as np
import pytest

from unpool.analysis.words.mixture import UNLIKE_WEIGHT, measure_spread, mix_terms


def unit(values: object) -> np.ndarray:
    array = np.asarray(values, np.float32)
    return array / np.linalg.norm(array, axis=-1, keepdims=True)


@pytest.fixture
def images() -> np.ndarray:
    """2 × 2 kinds of image: bright or not along a wide direction, red or not along a narrow one."""
    rng = np.random.default_rng(0)
    kinds = np.array([[bright, red] for bright in (0, 1) for red in (0, 1)] * 50, np.float32)
    sample = np.zeros((200, 8), np.float32)
    sample[:, 0] = 1
    sample[:, 1] = kinds[:, 0]
    sample[:, 2] = 0.06 * kinds[:, 1]
    return unit(sample + rng.normal(0, 0.003, sample.shape))


BRIGHT, RED = unit([0, 1, 0, 0, 0, 0, 0, 0]), unit([0, 0, 0.3, 1, 0, 0, 0, 0])


def first(images: np.ndarray, query: np.ndarray, count: int = 50) -> set[int]:
    return {int(row) % 4 for row in np.argsort(-images @ query)[:count]}


def test_one_term_is_itself(images: np.ndarray) -> None:
    assert np.allclose(mix_terms([3 * RED]), RED)
    assert np.allclose(mix_terms((), [RED], images), -RED)


def test_a_faint_term_counts_as_much_as_a_strong_one(images: np.ndarray) -> None:
    assert first(images, unit(BRIGHT + RED), 100) == {2, 3}  # what a plain sum finds: bright, red or not
    assert first(images, mix_terms([BRIGHT, RED], (), images)) == {3}


def test_a_negative_removes_its_images(images: np.ndarray) -> None:
    assert first(images, mix_terms([BRIGHT], [RED], images)) == {2}
    assert first(images, mix_terms([RED], [BRIGHT], images)) == {1}


def test_the_score_is_the_sum_of_standard_scores(images: np.ndarray) -> None:
    terms = np.stack([BRIGHT, RED])
    scores = images @ terms.T
    standard = (scores - scores.mean(0)) / scores.std(0)
    for like, unlike, weights in (
        ([BRIGHT, RED], [], (1, 1)),
        ([BRIGHT], [RED], (1, -UNLIKE_WEIGHT)),
    ):
        found = images @ mix_terms(like, unlike, images)
        assert np.corrcoef(found, standard @ weights)[0, 1] == pytest.approx(1, abs=1e-5)


def test_a_term_that_tells_nothing_apart_changes_nothing(images: np.ndarray) -> None:
    blind = np.eye(8, dtype=np.float32)[7] * 1e-4 + np.eye(8, dtype=np.float32)[0]
    alike = np.tile(images[0], (10, 1))
    assert measure_spread(unit(blind)[None], alike)[0] > 0
    assert np.isfinite(mix_terms([BRIGHT, blind], (), alike)).all()
    assert measure_spread(terms_TD=BRIGHT[None], sample_SD=images[:1]).tolist() == [1.0]
