"""A workspace that grows: what was there keeps place, group, label and mark, whatever comes, moves or goes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from support.death import Death
from support.edits import groups_csv
from support.messages import Messages
from support.states import IMAGES, WORK
from support.walk import add_image, copy_walked, make_walked
from unpool.actions.curation import edit
from unpool.actions.embedding import run as run_module
from unpool.actions.embedding.run import UNCHANGED, run
from unpool.actions.embedding.settings import RunSettings
from unpool.analysis import joining
from unpool.core.atomic_files import write_text
from unpool.images.reading import scan
from unpool.store.state import read_state, write_state
from unpool.store.table import ImageTable

AUTO = RunSettings()


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight images whose groups a run has found itself; one is labelled, one marked as wrong."""
    root = make_walked(tmp_path_factory.mktemp("living") / "base")
    result = run(str(root / IMAGES), RunSettings(groups="auto"), work=root / WORK)
    assert (result["joined"], result["drift"], result["rebuild"]) == (0, 0.0, False)
    assert result["measured_on"] == 8
    edit.label(root / WORK, ["a/0.png"], "shoe")
    edit.mark(root / WORK, ["b/3.png"])
    return root


@pytest.fixture
def root(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    report = lambda work, **_: write_text(work / "report" / "index.html", "report")  # noqa: E731
    monkeypatch.setattr(run_module, "write_report", report)
    return copy_walked(base, tmp_path / "copy")


def again(root: Path, settings: RunSettings = AUTO, images: str = IMAGES) -> tuple[dict[str, Any], list[str]]:
    progress = Messages()
    result = run(str(root / images), settings, work=root / WORK, progress=progress)
    return result, progress.texts


def rows(root: Path, *, only: pd.Index | None = None) -> pd.DataFrame:
    """All columns but what the file system knows of a file."""
    frame = ImageTable(root / WORK).frame().set_index("path").drop(columns=["stamp", "sample", "modified"])
    return frame if only is None else frame.loc[only]


def assert_untouched(root: Path, before: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(rows(root, only=before.index), before, check_exact=True)


def forbid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that takes all images is computed."""
    for name in ("map_images", "group", "evaluate"):
        monkeypatch.setattr(run_module, name, lambda *_, **__: pytest.fail("computed anew"))


@pytest.mark.parametrize("groups", [None, "auto", 3])
def test_new_images_join_and_no_other_row_changes(
    groups: Any, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = RunSettings(groups=groups)
    if groups == 3:
        again(root, settings)
    before = rows(root)
    new = [add_image(root, number) for number in range(2)]
    forbid(monkeypatch)
    result, said = again(root, settings)
    assert_untouched(root, before)
    after = rows(root)
    assert set(after.index) == {*before.index, *new}
    assert after.loc[new, ["x", "y", "group", "probability", "joined_distance"]].notna().all(axis=None)
    assert set(after.loc[new, "group"]) <= set(before["group"].dropna())
    assert set(groups_csv(root / WORK)) == set(after.index)
    assert (result["images"], result["embedded"], result["joined"], result["drift"]) == (10, 2, 2, 0.2)
    assert (sum(result["sizes"]), result["measured_on"]) == (10, 8)
    assert any("2 images joined the map and the groups that there are" in text for text in said)
    assert again(root, settings)[1][-1] == UNCHANGED
    assert edit.undo(root / WORK)["message"].startswith("undone: run: 2 images embedded, 2 joined")
    assert_untouched(root, before)
    assert set(rows(root).index) == set(before.index)


def test_many_images_that_joined_are_a_reason_to_rebuild(root: Path) -> None:
    new = [add_image(root, number) for number in range(3)]
    result, said = again(root)
    assert (result["drift"], result["rebuild"]) == (round(3 / 11, 4), True)
    assert said[-1].endswith("it is time to make groups and map anew: unpool run --rebuild")
    before = rows(root)
    result, _ = again(root, RunSettings(rebuild=True))
    assert (result["joined"], result["drift"], result["measured_on"]) == (0, 0.0, 11)
    after = rows(root)
    assert not np.array_equal(after["x"], before["x"])
    assert after.loc[new, "joined_distance"].isna().all()
    assert after["label"].dropna().to_dict() == {"a/0.png": "shoe"}
    assert read_state(root / WORK)["group"]["source"] == "found"
    assert again(root)[1][-1] == UNCHANGED


def test_a_rebuild_keeps_groups_made_by_hand_and_a_number_that_was_requested(root: Path) -> None:
    again(root, RunSettings(groups=2))
    add_image(root, 0)
    again(root)
    assert again(root, RunSettings(rebuild=True))[0]["groups"] == 2
    edit.move(root / WORK, ["a/0.png", "b/1.png"], 2)
    before = rows(root)
    result, said = again(root, RunSettings(rebuild=True))
    after = rows(root)
    assert after["group"].to_dict() == before["group"].to_dict()
    assert not np.array_equal(after["x"], before["x"]) or result["trustworthiness"] is not None
    assert not any("by hand are made anew" in text for text in said)


def test_images_that_go_leave_the_others_as_they_are(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / IMAGES / "a/2.png").unlink()
    before = rows(root).drop("a/2.png")
    forbid(monkeypatch)
    result, _ = again(root)
    assert_untouched(root, before)
    assert (result["images"], sum(result["sizes"]), result["embedded"]) == (7, 7, 0)
    assert "a/2.png" not in groups_csv(root / WORK)


def test_files_that_move_take_everything_along_and_are_not_read_as_images(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(root)
    (root / IMAGES / "new").mkdir()
    moves = {"a/0.png": "new/zero.png", "b/3.png": "new/three.png"}
    for name, place in moves.items():
        (root / IMAGES / name).rename(root / IMAGES / place)
    forbid(monkeypatch)
    result, said = again(root)
    assert (result["embedded"], result["images"], result["joined"]) == (0, 8, 0)
    assert any(
        "2 images have another name or place; all that is known of them stays" in text for text in said
    )
    assert_untouched(root, before.rename(index=moves).sort_index())
    assert "new/zero.png" in groups_csv(root / WORK)
    assert again(root)[1][-1] == UNCHANGED


def test_another_file_of_the_same_size_and_time_is_embedded_anew(root: Path) -> None:
    file, other = root / IMAGES / "a/0.png", root / IMAGES / "a/2.png"
    size = max(file.stat().st_size, other.stat().st_size)
    for each in (file, other):  # of one size: what follows the end of a PNG is not read
        each.write_bytes(each.read_bytes() + bytes(size - each.stat().st_size))
        os.utime(each, (1000, 1000))
    again(root)
    before, content = rows(root), other.read_bytes()
    file.write_bytes(content)  # in place: the same inode, size and time
    os.utime(file, (1000, 1000))
    assert again(root)[0]["embedded"] == 1
    after = rows(root)
    assert after.loc["a/0.png", "id"] == after.loc["a/2.png", "id"] != before.loc["a/0.png", "id"]
    assert after.loc["a/0.png", "label"] == "shoe"
    assert (
        after.loc["a/0.png", ["x", "y", "group"]].tolist()
        == before.loc["a/2.png", ["x", "y", "group"]].tolist()
    )
    assert_untouched(root, before.drop("a/0.png"))


def test_a_drive_that_was_away_comes_back_with_everything(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(root)
    forbid(monkeypatch)
    (root / IMAGES / "a").rename(root / "away")
    (root / IMAGES / "a").mkdir()  # the empty place of the drive
    result, said = again(root)
    assert (result["images"], result["embedded"]) == (8, 0)
    assert any("their rows stay" in text for text in said)
    assert_untouched(root, before)
    (root / IMAGES / "a").rmdir()
    shutil.copytree(root / "away", root / IMAGES / "a")  # a copy: other inodes and times of change
    assert again(root)[0]["embedded"] == 0
    assert_untouched(root, before)


def test_a_file_that_was_closed_for_a_while_has_its_place_and_group_back(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit.move(root / WORK, ["a/0.png"], len(set(rows(root)["group"])))  # a group made by hand
    before = rows(root)
    with monkeypatch.context() as patch:
        patch.setattr(scan.os, "access", lambda path, mode: not str(path).endswith("a/0.png"))
        assert again(root)[0]["images"] == 7
        assert "a/0.png" not in groups_csv(root / WORK)
    result, _ = again(root)
    assert (result["embedded"], result["joined"]) == (1, 0)
    assert_untouched(root, before)


def test_a_group_made_by_hand_waits_for_a_closed_file_while_the_map_is_made_anew(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = len(set(rows(root)["group"]))
    edit.move(root / WORK, ["a/0.png"], new)
    with monkeypatch.context() as patch:
        patch.setattr(scan.os, "access", lambda path, mode: not str(path).endswith("a/0.png"))
        again(root, RunSettings(rebuild=True))
        assert rows(root).loc["a/0.png", ["x", "y"]].isna().all(), "it is not on the new map"
    before = rows(root).drop("a/0.png")
    assert again(root)[0]["joined"] == 1
    after = rows(root).loc["a/0.png"]
    assert (after["group"], after["probability"]) == (new, 1)
    assert pd.isna(after["leaf"])
    assert after[["x", "y", "joined_distance"]].notna().all()
    assert_untouched(root, before)


def test_a_file_that_was_closed_while_groups_were_found_anew_joins_them(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(scan.os, "access", lambda path, mode: not str(path).endswith("a/0.png"))
        again(root, RunSettings(groups=2))
        columns = ["x", "y", "group", "probability", "leaf", "outlier_score"]
        assert rows(root).loc["a/0.png", columns].isna().all()
    assert again(root)[0]["joined"] == 1
    assert rows(root).loc["a/0.png", "group"] in (0, 1)


def test_originals_that_moved_are_found_and_nothing_is_lost(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(root)
    forbid(monkeypatch)
    (root / IMAGES).rename(root / "photographs")
    result, said = again(root, RunSettings(relocate=True), "photographs")
    assert (result["images"], result["embedded"]) == (8, 0)
    assert_untouched(root, before)
    assert any("the images are in" in text for text in said)


def test_a_network_that_is_requested_makes_all_anew(root: Path) -> None:
    from unpool.networks.catalogue import build_network
    from unpool.training.model_file import save_model

    options = {"size": 8, "channels": 1, "width": 6}
    save_model(root / "other", build_network("conv", seed=1, **options), options=options)
    before = rows(root)
    add_image(root, 0)
    result, _ = again(root, RunSettings(network=str(root / "other")))
    after = rows(root)
    assert (result["embedded"], result["joined"], result["measured_on"]) == (9, 0, 9)
    assert not np.array_equal(after.loc[before.index, "x"], before["x"])
    assert after["label"].dropna().to_dict() == {"a/0.png": "shoe"}


def test_a_workspace_of_an_older_version_grows_too(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One without the new entries of `finished`, and without the new column."""
    work = root / WORK
    finished = read_state(work)["finished"]
    write_state(work, finished={name: value for name, value in finished.items() if name != "measured_on"})
    ImageTable(work)._dataset.drop_columns(["joined_distance"])
    before = rows(root)
    add_image(root, 0)
    forbid(monkeypatch)
    result, _ = again(root)
    assert (result["joined"], result["measured_on"]) == (1, None)
    assert_untouched(root, before)


@pytest.mark.parametrize("every", [60, pytest.param(3, marks=pytest.mark.slow)])
def test_after_a_kill_at_any_moment_the_same_words_reach_the_same_end(
    every: int, root: Path, tmp_path: Path
) -> None:
    (root / IMAGES / "b/5.png").unlink()
    (root / IMAGES / "a/4.png").rename(root / IMAGES / "a/moved.png")
    for number in range(2):
        add_image(root, number)
    calm = copy_walked(root, tmp_path / "calm")
    expected, _ = again(calm)
    whole = rows(calm)
    for moment in range(every // 3, 4000, every):
        killed = copy_walked(root, tmp_path / str(moment))
        with Death(moment) as death:
            again(killed)
        result, _ = again(killed)
        pd.testing.assert_frame_equal(rows(killed), whole, check_exact=True)
        for name in ("images", "groups", "sizes", "joined", "drift", "silhouette", "measured_on"):
            assert result[name] == expected[name], (moment, name)
        assert groups_csv(killed / WORK) == groups_csv(calm / WORK)
        if not death.is_dead:
            break
        shutil.rmtree(killed)


@pytest.mark.parametrize("every", [100, pytest.param(6, marks=pytest.mark.slow)])
def test_a_rebuild_that_was_killed_is_completed(every: int, root: Path, tmp_path: Path) -> None:
    add_image(root, 0)
    again(root)
    calm = copy_walked(root, tmp_path / "calm")
    again(calm, RunSettings(rebuild=True))
    whole = rows(calm)
    for moment in range(every // 3, 4000, every):
        killed = copy_walked(root, tmp_path / str(moment))
        with Death(moment) as death:
            again(killed, RunSettings(rebuild=True))
        again(killed, RunSettings(rebuild=True))
        pd.testing.assert_frame_equal(rows(killed), whole, check_exact=True)
        assert read_state(killed / WORK)["group"]["source"] == "found"
        if not death.is_dead:
            break
        shutil.rmtree(killed)


def test_the_report_tells_of_images_that_joined(base: Path, tmp_path: Path) -> None:
    root = copy_walked(base, tmp_path / "copy")
    Image.fromarray(np.full((16, 16, 3), 200, np.uint8)).save(root / IMAGES / "a/bright.png")
    again(root)
    page = (root / WORK / "report" / "index.html").read_text("utf-8")
    assert "a/bright.png" in page
    assert "1 of 9 images came after the groups were made, and joined them by their neighbours" in page
    assert joining.DRIFT_LIMIT > 1 / 9
