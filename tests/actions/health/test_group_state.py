"""Groups in the table, the tree, the lists and the report are the same."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from support.sick import check_is_healed
from unpool.actions.health.group_state import find_page_reason
from unpool.images.reading.scan import Problem
from unpool.store.csv_files import write_groups, write_problems
from unpool.store.state import read_state, write_state
from unpool.store.sync import note_problems
from unpool.store.table import ImageTable


def swap_groups(work: Path) -> None:
    """Groups that no command has written into the files."""
    rows = ImageTable(work).frame(["path", "group"])
    ImageTable(work).update(rows["path"].tolist(), {"group": (1 - rows["group"].clip(0, 1)).tolist()})


def cut_page(work: Path) -> None:
    page = work / "report" / "index.html"
    page.write_bytes(page.read_bytes()[:-5000])


def cut_list(work: Path) -> None:
    (work / "groups.csv").write_text("path,group,probability\n")


@pytest.mark.parametrize(
    ("damage", "kinds"),
    [
        (swap_groups, {"tree", "list", "report"}),
        (cut_page, {"report"}),
        (cut_list, {"list"}),
        (lambda work: (work / "groups.csv").unlink(), {"list"}),
        (lambda work: write_state(work, tree='{"merges": [], "sizes": [1]}'), {"tree"}),
        (lambda work: write_state(work, tree=None), {"tree"}),
    ],
)
def test_they_are_made_the_same(damage: Callable[[Path], object], kinds: set[str], sick: Path) -> None:
    groups = ImageTable(sick).frame(["path", "group"])
    check_is_healed(sick, damage, kinds)
    after = ImageTable(sick).frame(["path", "group"])
    if damage is not swap_groups:
        assert after.equals(groups), "groups are never changed"
    listed = {row["path"]: int(row["group"]) for row in csv.DictReader((sick / "groups.csv").open())}
    assert listed == dict(zip(after["path"], after["group"], strict=True))
    assert find_page_reason(sick, sick / "report" / "index.html") is None
    assert (sick / "report" / "quality.json").is_file() == (damage is not swap_groups), "its figures stay"
    if "tree" in kinds:
        assert "tree" not in read_state(sick)


def test_a_list_that_somebody_edited_is_put_aside(sick: Path) -> None:
    edited = (sick / "groups.csv").read_text() + "notes.png,my own,\n"
    check_is_healed(sick, lambda work: (work / "groups.csv").write_text(edited), {"list"})
    assert (sick / "damaged" / "groups.csv").read_text() == edited


def test_the_leaf_of_a_file_that_cannot_be_read_today_goes_with_the_tree(sick: Path) -> None:
    table = ImageTable(sick)
    first = table.frame(["path"])["path"][0]
    note_problems(table, [Problem(first, "no-permission", "closed")])
    for write in (write_groups, write_problems):
        write(sick, table)
    check_is_healed(sick, lambda work: write_state(work, tree=None), {"tree"})
    assert ImageTable(sick).frame(["leaf"])["leaf"].isna().all()
