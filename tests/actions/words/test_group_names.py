"""Groups get words as names: file → text side → names in table, files and page."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from support.plain_words import PATHS, give_text_side, make_workspace
from support.two_towers import CAPTIONS, COLOURS, TwoTowers
from unpool.actions.curation.edit import merge, move, split, undo
from unpool.actions.grouping.group import group
from unpool.actions.grouping.settings import GroupSettings
from unpool.actions.sharing.snapshot import Snapshot
from unpool.actions.words.group_names import name_new_images
from unpool.actions.words.word_query import CollectedMessages
from unpool.errors import UnpoolError, UsageError
from unpool.store.fields.group_names import read_group_names
from unpool.store.table import ImageTable

NAMES = "red\nblue\ncircle\nsquare\nred\n\n"


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two groups: blue and red."""
    work = make_workspace(tmp_path / "w.unpool")
    side = give_text_side(monkeypatch, work)
    monkeypatch.setattr(side, "scale", 20.0, raising=False)
    monkeypatch.setattr(side, "id", "plain", raising=False)
    ImageTable(work).update(PATHS, {"group": [0, 0, 1, 1], "probability": [1.0] * 4})
    (tmp_path / "names.txt").write_text(NAMES)
    return work


def name(work: Path, given: str = "names.txt", **others: object) -> tuple[dict[str, object], list[str]]:
    messages: list[str] = []
    file = work.parent / given if given.endswith(".txt") else given
    settings = GroupSettings(names=str(file), **others)  # type: ignore[arg-type]
    return group(work, settings, progress=CollectedMessages(messages)), messages


def test_groups_that_there_are_get_names_and_stay(work: Path) -> None:
    result, messages = name(work)
    assert [(each["group"], each["name"]) for each in result["names"]] == [(0, "blue"), (1, "red")]  # type: ignore[attr-defined]
    assert (result["groups"], result["sizes"], result["unnamed"], result["vocabulary"]) == (2, [2, 2], 0, 4)
    assert len(messages) == 2
    assert messages[0].endswith("1 lines left out, empty or unprintable")
    assert messages[1].endswith("1 lines left out, there twice")
    rows = ImageTable(work).arrow(["path", "group", "group_name", "label"]).to_pylist()
    assert [row["group"] for row in rows] == [0, 0, 1, 1]
    assert [row["group_name"] for row in rows] == ["blue", "blue", "red", "red"]
    assert {row["label"] for row in rows} == {None}
    cells = list(csv.DictReader((work / "groups.csv").open()))
    assert [row["name"] for row in cells] == ["blue", "blue", "red", "red"]
    assert [each["name"] for each in Snapshot(work).groups()] == ["blue", "red"]


def test_a_persons_label_comes_first(work: Path) -> None:
    name(work)
    ImageTable(work).update(PATHS[:2], {"label": ["sky", "sky"]})
    assert [each["name"] for each in Snapshot(work).groups()] == ["sky", "red"]
    assert read_group_names(ImageTable(work)) == {0: "blue", 1: "red"}


def test_names_go_with_images_that_are_moved(work: Path) -> None:
    name(work)
    move(work, [PATHS[0]], 1)
    assert read_group_names(ImageTable(work)) == {0: "blue", 1: "red"}
    assert ImageTable(work).arrow(["group_name"])["group_name"].to_pylist() == ["red", "blue", "red", "red"]
    undo(work)
    assert ImageTable(work).arrow(["group_name"])["group_name"].to_pylist() == ["blue", "blue", "red", "red"]


def test_a_joined_group_has_no_name_and_both_parts_of_a_divided_one_have_it(work: Path) -> None:
    name(work)
    merge(work, [0, 1])
    assert read_group_names(ImageTable(work)) == {}
    assert "name" not in (work / "groups.csv").read_text().splitlines()[0]
    undo(work)
    split(work, 1)
    assert read_group_names(ImageTable(work)) == {0: "blue", 1: "red", 2: "red"}


