"""Folders that unpool wrote are known by what is in them."""

from __future__ import annotations

from pathlib import Path

from unpool.core.markers import (
    COPIES,
    MARKER,
    PREDICTIONS,
    TRAINING,
    is_marked,
    is_unpool_folder,
    mark_copies,
    predicted_files,
)


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


def test_a_mark_of_copies_is_no_file(tmp_path: Path) -> None:
    mark_copies(tmp_path)
    mark_copies(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [COPIES]
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_record_of_predictions_lists_their_files(tmp_path: Path) -> None:
    assert predicted_files(tmp_path) == frozenset()
    (tmp_path / PREDICTIONS).write_text(
        '{"path": "a", "files": ["a.png", "b/c.png"]}\n{"path": "a"}\n[1]\n{"fi'
    )
    assert predicted_files(tmp_path) == {"a.png", "b/c.png"}
