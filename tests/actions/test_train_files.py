"""Training writes where it says, and takes away only what it wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from pictures import make_shapes
from unpool.actions.train import train
from unpool.errors import UsageError
from unpool.images.folder import scan_folder

QUICK = {"size": 12, "width": 4, "steps": 2, "batch": 8}


def listed(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_images_where_the_scratch_would_lie_are_left_alone(tmp_path: Path) -> None:
    images = tmp_path / "project" / "training"
    make_shapes(images, each=4)
    before = listed(tmp_path)
    with pytest.raises(UsageError, match="would mix the model with the images"):
        train(str(images), out=tmp_path / "project", **QUICK)
    with pytest.raises(UsageError, match="would mix the model with the images"):
        train(str(images), out=images, **QUICK)
    (tmp_path / "other").mkdir()
    make_shapes(tmp_path / "other", each=4)
    with pytest.raises(UsageError, match=r"holds other files \(cross\); name another --out"):
        train(str(tmp_path / "other"), out=tmp_path / "project", **QUICK)
    assert [path for path in listed(tmp_path) if not path.startswith("other")] == before


def test_the_users_own_files_beside_a_model_stay(tmp_path: Path) -> None:
    make_shapes(tmp_path / "images", each=4)
    out = tmp_path / "model"
    (out / "tensorboard").mkdir(parents=True)
    (out / "tensorboard" / "notes.txt").write_text("mine")
    train(str(tmp_path / "images"), out=out, **QUICK)
    assert (out / "tensorboard" / "notes.txt").read_text() == "mine"
    assert (out / "model.safetensors").is_file()
    assert not (out / "training").exists()


@pytest.mark.parametrize("objective", ["reconstruct", "classify"])
def test_a_model_inside_the_folder_of_images_is_no_image(tmp_path: Path, objective: str) -> None:
    make_shapes(tmp_path, each=4)
    out = tmp_path / "model"
    for resume in (False, True, False):
        train(str(tmp_path), out=out, objective=objective, resume=resume, **QUICK)
    assert len(scan_folder(tmp_path).files) == 12


def test_the_pictures_of_an_unfinished_run_are_no_images(tmp_path: Path) -> None:
    make_shapes(tmp_path, each=4)
    out = tmp_path / "model"
    train(str(tmp_path), out=out, **QUICK)
    for name in ("model.json", "model.safetensors"):  # as a kill leaves it before the model is written
        (out / name).unlink()
    (out / "training").mkdir()
    (out / "training" / ".unpool").touch()
    assert len(scan_folder(tmp_path).files) == 12
