"""A model written near the images: what is refused, what is left out of the next scan, what is left standing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from support.pictures import make_shapes
from support.training import train
from unpool import UnpoolError, build_network, fit
from unpool.core.markers import MARKER
from unpool.errors import UsageError
from unpool.images import pixel_cache as batches
from unpool.training import checkpoint as saving

TINY: dict[str, Any] = {"network": "conv", "size": 8, "width": 4, "batch": 8, "steps": 3, "device": "cpu"}


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    make_shapes(tmp_path / "photos", each=5)
    return tmp_path / "photos"


class Stop(BaseException):
    """Stands in for a kill."""


def train_stopped(monkeypatch: pytest.MonkeyPatch, place: Path, **words: Any) -> None:
    """Train, and be killed just after the first checkpoint."""
    write = saving.save_checkpoint

    def then_stop(*arguments: Any) -> None:
        write(*arguments)
        raise Stop

    with monkeypatch.context() as patch:
        patch.setattr(saving, "SAVE_EVERY_SECONDS", 0.0)
        patch.setattr(saving, "save_checkpoint", then_stop)
        with pytest.raises(Stop):
            train(str(place), **words)


@pytest.mark.parametrize("inside", ["training", "training/more", "tensorboard", "linked"])
def test_images_where_a_run_would_write_are_refused_and_kept(inside: str, tmp_path: Path) -> None:
    project = tmp_path / "project"
    folder = project / ("training" if inside == "linked" else inside)
    make_shapes(folder, each=5)
    if inside == "linked":
        folder = tmp_path / "link"
        folder.symlink_to(project / "training")
    before = contents(project)
    with pytest.raises(UsageError, match=r"not a folder of unpool's|needs .* for itself"):
        train(str(folder), out=project, **TINY)
    assert contents(project) == before


def test_the_folder_of_the_images_is_no_place_for_the_model(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(photos)
    make_shapes(tmp_path / "held", each=2)
    before = contents(photos)
    for out in (photos, tmp_path / "link"):
        with pytest.raises(
            UsageError, match=r"is no model and holds cross; name a new or empty folder, such as .*/model"
        ):
            train(str(photos), out=out, **TINY)
        with pytest.raises(UsageError, match="is no model and holds cross"):
            train(str(tmp_path / "held"), val=str(photos), out=out, **TINY)
    with pytest.raises(UsageError, match=r"cross is no model and holds 000.png"):
        train(str(photos), out=photos / "cross", **TINY)
    assert contents(photos) == before


def test_a_workspace_and_somebody_elses_folder_are_no_place_for_a_model(photos: Path, tmp_path: Path) -> None:
    work, own = tmp_path / "w.unpool", tmp_path / "own"
    (work / "images.lance").mkdir(parents=True)
    own.mkdir()
    (own / "letter.txt").write_text("mine")
    dataset = [np.zeros((8, 8, 1), np.uint8)] * 9
    for out, message in (
        (work, "is a workspace; name a folder"),
        (own, r"is no model and holds letter\.txt; name a new"),
    ):
        before = contents(out)
        with pytest.raises(UsageError, match=message):
            train("nowhere", out=out, **TINY)  # raised before anything is opened
        with pytest.raises(UsageError, match=message):
            fit(build_network("conv", size=8, channels=1, width=4), dataset, out=out, steps=1)
        assert contents(out) == before


def test_a_training_folder_of_the_users_is_refused_and_kept(photos: Path, tmp_path: Path) -> None:
    own = tmp_path / "model" / "training"
    own.mkdir(parents=True)
    (own / "checkpoint.pt").write_bytes(b"of another program")
    with pytest.raises(UsageError, match=r"it holds checkpoint\.pt; name another --out, or move it away"):
        train(str(photos), out=own.parent, **TINY)
    with pytest.raises(UsageError, match=r"it holds checkpoint\.pt"):  # raised before anything is opened
        train("nowhere", out=own.parent, **TINY)
    dataset = [np.zeros((8, 8, 1), np.uint8)] * 9
    with pytest.raises(UsageError, match=r"it holds checkpoint\.pt"):
        fit(build_network("conv", size=8, channels=1, width=4), dataset, out=own.parent, steps=1)
    assert contents(own) == {"checkpoint.pt": b"of another program"}


def test_logs_and_files_of_the_users_outlive_a_run(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "model"
    logs = out / "tensorboard"
    logs.mkdir(parents=True)
    (logs / "notes.txt").write_text("mine")
    (logs / "events.out.tfevents.1.host").write_text("mine")
    train_stopped(monkeypatch, photos, out=out, **TINY)
    (out / "training" / "notes.txt").write_text("mine")
    train(str(photos), out=out, resume=True, **TINY)
    assert contents(out / "training") == {"notes.txt": b"mine"}
    (out / "training" / "notes.txt").unlink()
    train(str(photos), out=out, **TINY)
    assert not (out / "training").exists()
    kept = {name: text for name, text in contents(logs).items() if text == b"mine"}
    assert set(kept) == {"notes.txt", "events.out.tfevents.1.host"}
    assert len(contents(logs)) == 3, "a new run removes the log of the one before"


def test_a_big_run_leaves_nothing_of_its_decoded_images(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "model"
    monkeypatch.setattr(batches, "_in_memory", lambda task: batches._on_disk(task, out / "training/pixels"))
    with monkeypatch.context() as patch:

        def refused(*_: Any, **__: Any) -> None:
            raise UnpoolError("no memory for the network")

        patch.setattr("unpool.actions.training.train.build_requested_network", refused)
        with pytest.raises(UnpoolError, match="no memory"):  # after decoding: a run that never began
            train(str(photos), out=out, **TINY)
    assert any(name.startswith("pixels/pixels-") for name in contents(out / "training"))
    train(str(photos), out=out, **TINY)
    assert not (out / "training").exists()
    assert not list(out.glob(".*"))


@pytest.mark.parametrize("objective", ["reconstruct", "classify"])
def test_a_model_inside_the_folder_of_its_images_is_not_one_of_them(
    objective: str, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words: dict[str, Any] = TINY | {"objective": objective, "out": photos / "model"}
    if objective == "classify":
        words |= {"network": "lenet", "width": None, "size": None}
    (photos / "model").mkdir()
    (photos / "notes.unpool").mkdir()
    train_stopped(monkeypatch, photos, **words)
    assert (photos / "model" / "training" / MARKER).exists()
    Image.new("L", (9, 9)).save(photos / "model" / "loss.png")  # killed while the pictures were written
    assert train(str(photos), resume=True, **words)["images"] == 15
    assert train(str(photos), resume=True, **words)["steps"] == 3
    assert train(str(photos), **words)["images"] == 15
    assert train(str(photos), **words | {"out": photos / "more" / "another"})["images"] == 15
    train_stopped(monkeypatch, photos, **words | {"out": photos / "stopped"})
    Image.new("L", (9, 9)).save(photos / "stopped" / "loss.png")
    assert train(str(photos), **words | {"out": photos / "more" / "third"})["images"] == 15


def test_a_kill_while_a_finished_run_is_tidied_leaves_it_finished(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "model"
    out.mkdir()
    with monkeypatch.context() as patch:

        def killed(self: Path, *_: Any, **__: Any) -> None:
            raise Stop

        patch.setattr(Path, "rmdir", killed)
        with pytest.raises(Stop):
            train(str(photos), out=out, **TINY)
    weights = (out / "model.safetensors").stat().st_mtime_ns
    train(str(photos), out=out, resume=True, **TINY)
    assert (out / "model.safetensors").stat().st_mtime_ns == weights, "it was trained again"
    train(str(photos), out=out, **TINY)
    assert not list(out.glob(".*")), "the next run takes what was left"


def test_changed_images_are_reported_in_words(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = TINY | {"out": tmp_path / "model"}
    train_stopped(monkeypatch, photos, **words)
    one = photos / "disc" / "000.png"
    shutil.copy(one, photos / "disc" / "new.png")
    with pytest.raises(UnpoolError, match="was begun with 15 images, now there are 16; give what it was"):
        train(str(photos), resume=True, **words)
    (photos / "disc" / "new.png").unlink()
    status = one.stat()
    os.utime(one, ns=(status.st_atime_ns, status.st_mtime_ns + 10**9))  # another image of the same size
    with pytest.raises(UnpoolError, match=r"as many images \(15\), but since then files were changed"):
        train(str(photos), resume=True, **words)
    os.utime(one, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert train(str(photos), resume=True, **words)["steps"] == 3
