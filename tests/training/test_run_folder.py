"""The scratch folder of a run: marked, and emptied of nothing but what unpool wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from unpool.core.atomic_files import PARTIAL
from unpool.core.markers import MARKER, TRAINING
from unpool.errors import UsageError
from unpool.training.checkpoint import NAME
from unpool.training.run_folder import PAIRS, PIXELS, close_run_folder, open_run_folder

CACHED = "pixels-" + "0" * 24 + ".u8"


def fill(out: Path) -> Path:
    scratch = out / TRAINING
    (scratch / PIXELS).mkdir(parents=True, exist_ok=True)
    for name in (NAME, PAIRS, f"1-{PAIRS}", "features.f16", f"{PARTIAL}7-x", f"{PIXELS}/{CACHED}"):
        (scratch / name).write_bytes(b"x")
    return scratch


def test_everything_of_a_run_is_removed_at_its_end(tmp_path: Path) -> None:
    open_run_folder(tmp_path, resume=False)
    assert (tmp_path / TRAINING / MARKER).exists()
    fill(tmp_path)
    close_run_folder(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_a_user_put_there_stays(tmp_path: Path) -> None:
    open_run_folder(tmp_path, resume=False)
    scratch = fill(tmp_path)
    (scratch / "notes.txt").touch()
    (scratch / PIXELS / "mine.png").touch()
    close_run_folder(tmp_path)
    left = sorted(str(path.relative_to(scratch)) for path in scratch.rglob("*") if path.is_file())
    assert left == ["notes.txt", "pixels/mine.png"]


def test_a_folder_without_the_mark_is_not_touched(tmp_path: Path) -> None:
    scratch = fill(tmp_path)
    close_run_folder(tmp_path)
    assert (scratch / NAME).exists()


@pytest.mark.parametrize("resume", [True, False])
def test_the_checkpoint_stays_only_to_be_resumed(tmp_path: Path, resume: bool) -> None:
    open_run_folder(tmp_path, resume=True)
    (tmp_path / TRAINING / NAME).touch()
    open_run_folder(tmp_path, resume=resume)
    assert (tmp_path / TRAINING / NAME).exists() is resume


def test_a_removal_that_was_killed_is_finished(tmp_path: Path) -> None:
    left = tmp_path / f"{PARTIAL}1-{TRAINING}"
    left.mkdir()
    for name in (MARKER, NAME):
        (left / name).touch()
    open_run_folder(tmp_path, resume=True)
    assert not left.exists()


def test_a_users_folder_or_file_of_that_name_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / TRAINING).touch()
    with pytest.raises(UsageError, match="is a file, but the run needs a folder of that name"):
        open_run_folder(tmp_path / "a", resume=False)
    (tmp_path / "b" / TRAINING).mkdir(parents=True)
    (tmp_path / "b" / TRAINING / "thesis.tex").touch()
    with pytest.raises(UsageError, match=r"it holds thesis\.tex"):
        open_run_folder(tmp_path / "b", resume=False)
    assert (tmp_path / "b" / TRAINING / "thesis.tex").exists()


def test_decoded_images_alone_may_be_there(tmp_path: Path) -> None:
    (tmp_path / TRAINING / PIXELS).mkdir(parents=True)
    (tmp_path / TRAINING / PIXELS / CACHED).touch()
    open_run_folder(tmp_path, resume=False)
    assert (tmp_path / TRAINING / PIXELS / CACHED).exists()
