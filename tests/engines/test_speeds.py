"""Speeds are kept for this machine, and only those that say something."""

from __future__ import annotations

from pathlib import Path

import pytest

from unpool.core.user_cache import clear_entries, list_entries
from unpool.engines import speeds
from unpool.engines.speeds import MIN_IMAGES, keep_speed, read_speed


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNPOOL_CACHE", str(tmp_path))
    return tmp_path


def test_a_speed_is_read_back_on_this_machine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_speed("resnet18", "cpu", 41.26, 100)
    keep_speed("conv", "cuda", 900.0, 100)
    assert read_speed("resnet18") == 41.3
    assert read_speed("conv") is None
    assert read_speed("conv", "cuda") == 900.0
    monkeypatch.setattr(speeds, "usable_cores", lambda: 99)
    assert read_speed("resnet18") is None


def test_a_few_images_say_nothing() -> None:
    keep_speed("resnet18", "cpu", 41.0, MIN_IMAGES - 1)
    assert read_speed("resnet18") is None


def test_the_cache_lists_and_removes_them(cache: Path) -> None:
    keep_speed("resnet18", "cpu", 41.0, 100)
    assert [entry["name"] for entry in list_entries()] == ["speeds"]
    assert clear_entries() > 0
    assert read_speed("resnet18") is None


def test_a_damaged_file_is_measured_again(cache: Path) -> None:
    keep_speed("resnet18", "cpu", 41.0, 100)
    (cache / "speeds" / speeds.FILE).write_text("[1")
    assert read_speed("resnet18") is None
    keep_speed("resnet18", "cpu", 42.0, 100)
    assert read_speed("resnet18") == 42.0
