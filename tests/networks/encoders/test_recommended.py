"""The list of recommended encoders is complete and consistent."""

from __future__ import annotations

from pathlib import Path

from unpool.networks.encoders.recommended import QUALITY_SOURCES, RECOMMENDED, find_recommended


def test_every_entry_has_its_facts() -> None:
    names = [each.name for each in RECOMMENDED]
    assert len(set(names)) == len(names)
    for each in RECOMMENDED:
        assert each.source in QUALITY_SOURCES, each.name
        assert (each.place == "package") == (not each.repository), each.name
        assert (each.place == "open_clip") == each.text == each.name.startswith("open_clip:"), each.name
        assert min(each.size, each.dimension, each.megabytes) > 0, each.name
        assert each.licence, each.name
    assert {each.source for each in RECOMMENDED} == set(QUALITY_SOURCES)


def test_an_encoder_is_found_by_its_name() -> None:
    found = find_recommended("resnet18")
    assert found is not None
    assert found.repository == "timm/resnet18.a1_in1k"
    assert find_recommended("resnet19") is None


def test_the_page_has_the_same_figures() -> None:
    page = (Path(__file__).parents[3] / "docs" / "encoders.md").read_text("utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines()]
    listed = {cells[0].strip("`"): cells for cells in rows if len(cells) == 9}
    for each in RECOMMENDED:
        cells = listed[each.name]
        assert cells[1:4] == [str(each.size), str(each.dimension), f"{each.megabytes:,}"], each.name
        assert cells[5:] == ["yes" if each.text else "no", each.licence, each.quality, each.description]