def test_images_that_join_a_group_get_its_name(work: Path) -> None:
    name(work)
    table = ImageTable(work)
    table.upsert([{"path": path, "status": "ok", "group": number} for path, number in (("x", 1), ("y", -1))])
    name_new_images(table)
    assert table.arrow(["path", "group_name"]).to_pylist()[-2:] == [
        {"path": "x", "group_name": "red"}, {"path": "y", "group_name": None},
    ]  # fmt: skip


def test_naming_is_undone_alone(work: Path) -> None:
    name(work)
    assert undo(work)["message"].endswith("named 2 of 2 groups")
    assert read_group_names(ImageTable(work)) == {}
    assert ImageTable(work).arrow(["group"])["group"].to_pylist() == [0, 0, 1, 1]


def test_another_way_to_group_groups_anew_and_forgets_old_names(work: Path) -> None:
    name(work)
    messages: list[str] = []
    group(work, GroupSettings(groups=2, method="kmeans"), progress=CollectedMessages(messages))
    assert any("the names of the former groups are gone" in each for each in messages)
    assert read_group_names(ImageTable(work)) == {}
    result, _ = name(work, groups=2, method="kmeans")
    assert "kept" not in result
    assert len(read_group_names(ImageTable(work))) == 2


def test_a_group_that_nothing_fits_is_counted(work: Path) -> None:
    (work.parent / "few.txt").write_text("red")
    result, messages = name(work, "few.txt")
    assert result["unnamed"] == 1
    assert "1 groups have no name" in messages[-1]
    assert [each["name"] for each in Snapshot(work).groups()] == ["group 0", "red"]


def test_what_cannot_be_is_said_before_anything_changes(work: Path) -> None:
    version = ImageTable(work).version
    with pytest.raises(UsageError, match="there is no such file; give a file of a name a line, or auto"):
        name(work, "none.txt")
    (work.parent / "empty.txt").write_text("\n \n")
    with pytest.raises(UnpoolError, match="holds no names"):
        name(work, "empty.txt")
    assert ImageTable(work).version == version


def test_a_text_side_that_cannot_be_opened_leaves_the_groups(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(folder: Path) -> None:
        raise UnpoolError(f"{folder} is damaged")

    version = ImageTable(work).version
    monkeypatch.setattr("unpool.inference.words.text.load_text", fail)
    with pytest.raises(UnpoolError, match="is damaged"):
        name(work, groups=2, method="kmeans")
    assert ImageTable(work).version == version
    assert not (work / "report").exists()


def test_a_workspace_without_words_says_what_to_embed_with(tmp_path: Path) -> None:
    work = make_workspace(tmp_path / "w.unpool")
    with pytest.raises(UnpoolError, match="no text side; embed with a model that has one"):
        group(work, GroupSettings(names="auto"))


def test_groups_of_a_trained_model_get_their_names(two_towers: TwoTowers, tmp_path: Path) -> None:
    work = two_towers.copy_workspace(tmp_path / "w.unpool")
    table = ImageTable(work)
    paths = table.arrow(["path"])["path"].to_pylist()
    number = {each.file: place for place, each in enumerate(CAPTIONS)}
    table.update(paths, {"group": [number[path] for path in paths], "probability": [1.0] * len(paths)})
    file = tmp_path / "captions.txt"
    file.write_text("\n".join(str(each) for each in reversed(CAPTIONS)))
    result = group(work, GroupSettings(names=str(file)))
    right = [each["name"] == str(CAPTIONS[each["group"]]) for each in result["names"]]
    assert np.mean(right) >= 0.9

    colours = list(COLOURS)
    table.update(paths, {"group": [colours.index(path.split("-")[0]) for path in paths]})
    file.write_text(
        "\n".join(
            f"a {colour} {shape} on {ground}"
            for colour in colours
            for shape, ground in [("circle", "white"), ("square", "black")]
        )
    )
    found = {each["group"]: each["name"] for each in group(work, GroupSettings(names=str(file)))["names"]}
    assert [found[place].split()[1] for place in range(len(colours))] == colours
