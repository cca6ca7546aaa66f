"""Locks, half-written files, state and records."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support.sick import check_is_healed, examine
from support.states import IMAGES
from unpool.actions.curation import edit
from unpool.actions.health.small_files import salvage
from unpool.errors import UnpoolError
from unpool.store.journal import VerbUnderWay, done_steps, note_under_way
from unpool.store.lock import _describe_self
from unpool.store.state import read_state
from unpool.store.table import ImageTable
from unpool.store.versions import PREFIX


def leave_lock(work: Path) -> None:
    """A lock of a process that is gone."""
    (work / "lock-results.json").write_text(json.dumps(_describe_self("unpool run") | {"process": 2**22 + 1}))


def leave_parts(work: Path) -> None:
    (work / ".partial-1-groups.csv").write_text("half")
    (work / "report" / ".partial-1-map.png").write_text("half")


def leave_mark(work: Path) -> None:
    note_under_way(work, VerbUnderWay(ImageTable(work).version, ["x", "y"], read_state(work)))


def cut_record(work: Path) -> None:
    file = done_steps(work)[0]
    file.write_text(file.read_text()[:60])


def lose_versions(work: Path) -> None:
    """The tags that keep former tables, of which a step names some."""
    dataset = ImageTable(work).newest()
    for name in dataset.tags.list():
        assert name.startswith(PREFIX)
        dataset.tags.delete(name)


def cut_pictures(work: Path) -> None:
    for name in ("map.png", "dendrogram.png"):
        file = work / "report" / name
        file.write_bytes(file.read_bytes()[:-100])


@pytest.mark.parametrize(
    ("damage", "kinds"),
    [
        (leave_lock, {"lock"}),
        (leave_parts, {"temporary"}),
        (leave_mark, {"command"}),
        (cut_record, {"record"}),
        (lose_versions, {"record"}),
        (cut_pictures, {"report"}),
        (lambda work: (work / "report" / "check.json").write_text("{"), {"report"}),
    ],
)
def test_what_a_kill_or_a_full_disk_leaves_is_repaired(
    damage: Callable[[Path], object], kinds: set[str], sick: Path
) -> None:
    check_is_healed(sick, damage, kinds)


def test_pictures_are_drawn_again(sick: Path) -> None:
    cut_pictures(sick)
    examine(sick)
    assert {"map.png", "dendrogram.png"} <= {file.name for file in (sick / "report").iterdir()}


@pytest.mark.parametrize("text", ["", "cut", "- 1\n- 2\n", "gone"])
def test_a_state_is_rebuilt(sick: Path, text: str) -> None:
    file, before = sick / "unpool.yaml", read_state(sick)
    if text == "gone":
        file.unlink()
    else:
        file.write_text(file.read_text("utf-8")[:400] if text == "cut" else text, "utf-8")
    kinds = examine(sick)
    assert ("state", True) in kinds
    after = read_state(sick)
    assert after["embedded_by"] == before["embedded_by"]
    assert after["group"]["source"] == "hand", "what may have been made by hand is kept"
    assert (after.get("images") == before["images"]) == (text == "cut")
    assert examine(sick) == []


def test_edits_can_still_be_undone_beside_a_damaged_record(sick: Path) -> None:
    edit.label(sick, ["a/0.png"], "newest")
    cut_record(sick)
    examine(sick)
    edit.undo(sick)
    assert ImageTable(sick).frame(["path", "label"]).set_index("path").loc["a/0.png", "label"] == "first"


def test_half_a_line_is_no_value() -> None:
    assert salvage("images: /a/b\nplace: /a/lo") == {"images": "/a/b"}
    assert salvage("images: /a\nversions:\n  torch: 1\nx: [1,\n") == {
        "images": "/a",
        "versions": {"torch": 1},
    }
    assert salvage("\0\0\n") == {}


def test_the_folder_of_the_images_is_missed(sick: Path) -> None:
    shutil.move(sick.parent / IMAGES, sick.parent / "elsewhere")
    assert examine(sick) == [("images", False)]


def test_what_others_need_is_left(sick: Path) -> None:
    trail, export = sick / "decoding.trail", sick / "exports" / ".partial-1-x"
    trail.write_bytes(b"/photos/a.jpg\0")
    export.mkdir(parents=True)
    assert examine(sick) == []
    assert trail.exists(), "the next run decodes that file apart"
    assert export.exists(), "the page is writing there"


@pytest.mark.parametrize("keep", [0, 40])
def test_a_state_that_a_power_cut_has_left_is_rebuilt(sick: Path, keep: int) -> None:
    file = sick / "unpool.yaml"
    text = file.read_text()
    file.write_text(text[:keep] if not keep else text.replace("# end\n", "").rstrip())
    with pytest.raises(UnpoolError, match="unpool doctor"):
        read_state(sick)
    found = examine(sick)
    assert ("state", True) in found
    assert all(is_repaired for _, is_repaired in found)
    assert examine(sick) == []
