"""What the page shows of quality: only what there is, each with its title and its explanation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from unpool.actions.sharing.quality import (
    GROUPS,
    MAX_LISTED,
    PICTURES,
    comparison_table,
    groups_table,
    quality,
)
from unpool.store.state import REPORT, write_state

GROUP = {"group": 0, "images": 3, "confidence": 0.5, "purity": 0.25, "typical": ["a", "b", "c"], "odd": ["c"]}


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / REPORT).mkdir()
    return tmp_path


def test_an_empty_workspace_has_nothing(work: Path) -> None:
    assert quality(work, lambda name: None) == {"facts": [], "figures": [], "pictures": [], "tables": []}


def test_figures_have_title_meaning_and_scale_and_null_ones_are_left_out(work: Path) -> None:
    (work / REPORT / "quality.json").write_text('{"purity": 0.5, "accuracy": null, "unknown": 1}')
    (figure,) = quality(work, lambda name: None)["figures"]
    assert (figure["name"], figure["title"], figure["value"]) == ("purity", "Neighbour purity", 0.5)
    assert "needs no classes" in figure["meaning"]
    assert (figure["low"], figure["high"], figure["needs_classes"]) == (0, 1, False)


def test_pictures_are_those_that_have_an_address_in_their_order(work: Path) -> None:
    found = quality(work, lambda name: f"x/{name}" if name in ("loss.png", "map.png") else None)["pictures"]
    assert [picture["url"] for picture in found] == ["x/map.png", "x/loss.png"]
    assert all(picture["title"] and picture["alt"] and picture["meaning"] for picture in found)
    assert len({picture.title for picture in PICTURES.values()}) == len(PICTURES)


def test_facts_say_how_it_was_made(work: Path) -> None:
    write_state(work, network="conv", reason=None, group={"method": "kmeans"})
    assert quality(work, lambda name: None)["facts"] == [
        {"name": "Network", "value": "conv"}, {"name": "Grouping method", "value": "kmeans"},
    ]  # fmt: skip


def test_the_table_of_groups(work: Path) -> None:
    (work / REPORT / GROUPS).write_text(json.dumps({"groups": [GROUP] * (MAX_LISTED + 1)}))
    table = groups_table(work)
    assert table is not None
    assert table["rows"][0] == ["0", "3", "0.50", "0.25", "a, b", "c"]
    assert len(table["header"]) == len(table["rows"][0])
    assert len(table["rows"]) == MAX_LISTED


@pytest.mark.parametrize("text", ["[]", '{"groups": 3}', "{"])
def test_a_damaged_list_of_groups_gives_no_table(text: str, work: Path) -> None:
    (work / REPORT / GROUPS).write_text(text)
    assert groups_table(work) is None


def test_the_comparison_of_networks() -> None:
    assert comparison_table({}) is None
    table = comparison_table({"compared": [{"network": "conv", "top_1": 0.12345, "note": None}]})
    assert table is not None
    assert (table["header"], table["rows"]) == (["network", "top 1", "note"], [["conv", "0.123", ""]])
