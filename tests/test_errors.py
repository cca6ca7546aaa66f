"""Errors name the thing, the value and what to do."""

from __future__ import annotations

from unpool.errors import UnpoolError, UnreadableImageError, UsageError, unknown_name


def test_exit_codes() -> None:
    assert (UnpoolError("x").exit_code, UsageError("x").exit_code) == (1, 2)
    assert UnreadableImageError("truncated", "ends early").exit_code == 1


def test_an_unreadable_image_carries_its_problem() -> None:
    error = UnreadableImageError("truncated", "ends early")
    assert (error.problem, error.detail, str(error)) == ("truncated", "ends early", "truncated: ends early")


def test_an_unknown_name_comes_with_the_nearest_or_none() -> None:
    assert "did you mean 'kmeans'?" in str(unknown_name("method", "kmean", ["gmm", "kmeans"]))
    far = str(unknown_name("method", "zzz", ["gmm", "kmeans"]))
    assert far == "unknown method 'zzz'. Known: gmm, kmeans"
