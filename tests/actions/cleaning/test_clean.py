"""Files go as planned, never others, and come back as they were wherever a kill came."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from support.archives import jpeg
from support.checked_photos import PHOTOS, make_checked_photos, make_many_copies, read_files
from support.death import Death, Killed
from unpool.actions.cleaning import clean as clean_module
from unpool.actions.cleaning.clean import clean, restore
from unpool.actions.cleaning.settings import CleanSettings
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UsageError
from unpool.store.state import write_state
from unpool.store.table import ImageTable

GOING = ["b/a.jpg", "b/copy.jpg", "d.jpg"]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return make_checked_photos(tmp_path)


@pytest.fixture
def settings(tmp_path: Path) -> CleanSettings:
    return CleanSettings("duplicates", to=str(tmp_path / "out"))


def paths_of(work: Path) -> list[str]:
    paths: list[str] = ImageTable(work).arrow(["path"])["path"].to_pylist()
    return paths


def test_duplicates_go_and_come_back(work: Path, tmp_path: Path, settings: CleanSettings) -> None:
    before = read_files(tmp_path)
    result = clean(work, settings)
    assert (result["kept"], result["moved"], result["left"]) == (2, 3, 0)
    assert result["bytes"] == sum(len(before[path][0]) for path in GOING)
    assert set(read_files(tmp_path)) == set(PHOTOS) - set(GOING) == set(paths_of(work))
    moved = {path: (tmp_path / "out" / path).read_bytes() for path in GOING}
    assert moved == {path: before[path][0] for path in GOING}
    back = clean(work, CleanSettings(undo=Path(result["manifest"])))
    assert (back["restored"], back["in_place"], back["left"]) == (3, 0, 0)
    assert read_files(tmp_path) == before
    assert paths_of(work) == sorted(PHOTOS)


def test_a_dry_run_moves_nothing(work: Path, tmp_path: Path) -> None:
    before = read_files(tmp_path)
    result = clean(work, CleanSettings("duplicates", to=str(tmp_path / "out"), dry_run=True))
    assert (result["moved"], result["kept"], result["manifest"]) == (3, 2, None)
    assert Path(result["plan"]).read_text().count("goes") == 3
    assert read_files(tmp_path) == before
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("moment", range(16))
def test_every_file_comes_back_after_a_kill(
    work: Path, tmp_path: Path, settings: CleanSettings, moment: int
) -> None:
    before = read_files(tmp_path)
    try:
        with Death(moment):
            clean(work, settings)
    except Killed:
        pass
    everywhere = {**read_files(tmp_path)}
    assert set(before) - set(everywhere) <= set(GOING)
    for manifest in sorted((work / "cleaned").glob("*/manifest.json")):
        restore(work, manifest)
    assert read_files(tmp_path) == before
    assert paths_of(work) == sorted(PHOTOS)


def test_a_killed_clean_up_goes_on(
    work: Path, tmp_path: Path, settings: CleanSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, moves = read_files(tmp_path), []

    def move_two(*arguments: object) -> None:
        if len(moves) == 2:
            raise KeyboardInterrupt
        moves.append(arguments)
        move(*arguments)  # type: ignore[arg-type]

    move = clean_module.move_file
    monkeypatch.setattr(clean_module, "move_file", move_two)
    with pytest.raises(KeyboardInterrupt):
        clean(work, settings)
    monkeypatch.undo()
    result = clean(work, settings)
    assert result["moved"] == 1
    assert set(paths_of(work)) == set(PHOTOS) - set(GOING)
    for manifest in (work / "cleaned").glob("*/manifest.json"):
        restore(work, manifest)
    assert read_files(tmp_path) == before
    assert paths_of(work) == sorted(PHOTOS)


def test_images_that_moved_after_a_kill_keep_their_rows(
    work: Path, tmp_path: Path, settings: CleanSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clean_module, "move_file", lambda *arguments: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        clean(work, settings)
    monkeypatch.undo()
    (tmp_path / "photos").rename(tmp_path / "pictures")
    write_state(work, images=str(tmp_path / "pictures"))
    clean(work, CleanSettings("dark", to=settings.to))
    assert paths_of(work) == sorted(set(PHOTOS) - {"dark.jpg"})


def test_a_manifest_is_undone_in_its_own_workspace(
    work: Path, tmp_path: Path, settings: CleanSettings
) -> None:
    manifest = Path(clean(work, settings)["manifest"])
    (tmp_path / "other").mkdir()
    other = make_checked_photos(tmp_path / "other")
    with pytest.raises(UnpoolError, match=r"belongs to the workspace .*w\.unpool; give --work"):
        restore(other, manifest)
    assert set(read_files(tmp_path)) == set(PHOTOS) - set(GOING)
    work.rename(tmp_path / "renamed.unpool")
    renamed = tmp_path / "renamed.unpool"
    assert restore(renamed, renamed / "cleaned" / manifest.parent.name)["restored"] == 3


@pytest.mark.parametrize("others", [{"dry_run": True}, {"problem": "duplicates"}])
def test_undo_stands_alone(
    work: Path, tmp_path: Path, settings: CleanSettings, others: dict[str, Any]
) -> None:
    manifest = Path(clean(work, settings)["manifest"])
    with pytest.raises(UsageError, match="--undo takes no"):
        clean(work, CleanSettings(undo=manifest, **others))
    assert set(read_files(tmp_path)) == set(PHOTOS) - set(GOING)


def test_what_changed_since_the_plan_stays(work: Path, tmp_path: Path, settings: CleanSettings) -> None:
    plan = clean_module.make_plan(work, "duplicates", "best")
    photos = tmp_path / "photos"
    (photos / "b" / "copy.jpg").write_bytes(jpeg(11))
    (photos / "c.jpg").unlink()  # the one of its set that was to stay
    result = clean_module.carry_out(work, plan, settings.to)
    assert (result["moved"], result["left"]) == (1, 2)
    assert (photos / "d.jpg").exists()
    assert (photos / "b" / "copy.jpg").read_bytes() == jpeg(11)


def test_a_plan_is_never_exceeded(work: Path, tmp_path: Path, settings: CleanSettings) -> None:
    plan = clean_module.make_plan(work, "duplicates", "best")
    del plan.stacks[0].goes[1], plan.stacks[1]
    clean_module.carry_out(work, plan, settings.to)
    assert set(PHOTOS) - set(read_files(tmp_path)) == {"b/a.jpg"}


def test_nothing_in_the_way_is_overwritten(work: Path, tmp_path: Path, settings: CleanSettings) -> None:
    manifest = Path(clean(work, settings)["manifest"])
    (tmp_path / "photos" / "d.jpg").write_bytes(b"another")
    (tmp_path / "out" / "b" / "a.jpg").write_bytes(b"changed")
    messages: list[str] = []
    progress = Progress()
    progress.message = messages.append  # type: ignore[method-assign]
    result = restore(work, manifest, progress=progress)
    assert (result["restored"], result["left"]) == (1, 2)
    assert (tmp_path / "photos" / "d.jpg").read_bytes() == b"another"
    assert any("something else lies in its place (d.jpg)" in text for text in messages)
    shutil.rmtree(tmp_path / "out")
    (tmp_path / "photos" / "b" / "copy.jpg").unlink()
    with pytest.raises(UnpoolError, match="none of 3 files was brought back"):
        restore(work, manifest)


def test_files_come_back_to_where_their_folder_is_now(
    work: Path, tmp_path: Path, settings: CleanSettings
) -> None:
    before = read_files(tmp_path)
    manifest = Path(clean(work, settings)["manifest"])
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "photos").rename(tmp_path / "elsewhere" / "photos")
    write_state(work, images=str(tmp_path / "elsewhere" / "photos"))
    assert restore(work, manifest)["restored"] == 3
    assert read_files(tmp_path / "elsewhere") == before
    assert not (tmp_path / "photos").exists()


def test_places_and_words_are_checked_first(work: Path, tmp_path: Path) -> None:
    before = read_files(tmp_path)
    for to, words in ((tmp_path / "photos" / "out", "among the images"), (tmp_path / "file", "is a file")):
        (tmp_path / "file").touch()
        with pytest.raises(UsageError, match=words):
            clean(work, CleanSettings("duplicates", to=str(to)))
    with pytest.raises(UsageError, match="clean needs --problem"):
        clean(work, CleanSettings())
    assert read_files(tmp_path) == before


def test_files_that_cannot_be_moved_are_named(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(file: Path) -> None:
        raise OSError(13, "Permission denied")

    monkeypatch.setattr(clean_module, "send_to_trash", refuse)
    before = read_files(tmp_path)
    with pytest.raises(UnpoolError, match="none of 3 files was moved: Permission denied; give --to DIR"):
        clean(work, CleanSettings("duplicates"))
    assert read_files(tmp_path) == before
    assert clean(work, CleanSettings("blurred"))["moved"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("to", ["trash", "out"])
@pytest.mark.parametrize("num_moved", [1, 40, 150])
def test_a_process_that_is_killed_loses_nothing(tmp_path: Path, to: str, num_moved: int) -> None:
    work = make_many_copies(tmp_path, 200)
    before = read_files(tmp_path)
    environment = os.environ | {"XDG_DATA_HOME": str(tmp_path / "data"), "HOME": str(tmp_path)}
    words = [sys.executable, "-m", "unpool", "clean", "--work", str(work)]
    where = "trash" if to == "trash" else str(tmp_path / "out")
    process = subprocess.Popen(
        [*words, "--problem", "duplicates", "--to", where],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None and len(before) - len(list((tmp_path / "photos").iterdir())) < num_moved:
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(read_files(tmp_path)) <= len(before) - num_moved
    (manifest,) = (work / "cleaned").glob("*/manifest.json")
    subprocess.run([*words, "--undo", str(manifest)], env=environment, check=True, capture_output=True)
    assert read_files(tmp_path) == before
