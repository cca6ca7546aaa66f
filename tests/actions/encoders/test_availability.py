"""What an encoder lacks is seen without a network."""

from __future__ import annotations

from importlib.machinery import ModuleSpec
from importlib.metadata import EntryPoint
from pathlib import Path

import huggingface_hub
import pytest

from unpool.actions.encoders import availability
from unpool.actions.encoders.availability import DOWNLOAD, TRAINING, WORDS, list_encoders, plain_row
from unpool.core.user_cache import kept_folder
from unpool.engines.speeds import keep_speed
from unpool.inference.vectors import timm_model
from unpool.inference.words import two_towers
from unpool.networks.encoders import functions

DINO = "vit_small_patch14_dinov2.lvd142m"
CLIP = "open_clip:ViT-B-32/laion2b_s34b_b79k"


@pytest.fixture(autouse=True)
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without anything kept or fetched."""
    monkeypatch.setenv("UNPOOL_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "hub"
    real = huggingface_hub.try_to_load_from_cache
    monkeypatch.setattr(
        huggingface_hub,
        "try_to_load_from_cache",
        lambda repository, name: real(repository, name, cache_dir=folder),
    )
    return folder


def need_of(name: str) -> str | None:
    (row,) = [row for row in list_encoders() if row["network"] == name]
    return row["needs"]


def test_the_default_needs_nothing_and_others_a_download() -> None:
    assert need_of("efficientnet-lite0") is None
    assert need_of("resnet18") == DOWNLOAD
    assert plain_row("conv", 64, "a network")["needs"] == TRAINING


def test_weights_in_the_cache_of_the_hub_are_seen(hub: Path) -> None:
    snapshot = hub / "models--timm--vit_small_patch14_dinov2.lvd142m" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text("abc")
    assert need_of(DINO) == DOWNLOAD
    (snapshot / "model.safetensors").write_bytes(b"weights")
    assert need_of(DINO) is None
    assert need_of("vit_base_patch14_dinov2.lvd142m") == DOWNLOAD


def test_what_was_converted_needs_no_download() -> None:
    for name, entry in ((DINO, timm_model.entry_of(DINO)), (CLIP, two_towers.entry_of(CLIP))):
        assert need_of(name) == DOWNLOAD
        kept_folder(entry, lambda folder: None)
        assert need_of(name) is None


def test_an_extra_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(availability, "find_spec", lambda name: None)
    assert need_of(CLIP) == WORDS
    monkeypatch.setattr(availability, "find_spec", lambda name: ModuleSpec(name, None))
    assert need_of(CLIP) == DOWNLOAD


def test_a_speed_is_shown_once_it_was_measured() -> None:
    speeds = {row["network"]: row["images_per_second"] for row in list_encoders()}
    assert set(speeds.values()) == {None}
    keep_speed("resnet18", "cpu", 33.3, 100)
    assert {row["network"]: row["images_per_second"] for row in list_encoders()}["resnet18"] == 33.3


def test_encoders_of_installed_packages_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    offered = [EntryPoint("colours", "package.module:embed", functions.GROUP)]
    monkeypatch.setattr(functions, "entry_points", lambda group: offered)
    assert need_of("colours") is None
    assert list_encoders()[-1]["description"] == "package.module:embed of an installed package"
