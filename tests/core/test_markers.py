"""Folders that unpool wrote are known by what is in them."""

from __future__ import annotations

from pathlib import Path

from unpool.core.markers import MARKER, TRAINING, is_marked, is_unpool_folder


def test_workspaces_models_and_scratch_are_known(tmp_path: Path) -> None:
    assert is_unpool_folder(tmp_path, ["images.lance", "a.png"])
    assert is_unpool_folder(tmp_path, [MARKER])
    assert is_unpool_folder(tmp_path, ["model.json", "model.safetensors"])
    assert not is_unpool_folder(tmp_path, ["model.json", "a.png"])
    assert not is_unpool_folder(tmp_path, [])


def test_a_users_own_training_folder_is_not(tmp_path: Path) -> None:
    (tmp_path / TRAINING).mkdir()
    assert not is_unpool_folder(tmp_path, [TRAINING])
    (tmp_path / TRAINING / MARKER).touch()
    assert is_marked(tmp_path / TRAINING)
    assert is_unpool_folder(tmp_path, [TRAINING])
