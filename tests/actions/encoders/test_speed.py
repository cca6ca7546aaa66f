"""A speed is measured on photographs that are drawn, and kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from unpool.actions.encoders import speed
from unpool.actions.encoders.speed import measure_speed
from unpool.engines.speeds import read_speed
from unpool.errors import UnpoolError, UsageError
from unpool.networks.encoders import functions
from unpool.networks.encoders.functions import give_function


@pytest.fixture(autouse=True)
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNPOOL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(functions, "user_config_path", lambda _: tmp_path / "configuration")
    monkeypatch.setattr(speed, "NUM_PHOTOGRAPHS", 32)
    monkeypatch.setattr(speed, "MIN_SECONDS", 0.01)
    monkeypatch.setattr(speed, "WIDTH", 64)
    monkeypatch.setattr(speed, "HEIGHT", 48)


def test_a_function_is_measured_and_kept() -> None:
    sizes = set()

    def embed(images: list[object]) -> list[list[float]]:
        sizes.update(each.shape for each in images)  # type: ignore[attr-defined]
        return [[1.0, 2.0]] * len(images)

    name = give_function(embed)
    measured = measure_speed(name, device="cpu")
    assert measured["images"] >= 32
    assert measured["images_per_second"] == read_speed(name) > 0
    assert sizes == {(48, 64, 3)}


def test_what_cannot_be_measured_is_one_line() -> None:
    def fail(images: list[object]) -> None:
        raise ValueError("no")

    with pytest.raises(UnpoolError, match=r"gives no vector for a photograph: .* raised ValueError: no"):
        measure_speed(give_function(fail), device="cpu")
    with pytest.raises(UsageError, match="unknown network 'resnet-eighteen'"):
        measure_speed("resnet-eighteen")
